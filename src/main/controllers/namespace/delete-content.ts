// Deletes everything in a namespace: pods first, so that what they use is there until they are gone.
import { Pod } from '../../../shared/api/core/v1.ts'
import type { Client } from '../../../shared/client/client.ts'
import { type DiscoveredResource, discover } from '../../../shared/client/discovery.ts'
import { ApiError, isNotFound } from '../../../shared/machinery/status.ts'
import { groupResourceOf } from '../../../shared/machinery/resource-type.ts'

export interface ContentOutcome {
  /** Group versions that could not be discovered: their content is unknown. */
  readonly discoveryFailures: ReadonlyMap<string, unknown>
  readonly errors: readonly Error[]
  /** `pods.`, `deployments.apps` → objects that are left. */
  readonly remaining: ReadonlyMap<string, number>
  /** Finalizer → objects that wait for it. */
  readonly finalizers: ReadonlyMap<string, number>
}

/** Content that does not block: it expires by itself, and is written while the namespace goes away. */
const NOT_CONTENT = new Set(['events.events.k8s.io', 'bindings'])

export async function deleteContent(client: Client, namespace: string): Promise<ContentOutcome> {
  const { resources, failures } = await discover(client)
  const content = resources.filter(
    type => type.namespaced && !NOT_CONTENT.has(groupResourceOf(type)) && type.verbs.includes('delete'),
  )
  const outcome = {
    discoveryFailures: failures,
    errors: [...failures.values()].map(toError),
    remaining: new Map<string, number>(),
    finalizers: new Map<string, number>(),
  }
  const isPods = (type: DiscoveredResource) => groupResourceOf(type) === groupResourceOf(Pod)
  await Promise.all(content.filter(isPods).map(type => deleteAll(client, type, namespace, outcome)))
  if (outcome.remaining.size > 0) return outcome
  await Promise.all(content.filter(type => !isPods(type)).map(type => deleteAll(client, type, namespace, outcome)))
  return outcome
}

interface Collected {
  readonly errors: Error[]
  readonly remaining: Map<string, number>
  readonly finalizers: Map<string, number>
}

async function deleteAll(client: Client, type: DiscoveredResource, namespace: string, into: Collected): Promise<void> {
  const canList = type.verbs.includes('list')
  try {
    if (canList && (await client.list(type, { namespace, limit: 1 })).items.length === 0) return
    if (type.verbs.includes('deletecollection')) {
      await client.deleteCollection(type, { namespace }, { propagationPolicy: 'Background' })
    } else if (canList) {
      await deleteOneByOne(client, type, namespace)
    }
    if (!canList) return
    const { items } = await client.list(type, { namespace })
    if (items.length > 0) add(into.remaining, `${type.plural}.${type.group}`, items.length)
    for (const { metadata } of items) for (const name of metadata.finalizers ?? []) add(into.finalizers, name, 1)
  } catch (error) {
    // The kind went away meanwhile, or cannot be deleted this way: there is no such content.
    if (isNotFound(error) || (error instanceof ApiError && error.code === 405)) return
    into.errors.push(toError(error))
  }
}

async function deleteOneByOne(client: Client, type: DiscoveredResource, namespace: string): Promise<void> {
  const { items } = await client.list(type, { namespace })
  for (const { metadata } of items) {
    try {
      await client.delete(type, { namespace, name: metadata.name }, { propagationPolicy: 'Background' })
    } catch (error) {
      if (!isNotFound(error)) throw error
    }
  }
}

const add = (counts: Map<string, number>, key: string, count: number) => counts.set(key, (counts.get(key) ?? 0) + count)

const toError = (error: unknown): Error => (error instanceof Error ? error : new Error(String(error)))
