// WhatIf: where would everything land after a drain, a cordon, a scale or a manifest? Everything is tried as dry run
// or in a copy; nothing is written.
import { WhatIf, type WhatIfSpec } from '../../../../shared/api/flotilla/scheduling-v1.ts'
import { type FieldError, invalidValue, required } from '../../../../shared/machinery/field-error.ts'
import type { AnyObject, Draft, KubeObject } from '../../../../shared/machinery/object.ts'
import type { ResourceType } from '../../../../shared/machinery/resource-type.ts'
import { ApiError, badRequest, notFound } from '../../../../shared/machinery/status.ts'
import type { Scaling } from '../../../scheduler/what-if/changes.ts'
import type { ApiRequest } from '../../request.ts'
import type { EndpointContext, SubresourceHandler } from '../contract.ts'
import { reviewHandler } from '../reviews/review.ts'
import type { SchedulingParts } from './parts.ts'
import { type Manifests, readManifests } from './manifests.ts'
import { requireList } from './rights.ts'

const SCALED: Readonly<Record<string, string>> = {
  Deployment: 'apps',
  ReplicaSet: 'apps',
  StatefulSet: 'apps',
  ReplicationController: '',
}
const FIELDS = ['drain', 'cordon', 'uncordon', 'scale', 'apply'] as const

function validate(spec: WhatIfSpec): FieldError[] {
  if (!FIELDS.some(field => spec[field]?.length)) return [required('spec', `one of ${FIELDS.join(', ')}`)]
  return (spec.scale ?? []).flatMap(({ kind, replicas }, i) => [
    ...(Object.hasOwn(SCALED, kind)
      ? []
      : [invalidValue(`spec.scale[${i}].kind`, kind, `must be one of ${Object.keys(SCALED).join(', ')}`)]),
    ...(replicas < 0 ? [invalidValue(`spec.scale[${i}].replicas`, replicas, 'must not be negative')] : []),
  ])
}

export const whatIfs = ({ questions, clientFor }: SchedulingParts): SubresourceHandler =>
  reviewHandler<WhatIfSpec>({
    type: WhatIf,
    schema: 'schedulingflotilla.v1.WhatIf',
    validate,
    async answer({ spec, request, context }) {
      requireList(request, context, 'nodes')
      requireList(request, context, 'pods')
      const client = clientFor(request.user)
      const { drain = [], cordon = [], uncordon = [], scale = [], apply = [] } = spec
      for (const name of [...drain, ...cordon, ...uncordon]) {
        const nodes = context.resources.byUrl('', 'v1', 'nodes')
        if (nodes && !context.find(nodes, { namespace: '', name })) throw notFound(nodes.type, name)
      }
      const scalings: Scaling[] = []
      for (const { kind, namespace, name, replicas } of scale) {
        const resource = context.resources.byKind(SCALED[kind] ?? '', 'v1', kind)
        if (!resource) throw badRequest(`no kind ${kind}`)
        const workload = await client.get(resource.type, { namespace, name })
        scalings.push({ workload, replicas })
      }
      const manifests: Manifests = await readManifests(apply, context, client)
      const answer = await questions.whatIf({
        drain,
        cordon,
        uncordon,
        scale: scalings,
        apply: manifests.applied,
        admit: (type, draft) => admit(request, context, type, draft),
      })
      const problems = [...manifests.problems, ...(answer.problems ?? [])]
      return { ...answer, ...(problems.length > 0 ? { problems } : {}) }
    },
  })

/** What a controller would create, as admission leaves it. */
async function admit<T extends KubeObject>(
  { user }: ApiRequest,
  context: EndpointContext,
  type: ResourceType<T>,
  draft: Draft<T>,
): Promise<T> {
  const resource = context.resources.byUrl(type.group, type.version, type.plural)
  if (!resource) throw new ApiError(404, 'NotFound', `no kind ${type.kind}`)
  const object = structuredClone(draft) as unknown as AnyObject
  const made = await context.create(resource, draft.metadata.namespace ?? '', object, { user, dryRun: true })
  return made as unknown as T
}
