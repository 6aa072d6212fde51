// The APIServices of what this server serves itself: built-in groups from the start, those of custom resources as their
// definitions come and go. Clients read them to see everything that is served, and by whom.
import { APIService } from '../../../shared/api/apiregistration/v1.ts'
import type { ObjectMeta } from '../../../shared/api/meta/v1.ts'
import { deepEqual } from '../../../shared/machinery/deep-equal.ts'
import type { AnyObject } from '../../../shared/machinery/object.ts'
import { apiVersionOf } from '../../../shared/machinery/resource-type.ts'
import { isAlreadyExists, isNotFound } from '../../../shared/machinery/status.ts'
import type { EndpointContext } from '../endpoints/contract.ts'
import { compareVersions, groupPriority, versionPriority } from '../discovery/priorities.ts'
import type { ResourceDescriptor } from '../registry/resource.ts'
import type { UserInfo } from '../request.ts'

/** `onstart`: made when the server starts; `true`: there as long as what it stands for. */
const MANAGED = 'kube-aggregator.kubernetes.io/automanaged'
interface Draft {
  readonly metadata: { readonly name: string; readonly labels: Readonly<Record<string, string>> }
  readonly spec: APIService['spec']
}

function wanted(resources: readonly ResourceDescriptor[]): Map<string, Draft> {
  const versions = new Map<string, Map<string, boolean>>()
  for (const { type, custom } of resources) {
    const known = versions.get(type.group) ?? new Map<string, boolean>()
    versions.set(type.group, known.set(type.version, custom !== undefined))
  }
  const drafts = new Map<string, Draft>()
  for (const [group, served] of versions) {
    const ordered = [...served.keys()].sort(compareVersions)
    for (const [i, version] of ordered.entries()) {
      const custom = served.get(version) === true
      const name = `${version}.${group}`
      drafts.set(name, {
        metadata: { name, labels: { [MANAGED]: custom ? 'true' : 'onstart' } },
        spec: {
          ...(group ? { group } : {}),
          version,
          groupPriorityMinimum: groupPriority(group, custom),
          versionPriority: versionPriority(i, ordered.length, custom),
        },
      })
    }
  }
  return drafts
}

/** Whether it is one that stands for custom resources. */
export const standsForCustom = ({ metadata: { labels } }: { readonly metadata: Pick<ObjectMeta, 'labels'> }): boolean =>
  labels?.[MANAGED] === 'true'

/** Whether what is served here leaves it to an extension server, once there is one. */
export const givesWay = (resources: readonly ResourceDescriptor[], { group, version }: APIService['spec']): boolean =>
  resources.some(({ type, givesWay }) => givesWay === true && type.group === group && type.version === version)

/**
 * Makes what is missing, mends what somebody changed, and takes away what stood for a custom resource that is gone.
 * @param isStart whether those of built-in groups are seen to as well: afterwards they are left to their users
 */
export async function registerLocalServices(
  context: EndpointContext,
  type: ResourceDescriptor,
  { user, isStart }: { readonly user: UserInfo; readonly isStart: boolean },
): Promise<void> {
  const resources = context.resources.all
  const drafts = wanted(resources)
  /** Somebody may have given the group to a server of theirs: that stands. */
  const isToMend = ({ metadata, spec }: APIService, draft: Draft): boolean =>
    metadata.labels?.[MANAGED] === draft.metadata.labels[MANAGED] &&
    !(spec.service && givesWay(resources, spec)) &&
    !deepEqual(spec, draft.spec)
  const stored = context.list(type).map(object => object as unknown as APIService)
  const present = new Map(stored.map(service => [service.metadata.name, service]))
  const options = { user, fieldManager: 'kube-aggregator' }
  const writes: Promise<unknown>[] = []
  for (const [name, draft] of drafts) {
    if (!isStart && !standsForCustom(draft)) continue
    const known = present.get(name)
    const object = { apiVersion: apiVersionOf(APIService), kind: APIService.kind, ...draft } as unknown as AnyObject
    if (!known) writes.push(context.create(type, '', object, options))
    else if (isToMend(known, draft)) {
      // As it is when it is written: somebody may have taken it over meanwhile.
      const mend = (copy: AnyObject) =>
        isToMend(copy as unknown as APIService, draft) && void Object.assign(copy, { spec: draft.spec })
      writes.push(context.change(type, { namespace: '', name }, mend, { ...options, strategy: 'main' }))
    }
  }
  for (const service of stored)
    if (standsForCustom(service) && !drafts.has(service.metadata.name))
      writes.push(context.delete(type, { namespace: '', name: service.metadata.name }, options))
  for (const result of await Promise.allSettled(writes))
    if (result.status === 'rejected' && !isAlreadyExists(result.reason) && !isNotFound(result.reason))
      throw result.reason
}
