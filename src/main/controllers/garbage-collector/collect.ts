// What is done about one node: delete it, drop references to absent owners, or let a waiting owner go.
import type { ObjectRef } from '../../../shared/client/client.ts'
import type { ControllerContext } from '../../../shared/client/reconciler.ts'
import type { OwnerReference } from '../../../shared/api/meta/v1.ts'
import type { AnyObject, KubeObject } from '../../../shared/machinery/object.ts'
import { isNotFound } from '../../../shared/machinery/status.ts'
import { FOREGROUND, type Graph, type GraphNode, ORPHAN } from './graph.ts'
import type { Monitors } from './monitors.ts'
import { AbsentOwners, classify } from './references.ts'

export interface Collector {
  readonly context: ControllerContext
  readonly graph: Graph
  readonly monitors: Monitors
  readonly absent: AbsentOwners
  /** Looks at the node (again). */
  readonly check: (node: GraphNode) => void
}

const refOf = ({ namespace, name }: GraphNode): ObjectRef => ({ ...(namespace ? { namespace } : {}), name })

/** @returns undefined when the object is gone or was replaced */
async function getLive({ context, graph }: Collector, node: GraphNode): Promise<AnyObject | undefined> {
  try {
    const live = (await context.client.get(node.type, refOf(node), { signal: context.signal })) as AnyObject
    if (live.metadata.uid === node.uid) return live
  } catch (error) {
    if (!isNotFound(error)) throw error
  }
  graph.remove(node.uid)
  return undefined
}

/** Decides whether a node is garbage. @throws ApiError or Error to try again later */
export async function collect(collector: Collector, node: GraphNode): Promise<void> {
  const { context, graph, monitors, absent } = collector
  if (node.beingDeleted && !node.deletingDependents) return
  if (!node.deletingDependents && graph.hasAllOwners(node)) return
  const live = await getLive(collector, node)
  if (!live) return
  if (node.deletingDependents) return finishForeground(collector, node, live)
  const owners = live.metadata.ownerReferences ?? []
  if (owners.length === 0) return
  const { solid, dangling, waiting } = await classify(context, monitors, absent, node, owners)
  if (solid.length > 0) {
    if (dangling.length + waiting.length > 0) await keepOwners(context, node, live, solid)
    return
  }
  const dependents = graph.dependents(node.uid)
  if (waiting.length > 0 && dependents.length > 0) {
    // Two objects that wait for each other would wait for ever: this one blocks its owners no longer.
    if (dependents.some(dependent => dependent.deletingDependents)) await unblockOwners(context, node, live)
    return deleteObject(context, node, live, 'Foreground')
  }
  const finalizers = live.metadata.finalizers ?? []
  const policy = finalizers.includes(ORPHAN) ? 'Orphan' : finalizers.includes(FOREGROUND) ? 'Foreground' : 'Background'
  return deleteObject(context, node, live, policy)
}

/** Releases the dependents of a node, then the node itself. */
export async function orphan(collector: Collector, node: GraphNode): Promise<void> {
  const { context, graph } = collector
  const results = await Promise.allSettled(
    graph.dependents(node.uid).map(async dependent => {
      const live = await getLive(collector, dependent)
      if (!live) return
      const owners = live.metadata.ownerReferences ?? []
      const kept = owners.filter(owner => owner.uid !== node.uid)
      if (kept.length < owners.length) await keepOwners(context, dependent, live, kept)
    }),
  )
  const failed = results.find(result => result.status === 'rejected')
  if (failed) throw failed.reason
  const live = await getLive(collector, node)
  if (live) await removeFinalizer(context, node, live, ORPHAN)
}

async function finishForeground(collector: Collector, node: GraphNode, live: AnyObject): Promise<void> {
  const { context, graph, check } = collector
  const blocking = graph
    .dependents(node.uid)
    .filter(dependent => dependent.owners.some(owner => owner.uid === node.uid && owner.blockOwnerDeletion))
  if (blocking.length === 0) return removeFinalizer(context, node, live, FOREGROUND)
  for (const dependent of blocking) if (!dependent.deletingDependents) check(dependent)
}

async function deleteObject(
  { client, signal }: ControllerContext,
  node: GraphNode,
  live: AnyObject,
  propagationPolicy: 'Orphan' | 'Foreground' | 'Background',
): Promise<void> {
  const { uid, resourceVersion, ownerReferences } = live.metadata
  // With owners unchanged since they were looked up: one added meanwhile keeps the object.
  const preconditions = { uid, ...(ownerReferences?.length ? { resourceVersion } : {}) }
  try {
    await client.delete(node.type, refOf(node), { preconditions, propagationPolicy, signal })
  } catch (error) {
    if (!isNotFound(error)) throw error
  }
}

const keepOwners = (context: ControllerContext, node: GraphNode, live: AnyObject, owners: readonly OwnerReference[]) =>
  patchMetadata(context, node, live, { ownerReferences: owners })

const unblockOwners = (context: ControllerContext, node: GraphNode, live: AnyObject) =>
  patchMetadata(context, node, live, {
    ownerReferences: (live.metadata.ownerReferences ?? []).map(owner => ({ ...owner, blockOwnerDeletion: false })),
  })

async function removeFinalizer(context: ControllerContext, node: GraphNode, live: AnyObject, finalizer: string) {
  const finalizers = live.metadata.finalizers ?? []
  if (!finalizers.includes(finalizer)) return
  await patchMetadata(context, node, live, { finalizers: finalizers.filter(name => name !== finalizer) })
}

/** A merge patch works for every kind; the resourceVersion makes it a compare-and-set of the whole list. */
async function patchMetadata(
  { client, signal }: ControllerContext,
  node: GraphNode,
  live: AnyObject,
  change: Pick<KubeObject['metadata'], 'finalizers'> | { ownerReferences: readonly OwnerReference[] },
): Promise<void> {
  const { uid, resourceVersion } = live.metadata
  try {
    const patch = { metadata: { uid, resourceVersion, ...change } }
    await client.patch(node.type, refOf(node), patch, { type: 'merge', signal })
  } catch (error) {
    if (!isNotFound(error)) throw error
  }
}
