// What the server serves: every kind with its verbs and subresources, so that the window can show all of them.
import type { APIGroupList, APIResourceList } from '../../shared/api/meta/v1.ts'
import type { Transport } from '../../shared/client/transport.ts'
import type { AnyObject } from '../../shared/machinery/object.ts'
import type { ResourceType } from '../../shared/machinery/resource-type.ts'

/** A kind that the server lists. */
export interface ServedKind {
  readonly type: ResourceType<AnyObject>
  readonly shortNames: readonly string[]
  readonly verbs: readonly string[]
  readonly subresources: ReadonlySet<string>
}

/** `pods.v1.` / `deployments.v1.apps`: one text per kind, used in URLs and as a key. */
export const kindKey = (type: Pick<ResourceType<unknown>, 'group' | 'version' | 'plural'>): string =>
  `${type.plural}.${type.version}.${type.group}`

/** A group in one of its versions. `kinds` is undefined when it does not answer, as a broken aggregated API. */
export interface ServedVersion {
  readonly group: string
  readonly version: string
  readonly kinds: readonly ServedKind[] | undefined
}

/** @see https://kubernetes.io/docs/concepts/overview/kubernetes-api/#aggregated-discovery */
export const AGGREGATED =
  'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,' +
  'application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList,application/json'

interface DiscoveredResource {
  readonly resource: string
  readonly responseKind?: { readonly group?: string; readonly version?: string; readonly kind: string }
  readonly scope: 'Namespaced' | 'Cluster'
  readonly shortNames?: readonly string[]
  readonly verbs: readonly string[]
  readonly subresources?: readonly { readonly subresource: string }[]
}
interface Discovered {
  readonly kind: 'APIGroupDiscoveryList'
  readonly items: readonly {
    readonly metadata?: { readonly name?: string }
    readonly versions?: readonly {
      readonly version: string
      readonly freshness?: 'Current' | 'Stale'
      readonly resources?: readonly DiscoveredResource[]
    }[]
  }[]
}

const isListed = ({ verbs }: { readonly verbs: readonly string[] }) => verbs.includes('list')

function fromAggregated({ items }: Discovered): ServedVersion[] {
  return items.flatMap(({ metadata, versions = [] }) =>
    versions.map(({ version, freshness, resources = [] }) => {
      const group = metadata?.name ?? ''
      // A stale version tells what was known of it last; that may be nothing.
      const isSilent = freshness === 'Stale' && resources.length === 0
      const kinds = resources
        .filter(isListed)
        .map(({ resource, responseKind, scope, shortNames, verbs, subresources }) => ({
          type: {
            group,
            version,
            kind: responseKind?.kind ?? resource,
            plural: resource,
            namespaced: scope === 'Namespaced',
          },
          shortNames: shortNames ?? [],
          verbs,
          subresources: new Set((subresources ?? []).map(({ subresource }) => subresource)),
        }))
      return { group, version, kinds: isSilent ? undefined : kinds }
    }),
  )
}

function kindsOf({ resources }: APIResourceList, group: string, version: string): ServedKind[] {
  const subresources = new Map<string, Set<string>>()
  for (const { name } of resources) {
    const [plural = '', sub] = name.split('/')
    if (sub !== undefined) subresources.set(plural, (subresources.get(plural) ?? new Set()).add(sub))
  }
  return resources
    .filter(resource => !resource.name.includes('/') && isListed(resource))
    .map(({ name, kind, namespaced, shortNames, verbs }) => ({
      type: { group, version, kind, plural: name, namespaced },
      shortNames: shortNames ?? [],
      verbs,
      subresources: subresources.get(name) ?? new Set<string>(),
    }))
}

/** Servers before 1.27: a request for each version of each group. */
async function oneByOne(transport: Transport, { groups }: APIGroupList): Promise<ServedVersion[]> {
  const versionsOf = ({ name, versions, preferredVersion }: APIGroupList['groups'][number]) => {
    const all = versions.map(({ version }) => ({ group: name, version }))
    return all.sort(
      (a, b) => Number(b.version === preferredVersion?.version) - Number(a.version === preferredVersion?.version),
    )
  }
  return await Promise.all(
    [{ group: '', version: 'v1' }, ...groups.flatMap(versionsOf)].map(async ({ group, version }) => {
      const path = group ? `/apis/${group}/${version}` : `/api/${version}`
      const list = transport.request({ method: 'GET', path }) as Promise<APIResourceList>
      const kinds = list.then(found => kindsOf(found, group, version))
      // Without its core a cluster serves nothing; another group may be away.
      return { group, version, kinds: await (group ? kinds.catch(() => undefined) : kinds) }
    }),
  )
}

/**
 * @param transport asks for AGGREGATED
 * @returns each group's versions, the preferred one first
 */
async function servedVersions(transport: Transport): Promise<ServedVersion[]> {
  const get = (path: string) => transport.request({ method: 'GET', path }) as Promise<Discovered | APIGroupList>
  const [core, groups] = await Promise.all([get('/api'), get('/apis')])
  const isAggregated = (list: Discovered | APIGroupList): list is Discovered => list.kind === 'APIGroupDiscoveryList'
  return isAggregated(core) && isAggregated(groups)
    ? [...fromAggregated(core), ...fromAggregated(groups)]
    : await oneByOne(transport, groups as APIGroupList)
}

/** As texts: sets have no content to compare. */
const textOf = ({ type, shortNames, verbs, subresources }: ServedKind) =>
  JSON.stringify([type, shortNames, verbs, [...subresources]])

/**
 * Every kind once, in the first version of its group that has it.
 * @param known of the last time: a kind that did not change keeps its identity, a version that does not answer its kinds
 * @returns `known` where nothing changed
 */
export async function discover(
  transport: Transport,
  known: readonly ServedKind[] = [],
): Promise<readonly ServedKind[]> {
  const before = new Map(known.map(kind => [kindKey(kind.type), kind]))
  const found = new Map<string, ServedKind>()
  for (const { group, version, kinds } of await servedVersions(transport))
    for (const kind of kinds ?? known.filter(({ type }) => type.group === group && type.version === version)) {
      const name = `${kind.type.plural}.${group}`
      const former = before.get(kindKey(kind.type))
      if (!found.has(name)) found.set(name, former && textOf(former) === textOf(kind) ? former : kind)
    }
  const all = [...found.values()]
  return all.length === known.length && all.every((kind, index) => kind === known[index]) ? known : all
}
