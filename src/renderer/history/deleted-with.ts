// The objects that were deleted because their definition was: they come back with it, but for what controllers make by
// themselves. Of what lay in a namespace nothing is kept.
import type { CustomResourceDefinition } from '../../shared/api/apiextensions/v1.ts'
import type { APIResourceList } from '../../shared/api/meta/v1.ts'
import type { Client } from '../../shared/client/client.ts'
import type { AnyObject } from '../../shared/machinery/object.ts'
import { controllerOf } from '../../shared/machinery/owner.ts'
import { ApiError } from '../../shared/machinery/status.ts'
import { t } from '../i18n/i18n.ts'
import { ClusterRevision, NamespacedRevision, type ObjectRevision, readRevision, restore } from './revisions.ts'

export const isDefinition = ({ of: { group, resource } }: ObjectRevision): boolean =>
  group === 'apiextensions.k8s.io' && resource === 'customresourcedefinitions'

const keyOf = ({ of }: ObjectRevision) => [of.namespace, of.name].join('/')

function newestOfEach(revisions: readonly ObjectRevision[]): ObjectRevision[] {
  const newest = new Map<string, ObjectRevision>()
  for (const revision of revisions) {
    const known = newest.get(keyOf(revision))
    if (!known || Number(known.revision) < Number(revision.revision)) newest.set(keyOf(revision), revision)
  }
  return [...newest.values()]
}

/** The revision at which somebody asked for its deletion: its objects go after that, and before it does. */
async function askedAt(client: Client, { of, revision }: ObjectRevision): Promise<number> {
  const fieldSelector = `of.resource=${of.resource}.${of.group},of.name=${of.name}`
  const { items } = await client.list(ClusterRevision, { fieldSelector })
  const before = items.filter(each => Number(each.revision) <= Number(revision))
  let asked = Infinity
  for (const each of before.toSorted((a, b) => Number(b.revision) - Number(a.revision))) {
    const { object } = await readRevision(each, client)
    if (!object?.metadata.deletionTimestamp) break
    asked = Number(each.revision)
  }
  return asked
}

/** Nothing is known of them before the definition is served again. */
async function deletedWith(client: Client, revision: ObjectRevision): Promise<readonly ObjectRevision[]> {
  const since = await askedAt(client, revision)
  const fieldSelector = `of.resource=${revision.of.name}`
  const lists = await Promise.all(
    [NamespacedRevision, ClusterRevision].map(type => client.list(type, { fieldSelector })),
  )
  const gone = newestOfEach(lists.flatMap(({ items }) => items)).filter(
    each => each.action === 'Deleted' && Number(each.revision) > since,
  )
  const read = await Promise.all(gone.map(each => readRevision(each, client)))
  return read.filter(({ object }) => !controllerOf(object as AnyObject))
}

const RETRY_MS = 250
const TRIES = 40
const pause = () => new Promise<void>(resolve => setTimeout(resolve, RETRY_MS))

/** It is served a moment after it was made; its group may be all the time, with other kinds. */
async function untilServed(client: Client, { object }: ObjectRevision): Promise<void> {
  const { group, names, versions } = object?.spec as CustomResourceDefinition['spec']
  const path = `/apis/${group}/${versions.find(({ served }) => served)?.name ?? ''}`
  for (let left = TRIES; ; left--) {
    const { resources } = (await client.raw('GET', path).catch((error: unknown) => {
      if (error instanceof ApiError && error.code === 404) return { resources: [] }
      throw error
    })) as Pick<APIResourceList, 'resources'>
    if (resources.some(({ name }) => name === names.plural)) return
    if (!left) throw new Error(t('{kind} is not served yet.', { kind: names.kind }))
    await pause()
  }
}

interface BroughtBack {
  /** So many others came back with it. */
  readonly others: number
  /** Why others did not. */
  readonly failures: readonly unknown[]
  /** Why nobody can tell which others there were. */
  readonly unknown?: unknown
}

/** @throws when it is not back itself */
export async function bringBack(client: Client, revision: ObjectRevision): Promise<BroughtBack> {
  await restore(revision, client)
  const failures: unknown[] = []
  if (!isDefinition(revision)) return { others: 0, failures }
  try {
    await untilServed(client, await readRevision(revision, client))
    const others = await deletedWith(client, revision)
    for (const each of others) await restore(each, client).catch((error: unknown) => failures.push(error))
    return { others: others.length - failures.length, failures }
  } catch (error) {
    return { others: 0, failures, unknown: error }
  }
}
