// What an API server serves, each kind in the version that is preferred of those that have it.
import type { APIGroup, APIGroupList, APIResourceList } from '../api/meta/v1.ts'
import type { AnyObject } from '../machinery/object.ts'
import type { ResourceType } from '../machinery/resource-type.ts'
import type { Client } from './client.ts'

export interface DiscoveredResource extends ResourceType<AnyObject> {
  readonly verbs: readonly string[]
}

export interface Discovered {
  /** Without subresources. */
  readonly resources: readonly DiscoveredResource[]
  /** Group versions that could not be asked, such as those of an aggregated server that is away, and why. */
  readonly failures: ReadonlyMap<string, unknown>
}

/** @throws ApiError when the server cannot be asked at all; single failing groups are told in `failures` */
export async function discover(client: Client): Promise<Discovered> {
  const { groups } = (await client.raw('GET', '/apis')) as APIGroupList
  const failures = new Map<string, unknown>()
  const found = await Promise.all(
    [['v1'], ...groups.map(versionsOf)].map(async versions => {
      const lists = await Promise.all(
        versions.map(groupVersion =>
          resourcesOf(client, groupVersion).catch((error: unknown) => void failures.set(groupVersion, error)),
        ),
      )
      // What cannot be asked may be preferred to what follows it.
      const unknown = lists.indexOf(undefined)
      return preferred(lists.slice(0, unknown === -1 ? lists.length : unknown).flatMap(list => list ?? []))
    }),
  )
  return { resources: found.flat(), failures }
}

/**
 * Asks one group alone, and of its versions no more than are needed.
 * @throws ApiError, also for a group that is not served
 */
export async function discoverResource(
  client: Client,
  group: string,
  plural: string,
): Promise<DiscoveredResource | undefined> {
  const path = `/apis/${encodeURIComponent(group)}`
  const versions = group === '' ? ['v1'] : versionsOf((await client.raw('GET', path)) as APIGroup)
  for (const groupVersion of versions) {
    const found = (await resourcesOf(client, groupVersion)).find(type => type.plural === plural)
    if (found) return found
  }
  return undefined
}

/** The preferred one first. */
const versionsOf = ({ preferredVersion, versions }: APIGroup): string[] => [
  ...new Set([preferredVersion, ...versions].flatMap(version => version?.groupVersion ?? [])),
]

/** A kind need not be in its group's preferred version: then the next one that has it is its own. */
function preferred(resources: readonly DiscoveredResource[]): DiscoveredResource[] {
  const byName = new Map<string, DiscoveredResource>()
  for (const resource of resources) if (!byName.has(resource.plural)) byName.set(resource.plural, resource)
  return [...byName.values()]
}

async function resourcesOf(client: Client, groupVersion: string): Promise<DiscoveredResource[]> {
  const path = groupVersion === 'v1' ? '/api/v1' : `/apis/${groupVersion}`
  const list = (await client.raw('GET', path)) as APIResourceList
  const [group, version] = groupVersion.includes('/') ? groupVersion.split('/') : ['', groupVersion]
  return list.resources
    .filter(({ name }) => !name.includes('/'))
    .map(({ name, kind, namespaced, verbs, group: ownGroup, version: ownVersion }) => ({
      group: ownGroup ?? group ?? '',
      version: ownVersion ?? version ?? '',
      kind,
      plural: name,
      namespaced,
      verbs,
    }))
}
