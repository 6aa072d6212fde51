// What is served, as discovery documents need it: groups, versions, resources and their subresources.
import type { SubresourceHandler } from '../endpoints/contract.ts'
import { SCALE_TYPE } from '../endpoints/scale.ts'
import type { ResourceDescriptor } from '../registry/resource.ts'

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
  readonly verbs: readonly string[]
  readonly subresources: readonly ServedSubresource[]
}

export interface ServedVersion {
  readonly version: string
  /** Its server does not answer: what is told is what it last said. */
  readonly stale?: boolean
  readonly resources: readonly ServedResource[]
}

export interface ServedGroup {
  readonly group: string
  /** Preferred first. */
  readonly versions: readonly ServedVersion[]
}

/** Upstream lists groups in this order; the others follow by name. */
const GROUP_ORDER = [
  '',
  'apiregistration.k8s.io',
  'apps',
  'events.k8s.io',
  'authentication.k8s.io',
  'authorization.k8s.io',
  'autoscaling',
  'batch',
  'certificates.k8s.io',
  'networking.k8s.io',
  'policy',
  'rbac.authorization.k8s.io',
  'storage.k8s.io',
  'admissionregistration.k8s.io',
  'apiextensions.k8s.io',
  'scheduling.k8s.io',
  'coordination.k8s.io',
  'node.k8s.io',
  'discovery.k8s.io',
  'flowcontrol.apiserver.k8s.io',
]

/** `v2` before `v1` before `v1beta2` before `v1alpha1`, as Kubernetes orders versions. */
export function compareVersions(a: string, b: string): number {
  const rank = (version: string): [number, number, number] => {
    const parts = /^v(\d+)(?:(alpha|beta)(\d+))?$/.exec(version)
    if (!parts) return [-1, 0, 0]
    return [parts[2] === undefined ? 2 : parts[2] === 'beta' ? 1 : 0, Number(parts[1]), Number(parts[3] ?? 0)]
  }
  const [x, y] = [rank(a), rank(b)]
  return y[0] - x[0] || y[1] - x[1] || y[2] - x[2] || (a < b ? -1 : a > b ? 1 : 0)
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

const rankOf = (group: string) => {
  const at = GROUP_ORDER.indexOf(group)
  return at < 0 ? GROUP_ORDER.length : at
}

export function servedGroups(
  resources: readonly ResourceDescriptor[],
  handlers: readonly SubresourceHandler[],
): ServedGroup[] {
  const groups = new Map<string, Map<string, ServedResource[]>>()
  for (const descriptor of resources) {
    const { group, version, plural } = descriptor.type
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
      ...(descriptor.virtual ? {} : { storage: descriptor.storedAs ?? descriptor.storage }),
      verbs: main ? sorted(main.verbs ?? Object.values(main.methods)) : sorted(descriptor.verbs),
      subresources: subresourcesOf(descriptor, own),
    })
  }
  const byPlural = (a: ServedResource, b: ServedResource) =>
    a.descriptor.type.plural < b.descriptor.type.plural ? -1 : 1
  return [...groups]
    .map(([group, versions]) => ({
      group,
      versions: [...versions]
        .map(([version, list]) => ({ version, resources: list.sort(byPlural) }))
        .sort((a, b) => compareVersions(a.version, b.version)),
    }))
    .sort((a, b) => rankOf(a.group) - rankOf(b.group) || (a.group < b.group ? -1 : 1))
}
