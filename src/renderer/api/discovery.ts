// What the server serves: every kind with its verbs and subresources, so that the window can show all of them.
import type { APIGroupList, APIResource, APIResourceList } from '../../shared/api/meta/v1.ts'
import type { Client } from '../../shared/client/client.ts'
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

function kindsOf({ groupVersion, resources }: APIResourceList): ServedKind[] {
  const [first = '', second] = groupVersion.split('/')
  const group = second === undefined ? '' : first
  const version = second ?? first
  const subresources = new Map<string, Set<string>>()
  const main: APIResource[] = []
  for (const resource of resources) {
    const [plural = '', sub] = resource.name.split('/')
    if (sub === undefined) main.push(resource)
    else subresources.set(plural, (subresources.get(plural) ?? new Set()).add(sub))
  }
  return main
    .filter(({ verbs }) => verbs.includes('list'))
    .map(({ name, kind, namespaced, shortNames, verbs }) => ({
      type: { group, version, kind, plural: name, namespaced },
      shortNames: shortNames ?? [],
      verbs,
      subresources: subresources.get(name) ?? new Set<string>(),
    }))
}

/**
 * Lists the served kinds, each group in its preferred version. A group that does not answer (a broken aggregated API)
 * is left out rather than failing the rest.
 */
export async function discover(client: Client): Promise<ServedKind[]> {
  const [core, groups] = await Promise.all([
    client.raw('GET', '/api/v1') as Promise<APIResourceList>,
    client.raw('GET', '/apis') as Promise<APIGroupList>,
  ])
  const answers = await Promise.allSettled(
    groups.groups.flatMap(group => {
      const groupVersion = group.preferredVersion?.groupVersion ?? group.versions[0]?.groupVersion
      return groupVersion ? [client.raw('GET', `/apis/${groupVersion}`) as Promise<APIResourceList>] : []
    }),
  )
  return [core, ...answers.flatMap(answer => (answer.status === 'fulfilled' ? [answer.value] : []))].flatMap(kindsOf)
}
