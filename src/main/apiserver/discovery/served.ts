// What is served, as discovery documents need it: groups, versions, resources and their subresources.
import type { SubresourceHandler } from '../endpoints/contract.ts'
import { SCALE_TYPE } from '../endpoints/scale.ts'
import type { ResourceDescriptor } from '../registry/resource.ts'
import { byGroupPriority, byVersionPriority, compareVersions, groupPriority, versionPriority } from './priorities.ts'

export interface ServedKind {
  readonly group: string
  readonly version: string
  readonly kind: string
}

export interface ServedSubresource {
  readonly name: string
  readonly kind: ServedKind
  readonly verbs: readonly string[]
}

export interface ServedResource {
  readonly descriptor: Pick<ResourceDescriptor, 'type' | 'singular' | 'shortNames' | 'categories'>
  /** Where its objects are stored, and in which version if that may change; absent = not in this server's store. */
  readonly storage?: string
  readonly isBuiltin?: boolean
  readonly verbs: readonly string[]
  readonly subresources: readonly ServedSubresource[]
}

export interface ServedVersion {
  readonly version: string
  readonly priority: number
  /** Its server does not answer: what is told is what it last said. */
  readonly stale?: boolean
  readonly resources: readonly ServedResource[]
}

export interface ServedGroup {
  readonly group: string
  readonly priority: number
  /** Preferred first. */
  readonly versions: readonly ServedVersion[]
}

const sorted = (verbs: Iterable<string>) => [...new Set(verbs)].sort()

function subresourcesOf(descriptor: ResourceDescriptor, handlers: readonly SubresourceHandler[]): ServedSubresource[] {
  const { type } = descriptor
  const verbs = ['get', 'patch', 'update']
  const own: ServedSubresource[] = [
    ...(descriptor.status ? [{ name: 'status', kind: type, verbs }] : []),
    ...(descriptor.scale ? [{ name: 'scale', kind: SCALE_TYPE, verbs }] : []),
    ...handlers
      .filter(({ subresource }) => subresource !== '')
      .map(({ subresource, kind, methods }) => ({ name: subresource, kind, verbs: sorted(Object.values(methods)) })),
  ]
  const byName = new Map(own.map(subresource => [subresource.name, subresource]))
  if (descriptor.custom) return [...byName.values()]
  return [...byName.values()].sort((a, b) => (a.name < b.name ? -1 : 1))
}

export function servedGroups(
  resources: readonly ResourceDescriptor[],
  handlers: readonly SubresourceHandler[],
): ServedGroup[] {
  const groups = new Map<string, Map<string, ServedResource[]>>()
  for (const descriptor of resources) {
    const { group, version, kind, plural } = descriptor.type
    const own = handlers.filter(
      handler =>
        !handler.hidden &&
        handler.group === group &&
        (handler.version ?? 'v1') === version &&
        handler.resource === plural,
    )
    const main = own.find(({ subresource }) => subresource === '')
    // A virtual kind without a handler is not served.
    if (descriptor.virtual && !main) continue
    let versions = groups.get(group)
    if (!versions) groups.set(group, (versions = new Map<string, ServedResource[]>()))
    let list = versions.get(version)
    if (!list) versions.set(version, (list = []))
    list.push({
      descriptor,
      ...(descriptor.virtual ? {} : { storage: descriptor.storedAs ?? `${group}/${version}/${kind}` }),
      isBuiltin: !descriptor.custom,
      verbs: main ? sorted(main.verbs ?? Object.values(main.methods)) : sorted(descriptor.verbs),
      subresources: subresourcesOf(descriptor, own),
    })
  }
  const custom = new Set<unknown>(resources.filter(descriptor => descriptor.custom))
  const byPlural = (a: ServedResource, b: ServedResource) =>
    a.descriptor.type.plural < b.descriptor.type.plural ? -1 : 1
  const isCustom = (list: readonly ServedResource[]) => list.every(({ descriptor }) => custom.has(descriptor))
  return [...groups]
    .map(([group, versions]) => {
      const ordered = [...versions].sort(([a], [b]) => compareVersions(a, b))
      return {
        group,
        priority: groupPriority(group, [...versions.values()].every(isCustom)),
        versions: ordered
          .map(([version, list], at) => ({
            version,
            priority: versionPriority(at, ordered.length, isCustom(list)),
            resources: list.sort(byPlural),
          }))
          .sort(byVersionPriority),
      }
    })
    .sort(byGroupPriority)
}
