// What extension API servers serve, as part of this server's discovery documents.
import type { APIService } from '../../../shared/api/apiregistration/v1.ts'
import type { APIResource } from '../../../shared/api/meta/v1.ts'
import { textsOf } from '../../../shared/machinery/json-object.ts'
import { byGroupPriority, byVersionPriority } from '../discovery/priorities.ts'
import type { ServedGroup, ServedResource, ServedVersion } from '../discovery/served.ts'

export interface RemoteVersion {
  readonly spec: APIService['spec']
  readonly available: boolean
  /** As it last said. */
  readonly resources: readonly APIResource[]
}

const textOf = (value: unknown): string => (typeof value === 'string' ? value : '')

/** Subresources by their resource: a server may name very many of both. */
function partsIn(resources: readonly APIResource[]): ReadonlyMap<string, readonly APIResource[]> {
  const found = new Map<string, APIResource[]>()
  for (const resource of resources) {
    const slash = resource.name.indexOf('/')
    if (slash < 0) continue
    const whole = resource.name.slice(0, slash)
    const parts = found.get(whole)
    if (parts) parts.push(resource)
    else found.set(whole, [resource])
  }
  return found
}

function resourceOf(
  group: string,
  version: string,
  given: APIResource,
  parts: readonly APIResource[] = [],
): ServedResource {
  const type = {
    group: textOf(given.group) || group,
    version: textOf(given.version) || version,
    kind: textOf(given.kind),
    plural: given.name,
    namespaced: given.namespaced === true,
  }
  return {
    descriptor: {
      type,
      singular: textOf(given.singularName),
      shortNames: textsOf(given.shortNames),
      categories: textsOf(given.categories),
    },
    verbs: textsOf(given.verbs),
    subresources: parts.map(sub => ({
      name: sub.name.slice(given.name.length + 1),
      kind: {
        group: textOf(sub.group) || group,
        version: textOf(sub.version) || version,
        kind: textOf(sub.kind),
      },
      verbs: textsOf(sub.verbs),
    })),
  }
}

function versionOf({ spec, available, resources }: RemoteVersion): ServedVersion {
  const { group = '', version = '' } = spec
  const named = resources.filter(({ name }) => typeof name === 'string')
  const parts = partsIn(named)
  return {
    version,
    priority: spec.versionPriority,
    ...(available ? {} : { stale: true }),
    resources: named
      .filter(({ name }) => !name.includes('/'))
      .map(resource => resourceOf(group, version, resource, parts.get(resource.name))),
  }
}

/** @returns all groups, those of remote servers among the others by their priority */
export function withRemotes(local: readonly ServedGroup[], remotes: readonly RemoteVersion[]): readonly ServedGroup[] {
  if (remotes.length === 0) return local
  const groups = new Map(local.map(served => [served.group, served]))
  for (const remote of remotes) {
    const { group = '', version, groupPriorityMinimum } = remote.spec
    const known = groups.get(group) ?? { group, priority: 0, versions: [] }
    if (known.versions.some(served => served.version === version)) continue
    const priority = Math.max(known.priority, groupPriorityMinimum)
    const versions = [...known.versions, versionOf(remote)].sort(byVersionPriority)
    groups.set(group, { group, priority, versions })
  }
  return [...groups.values()].sort(byGroupPriority)
}
