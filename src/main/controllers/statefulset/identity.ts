// A StatefulSet's pods have names, host names and claims of their own that survive them.
import { StatefulSet } from '../../../shared/api/apps/v1.ts'
import type { PersistentVolumeClaim, Pod, Volume } from '../../../shared/api/core/v1.ts'
import type { Draft } from '../../../shared/machinery/object.ts'
import { podFromTemplate } from '../support/pod-control.ts'
import { REVISION_HASH } from '../support/revisions.ts'
import type { PodTemplateSpec } from '../../../shared/api/core/v1.ts'

export const POD_NAME = 'statefulset.kubernetes.io/pod-name'
const POD_INDEX = 'apps.kubernetes.io/pod-index'

export const podName = (set: StatefulSet, ordinal: number): string => `${set.metadata.name}-${ordinal}`

/** @returns undefined for what is not the prefix and an ordinal */
function ordinalAfter(prefix: string, name: string): number | undefined {
  const text = name.startsWith(prefix) ? name.slice(prefix.length) : ''
  return /^(0|[1-9]\d{0,9})$/.test(text) ? Number(text) : undefined
}

/** @returns undefined for a pod whose name is not one of the set's */
export const ordinalOf = (set: StatefulSet, pod: Pick<Pod, 'metadata'>): number | undefined =>
  ordinalAfter(`${set.metadata.name}-`, pod.metadata.name)

export const claimName = (template: PersistentVolumeClaim, set: StatefulSet, ordinal: number): string =>
  `${template.metadata.name}-${podName(set, ordinal)}`

/** Whether a claim of this name would be one of the set's. */
export const isClaimName = ({ metadata, spec }: StatefulSet, name: string): boolean =>
  (spec.volumeClaimTemplates ?? []).some(
    template => ordinalAfter(`${template.metadata.name}-${metadata.name}-`, name) !== undefined,
  )

export function draftClaims(set: StatefulSet, ordinal: number): Draft<PersistentVolumeClaim>[] {
  return (set.spec.volumeClaimTemplates ?? []).map(template => ({
    metadata: {
      namespace: set.metadata.namespace,
      name: claimName(template, set, ordinal),
      labels: { ...template.metadata.labels, ...set.spec.selector.matchLabels },
      ...(template.metadata.annotations ? { annotations: template.metadata.annotations } : {}),
    },
    spec: template.spec,
  }))
}

/** By which a pod is found, such as by a Service of its own. */
export const identityLabels = (name: string, ordinal: number): Record<string, string> => ({
  [POD_NAME]: name,
  [POD_INDEX]: String(ordinal),
})

export function draftPod(set: StatefulSet, template: PodTemplateSpec, revision: string, ordinal: number): Draft<Pod> {
  const name = podName(set, ordinal)
  const { metadata } = podFromTemplate(template, StatefulSet, set)
  const claims = (set.spec.volumeClaimTemplates ?? []).map((claim): Volume => ({
    name: claim.metadata.name,
    persistentVolumeClaim: { claimName: claimName(claim, set, ordinal) },
  }))
  const own = new Set(claims.map(volume => volume.name))
  const volumes = [...claims, ...(template.spec.volumes ?? []).filter(volume => !own.has(volume.name))]
  const { serviceName } = set.spec
  return {
    metadata: {
      ...metadata,
      name,
      labels: { ...metadata.labels, ...identityLabels(name, ordinal), [REVISION_HASH]: revision },
    },
    spec: {
      ...template.spec,
      hostname: name,
      ...(serviceName ? { subdomain: serviceName } : {}),
      ...(volumes.length ? { volumes } : {}),
    },
  }
}
