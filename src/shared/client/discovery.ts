// What an API server serves, in its preferred versions.
import type { APIGroupList, APIResourceList } from '../api/meta/v1.ts'
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
  const preferred = groups.map(group => group.preferredVersion?.groupVersion ?? group.versions[0]?.groupVersion)
  const groupVersions = ['v1', ...preferred.filter(name => name !== undefined)]
  const failures = new Map<string, unknown>()
  const found = await Promise.all(
    groupVersions.map(async groupVersion => {
      try {
        return await resourcesOf(client, groupVersion)
      } catch (error) {
        failures.set(groupVersion, error)
        return []
      }
    }),
  )
  return { resources: found.flat(), failures }
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
