// node-lifecycle: notices nodes that stopped reporting, says so in their conditions, and taints them.
import { Node, Pod } from '../../../shared/api/core/v1.ts'
import { Lease } from '../../../shared/api/coordination/v1.ts'
import type { ObjectRef } from '../../../shared/client/client.ts'
import {
  type ControllerContext,
  type Reconciler,
  type Result,
  type Watch,
  done,
  mapped,
  own,
  read,
  requeueAfter,
} from '../../../shared/client/reconciler.ts'
import { type Clock, formatTime } from '../../../shared/machinery/clock.ts'
import { conditionOf, setCondition } from '../../../shared/machinery/conditions.ts'
import { isConflict, isNotFound } from '../../../shared/machinery/status.ts'
import { ObservedTime } from '../../../shared/machinery/observed-time.ts'
import { isPodReady } from '../support/pod-state.ts'
import { podsByNode } from '../support/pods-by-node.ts'
import { type Observation, observe, silentConditions } from './health.ts'
import { UNREACHABLE, noExecuteKey, wantedTaints } from './taints.ts'
import { writeTaints } from './write-taints.ts'
import { EvictionPace, countsForDisruption, isFullyDisrupted, zoneOfNode } from './zones.ts'

const LEASES = 'kube-node-lease'
const GRACE_MS = 40_000
const STARTUP_GRACE_MS = 60_000
/** Pods of a node: one after the other, each would have its owner count all of them anew. */
const MARKED_AT_ONCE = 32
/** While a node waits for its turn to be evicted. */
const RETRY_MS = 5_000

export class NodeLifecycleController implements Reconciler<Node> {
  readonly name = 'node-lifecycle'
  readonly identity = 'node-controller'
  readonly eventSource = 'node-controller'
  readonly type = Node
  readonly watches: readonly Watch[] = [
    own(Node),
    mapped(Lease, ({ object: { metadata } }) => (metadata.namespace === LEASES ? [{ name: metadata.name }] : [])),
    read(Pod),
  ]
  readonly #time: ObservedTime
  readonly #pace: EvictionPace
  readonly #observations = new Map<string, Observation>()
  /** Nodes that are not evicted only because no node at all is ready. */
  readonly #held = new Set<string>()
  #startedWith: AbortSignal | undefined

  constructor(clock: Clock, time: ObservedTime) {
    this.#time = time
    this.#pace = new EvictionPace(clock)
  }

  async reconcile(cached: Node, context: ControllerContext): Promise<Result> {
    this.#followGaps(context)
    const { name } = cached.metadata
    const lease = context.lister(Lease).get({ namespace: LEASES, name })
    const before = this.#observations.get(name)
    if (!before)
      tellOf(cached.metadata, context, 'RegisteredNode', `Node ${name} event: Registered Node ${name} in Controller`)
    const seen = observe(before, cached, lease, this.#time.now())
    this.#observations.set(name, seen)
    const graceMs = seen.everReported ? GRACE_MS : STARTUP_GRACE_MS
    const silentMs = this.#time.now() - seen.at
    const node = silentMs >= graceMs ? await markSilent(cached, context) : cached
    await this.#tellNotReady(cached, node, context)
    const waits = await this.#taint(node, context)
    if (waits) return requeueAfter(RETRY_MS)
    return silentMs >= graceMs ? done : requeueAfter(graceMs - silentMs)
  }

  gone({ name }: ObjectRef, context: ControllerContext): undefined {
    const seen = this.#observations.get(name)
    this.#held.delete(name)
    if (!seen) return
    this.#observations.delete(name)
    tellOf(
      { name, uid: seen.uid },
      context,
      'RemovingNode',
      `Node ${name} event: Removing Node ${name} from Controller`,
    )
  }

  /** Nobody is blamed for what happened while we did not look: every node gets its whole grace period again. */
  #followGaps(context: ControllerContext): void {
    if (this.#startedWith === context.signal) return
    this.#startedWith = context.signal
    this.#time.onGap(() => {
      for (const [name, seen] of this.#observations) {
        this.#observations.set(name, { ...seen, at: this.#time.now() })
        context.enqueue({ name })
      }
    })
  }

  async #tellNotReady(before: Node, now: Node, context: ControllerContext): Promise<void> {
    // A node that says itself that it is not ready is heard: how its pods are is its kubelet's to say.
    if (noExecuteKey(now) !== UNREACHABLE) return
    const wentDown = conditionOf(before.status.conditions, 'Ready')?.status === 'True' && before !== now
    if (wentDown) tellOf(now.metadata, context, 'NodeNotReady', `Node ${now.metadata.name} status is now: NodeNotReady`)
    await markPodsNotReady(now, context)
  }

  /** @returns whether the node waits for its turn */
  async #taint(node: Node, context: ControllerContext): Promise<boolean> {
    const key = noExecuteKey(node)
    const tainted = (node.spec.taints ?? []).some(taint => taint.effect === 'NoExecute' && taint.key === key)
    if (key === undefined && countsForDisruption(node)) this.#release(context)
    // A node that reports is no reason to look at all the others.
    const evict = key === undefined ? false : this.#mayEvict(node, tainted, context)
    const taints = wantedTaints(node, evict, formatTime(context.clock.now()))
    if (taints) await writeTaints(context.client, node, taints, context.signal)
    return key !== undefined && !tainted && evict === 'keep'
  }

  /** A node is ready: others that are not have themselves to blame. */
  #release({ enqueue }: ControllerContext): void {
    for (const name of this.#held) enqueue({ name })
    this.#held.clear()
  }

  /** 'keep': the taints that would evict stay as they are. */
  #mayEvict(node: Node, tainted: boolean, context: ControllerContext): boolean | 'keep' {
    const all = context
      .lister(Node)
      .list()
      .map(other => (other.metadata.uid === node.metadata.uid ? node : other))
      .filter(countsForDisruption)
    if (isFullyDisrupted(all)) {
      this.#held.add(node.metadata.name)
      return false
    }
    if (tainted) return 'keep'
    const zone = zoneOfNode(node)
    const peers = all.filter(other => zoneOfNode(other) === zone)
    return this.#pace.mayEvict(zone, peers) ? true : 'keep'
  }
}

async function markSilent(node: Node, { client, clock, signal }: ControllerContext): Promise<Node> {
  const conditions = silentConditions(node, formatTime(clock.now()))
  if (conditions === node.status.conditions) return node
  const status = { ...node.status, conditions: [...conditions] }
  return await client.updateStatus(Node, { ...node, status }, { signal })
}

/** Pods on a silent node must leave their Services at once, long before they are evicted. */
async function markPodsNotReady(node: Node, context: ControllerContext): Promise<void> {
  const ready = context.lister(Pod).by(podsByNode, node.metadata.name).filter(isPodReady)
  for (let i = 0; i < ready.length; i += MARKED_AT_ONCE)
    await Promise.all(ready.slice(i, i + MARKED_AT_ONCE).map(pod => markNotReady(pod, context)))
}

function tellOf(
  { name, uid }: { readonly name: string; readonly uid: string },
  { events }: ControllerContext,
  reason: string,
  text: string,
): void {
  events.event({ kind: 'Node', apiVersion: 'v1', name, uid }, 'Normal', reason, text)
}

async function markNotReady(pod: Pod, { client, clock, signal, events }: ControllerContext): Promise<void> {
  const known = conditionOf(pod.status.conditions, 'Ready')
  const condition = { ...known, type: 'Ready', status: 'False' }
  delete condition.lastTransitionTime
  const conditions = setCondition(pod.status.conditions, condition, formatTime(clock.now()))
  try {
    await client.updateStatus(Pod, { ...pod, status: { ...pod.status, conditions } }, { signal })
    events.event(pod, 'Warning', 'NodeNotReady', 'Node is not ready')
  } catch (error) {
    if (!isNotFound(error) && !isConflict(error)) throw error // changed meanwhile: seen again by its event
  }
}
