// Groups of the Kubernetes project are its own: who defines resources in them says who approved that, or that nobody did.
// @see https://kubernetes.io/docs/reference/labels-annotations-taints/#api-approved-kubernetes-io
import type { CustomResourceDefinition } from '../../../shared/api/apiextensions/v1.ts'

export const APPROVAL = 'api-approved.kubernetes.io'
const RULE = `protected groups must have approval annotation "${APPROVAL}"`
const WHY = 'see https://github.com/kubernetes/enhancements/pull/1111'

export interface Approval {
  readonly state: 'ApprovedAnnotation' | 'UnapprovedAnnotation' | 'MissingAnnotation' | 'InvalidAnnotation'
  readonly message: string
}

const isProtected = (group: string) => /(^|\.)(k8s|kubernetes)\.io$/.test(group)

/** @returns undefined outside of the protected groups */
export function approvalOf({
  metadata,
  spec,
}: Pick<CustomResourceDefinition, 'metadata' | 'spec'>): Approval | undefined {
  if (!isProtected(spec.group)) return undefined
  const given = metadata.annotations?.[APPROVAL] ?? ''
  if (given === '') return { state: 'MissingAnnotation', message: `${RULE}, ${WHY}` }
  if (given.startsWith('unapproved'))
    return { state: 'UnapprovedAnnotation', message: `not approved: ${JSON.stringify(given)}` }
  const url = URL.canParse(given) ? new URL(given) : undefined
  if (url && url.host !== '') return { state: 'ApprovedAnnotation', message: `approved in ${given}` }
  return {
    state: 'InvalidAnnotation',
    message: `${RULE} with either a URL or a reason starting with "unapproved", ${WHY}`,
  }
}
