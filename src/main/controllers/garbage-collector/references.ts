// Looks an object's owners up, live: a cache must never decide that something is garbage.
import type { OwnerReference } from '../../../shared/api/meta/v1.ts'
import type { ControllerContext } from '../../../shared/client/reconciler.ts'
import type { AnyObject } from '../../../shared/machinery/object.ts'
import { isNotFound } from '../../../shared/machinery/status.ts'
import { FOREGROUND, type GraphNode } from './graph.ts'
import type { Monitors } from './monitors.ts'

export interface Classified {
  /** Owners that exist. */
  readonly solid: OwnerReference[]
  /** Owners that do not exist. */
  readonly dangling: OwnerReference[]
  /** Owners that wait, in the foreground, for this object to go. */
  readonly waiting: OwnerReference[]
}

/** Uids never come back: what was absent once is absent for ever. */
export class AbsentOwners {
  readonly #keys = new Set<string>()

  /** Whether no object of the namespace, nor of the cluster, is what the reference says. */
  has(ref: OwnerReference, namespace: string): boolean {
    return this.#keys.has(keyOf(ref, namespace)) || this.#keys.has(keyOf(ref, ''))
  }
  /** @param namespace of the owner; '' = none */
  add(ref: OwnerReference, namespace: string): void {
    this.#keys.add(keyOf(ref, namespace))
    if (this.#keys.size <= 500) return
    for (const oldest of this.#keys) {
      this.#keys.delete(oldest)
      break
    }
  }
}

export async function classify(
  context: ControllerContext,
  monitors: Monitors,
  absent: AbsentOwners,
  node: GraphNode,
  refs: readonly OwnerReference[],
): Promise<Classified> {
  const result: Classified = { solid: [], dangling: [], waiting: [] }
  for (const ref of refs) {
    const owner = await findOwner(context, monitors, absent, node, ref)
    if (!owner) result.dangling.push(ref)
    else if (owner.metadata.deletionTimestamp && owner.metadata.finalizers?.includes(FOREGROUND))
      result.waiting.push(ref)
    else result.solid.push(ref)
  }
  return result
}

const keyOf = ({ uid, apiVersion, kind, name }: OwnerReference, namespace: string): string =>
  JSON.stringify([uid, apiVersion.includes('/') ? apiVersion.split('/')[0] : '', kind, namespace, name])

/** @throws Error when the kind is not known (yet): then nothing is decided */
async function findOwner(
  { client, events, signal }: ControllerContext,
  monitors: Monitors,
  absent: AbsentOwners,
  node: GraphNode,
  ref: OwnerReference,
): Promise<AnyObject | undefined> {
  // Also of a kind that is not served any more, when its objects were seen to go.
  if (absent.has(ref, node.namespace)) return undefined
  const type = monitors.typeOf(ref.apiVersion, ref.kind)
  if (!type) throw new Error(`unable to get the kind ${ref.apiVersion}, Kind=${ref.kind} of an owner of ${node.name}`)
  if (type.namespaced && node.namespace === '') {
    const { name, uid } = node
    const { kind } = node.type
    const message = `ownerRef [${ref.apiVersion}/${ref.kind}, namespace: , name: ${ref.name}, uid: ${ref.uid}] does not exist in namespace ""`
    events.event({ kind, name, uid }, 'Warning', 'OwnerRefInvalidNamespace', message)
    // A cluster-scoped object cannot have a namespaced owner; its reference is left for a human to correct.
    throw new Error(`cluster-scoped ${kind} ${name} refers to a namespaced owner`)
  }
  const name = { ...(type.namespaced ? { namespace: node.namespace } : {}), name: ref.name }
  try {
    const owner = await client.get(type, name, { signal })
    if (owner.metadata.uid === ref.uid) return owner
  } catch (error) {
    if (!isNotFound(error)) throw error
  }
  absent.add(ref, type.namespaced ? node.namespace : '')
  return undefined
}
