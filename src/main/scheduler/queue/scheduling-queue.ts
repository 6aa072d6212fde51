// Pods that wait for a node.
//
//   add ──▶ active ──pop──▶ (cycle) ──rejected──▶ unschedulable ──helpful event, or 5 min──▶ backoff ──▶ active
//                              └─────error─────▶ backoff (1 s, doubled, at most 10 s) ──────────────────▶ active
//
// While nothing is active, a pod that something may have helped does not sit out its backoff (KEP-5142); one after an
// error does, and so does a crowd of them, which would keep the scheduler busy at each event.
//
// A pod whose PreEnqueue says no (scheduling gates) waits aside until it is updated, or something happens that may help
// it. An event that comes while a pod is in its cycle is remembered, so that a rejection decided on the older state does
// not strand the pod.
//
// A pod to which preemption promised a node is tried at once when another leaves that node, however many wait.
import type { Pod } from '../../../shared/api/core/v1.ts'
import type { Clock } from '../../../shared/machinery/clock.ts'
import { type ClusterEvent, type EventHint, eventMatches, nodeNameOf } from '../framework/cluster-event.ts'
import type { ClusterView } from '../framework/cluster-view.ts'
import { Heap } from './heap.ts'
import { WaitingPods } from './waiting-pods.ts'
import type { QueuedPod } from './queued-pod.ts'

export interface QueuePlace {
  readonly state: 'Active' | 'InFlight' | 'Backoff' | 'Unschedulable' | 'Gated'
  readonly queued: QueuedPod
  /** Backoff only: milliseconds since the epoch. */
  readonly untilMs?: number
}

export interface SchedulingQueueOptions {
  readonly clock: Clock
  /** @returns the plugin that does not let the pod be tried at all; undefined = it may be */
  readonly gateOf: (pod: Pod) => string | undefined
  /** The cluster after the last event. */
  readonly view: ClusterView
  /** What may help a pod that this plugin rejected; undefined = anything. */
  readonly hintsOf: (plugin: string) => readonly EventHint[] | undefined
  /** Called when `pop` may have something to give. */
  readonly onActive: () => void
  /** The first pause after a failure, doubled each time up to the longest. */
  readonly initialBackoffMs?: number
  readonly maxBackoffMs?: number
}

const FIRST_BACKOFF_MS = 1_000
const LONGEST_BACKOFF_MS = 10_000
const LONGEST_UNSCHEDULABLE_MS = 5 * 60_000
/** More pods than this in backoff are a crowd. */
const CROWD = 100

const uidOf = ({ pod }: QueuedPod) => pod.metadata.uid
const priorityOf = ({ pod }: QueuedPod) => pod.spec.priority ?? 0
/** The node that a pod left with the event. */
const nodeLeft = (event: ClusterEvent) => (event.action === 'deleted' ? nodeNameOf(event) : undefined)
/** PrioritySort: higher priority first, then who waits longer. */
const order = (a: QueuedPod, b: QueuedPod) =>
  priorityOf(b) - priorityOf(a) || a.waitingSinceMs - b.waitingSinceMs || a.sequence - b.sequence

interface BackedOff {
  readonly queued: QueuedPod
  readonly untilMs: number
}

const backoffHeap = () =>
  new Heap<BackedOff>(
    ({ queued }) => uidOf(queued),
    (a, b) => a.untilMs < b.untilMs,
  )

export class SchedulingQueue implements Disposable {
  readonly #options: SchedulingQueueOptions
  readonly #active = new Heap<QueuedPod>(uidOf, (a, b) => order(a, b) < 0)
  readonly #backoff = backoffHeap()
  /** Backoff after an error. */
  readonly #failed = backoffHeap()
  readonly #unschedulable: WaitingPods
  readonly #gated: WaitingPods
  /** In their cycle, with the place in the log of events where their cycle began. */
  readonly #inFlight = new Map<string, { queued: QueuedPod; from: number; updated: boolean }>()
  /** Events since the oldest cycle in flight began; one log for all, so that an event costs the same however many. */
  #log: ClusterEvent[] = []
  #logStart = 0
  #sequence = 0
  #cancelTimer: () => void = () => undefined
  #disposed = false

  constructor(options: SchedulingQueueOptions) {
    this.#options = options
    this.#unschedulable = new WaitingPods(options.hintsOf)
    this.#gated = new WaitingPods(options.hintsOf)
  }

  get depth(): { active: number; backoff: number; unschedulable: number; gated: number } {
    return {
      active: this.#active.size,
      backoff: this.#backoff.size + this.#failed.size,
      unschedulable: this.#unschedulable.size,
      gated: this.#gated.size,
    }
  }

  /** Where a pod waits; undefined for one that does not. */
  placeOf(uid: string): QueuePlace | undefined {
    const active = this.#active.get(uid)
    if (active) return { state: 'Active', queued: active }
    const flight = this.#inFlight.get(uid)
    if (flight) return { state: 'InFlight', queued: flight.queued }
    const backedOff = this.#backedOff(uid)
    if (backedOff) return { state: 'Backoff', ...backedOff }
    const waiting = this.#unschedulable.get(uid)
    if (waiting) return { state: 'Unschedulable', queued: waiting }
    const gated = this.#gated.get(uid)
    return gated && { state: 'Gated', queued: gated }
  }

  /** Pods without a node that may be tried, whichever queue they are in; most important first. */
  waiting(): Pod[] {
    const all = [
      ...this.#active.values(),
      ...[...this.#backoff.values(), ...this.#failed.values()].map(({ queued }) => queued),
      ...[...this.#unschedulable.values()].map(({ queued }) => queued),
    ]
    return all.sort(order).map(({ pod }) => pod)
  }

  add(pod: Pod): void {
    const nowMs = this.#options.clock.now()
    const sequence = ++this.#sequence
    this.#enqueue({ pod, addedMs: nowMs, waitingSinceMs: nowMs, sequence, attempts: 0, rejectedBy: [] })
  }

  #enqueue(queued: QueuedPod): void {
    if (this.#putAside(queued)) return
    this.#active.push(queued)
    this.#options.onActive()
  }

  /** @returns whether a plugin does not let the pod be tried at all */
  #putAside(queued: QueuedPod): boolean {
    const gate = this.#options.gateOf(queued.pod)
    if (gate === undefined) return false
    queued.rejectedBy = [gate]
    this.#gated.add(queued, this.#options.clock.now())
    return true
  }

  /** Takes over the pod's new state. A change of its spec or labels may make it schedulable: it is tried again. */
  update(pod: Pod, specChanged: boolean): void {
    const { uid } = pod.metadata
    const inFlight = this.#inFlight.get(uid)
    if (inFlight) {
      inFlight.queued.pod = pod
      inFlight.updated ||= specChanged
      return
    }
    const gated = this.#gated.get(uid)
    if (gated) {
      this.#gated.delete(uid)
      return this.#enqueue({ ...gated, pod })
    }
    const active = this.#active.get(uid)
    if (active) return this.#active.push(Object.assign(active, { pod }))
    const backedOff = this.#backedOff(uid)
    if (backedOff) {
      backedOff.queued.pod = pod
      return
    }
    const waiting = this.#unschedulable.get(uid)
    if (!waiting) return this.add(pod)
    waiting.pod = pod
    if (specChanged) this.#retry(waiting)
    return undefined
  }

  /** Takes over the new state of a pod whose binding is under way; others are left alone. */
  refresh(pod: Pod): void {
    const inFlight = this.#inFlight.get(pod.metadata.uid)
    if (inFlight) inFlight.queued.pod = pod
  }

  delete(uid: string): void {
    this.#active.delete(uid)
    this.#backoff.delete(uid)
    this.#failed.delete(uid)
    this.#unschedulable.delete(uid)
    this.#gated.delete(uid)
    this.#land(uid)
  }

  /** The next pod to try; it counts as in flight until `done`, `reject` or `retryLater`. */
  pop(): QueuedPod | undefined {
    const queued = this.#active.pop() ?? (this.#isCrowded ? undefined : this.#backoff.pop()?.queued)
    if (!queued) return undefined
    queued.attempts++
    this.#inFlight.set(uidOf(queued), { queued, from: this.#logStart + this.#log.length, updated: false })
    return queued
  }

  get #isCrowded(): boolean {
    return this.#backoff.size > CROWD
  }

  #backedOff(uid: string): BackedOff | undefined {
    return this.#backoff.get(uid) ?? this.#failed.get(uid)
  }

  /** The pod found its node. */
  done(uid: string): void {
    this.#land(uid)
  }

  #land(uid: string): void {
    this.#inFlight.delete(uid)
    const [oldest] = this.#inFlight.values()
    if (!oldest) {
      this.#logStart += this.#log.length
      this.#log = []
    } else if (oldest.from - this.#logStart > 1_000) {
      this.#log.splice(0, oldest.from - this.#logStart)
      this.#logStart = oldest.from
    }
  }

  /** No node fits. The pod waits until something happens that may help, judged by the plugins that rejected it. */
  reject(queued: QueuedPod, rejectedBy: readonly string[]): void {
    const flight = this.#inFlight.get(uidOf(queued))
    if (!flight) return // deleted meanwhile
    const meanwhile = this.#log.slice(flight.from - this.#logStart)
    this.#land(uidOf(queued))
    queued.rejectedBy = rejectedBy
    queued.waitingSinceMs = this.#options.clock.now()
    const promised = this.#options.view.nominationOf?.(uidOf(queued))
    if (promised !== undefined && meanwhile.some(event => nodeLeft(event) === promised)) return this.#enqueue(queued)
    if (flight.updated || meanwhile.some(event => this.#mayHelp(queued, event))) return this.#backOff(queued)
    this.#unschedulable.add(queued, queued.waitingSinceMs)
    this.#schedule()
    return undefined
  }

  /** Something failed that has nothing to do with the cluster's state. */
  retryLater(queued: QueuedPod): void {
    if (!this.#inFlight.has(uidOf(queued))) return // deleted meanwhile
    this.#land(uidOf(queued))
    queued.waitingSinceMs = this.#options.clock.now()
    this.#backOff(queued, this.#failed)
  }

  /** Something changed: pods that it may help are tried again. */
  moveOn(event: ClusterEvent): void {
    this.#callPromised(event)
    for (const queued of this.#unschedulable.listeningTo(event)) if (this.#mayHelp(queued, event)) this.#retry(queued)
    for (const queued of this.#gated.listeningTo(event)) {
      if (!this.#mayHelp(queued, event)) continue
      this.#gated.delete(uidOf(queued))
      this.#enqueue(queued)
    }
    if (this.#inFlight.size > 0) this.#log.push(event)
  }

  /** Whom the node was promised that another leaves. */
  #callPromised(event: ClusterEvent): void {
    const nodeName = nodeLeft(event)
    if (nodeName === undefined) return
    for (const { pod } of this.#options.view.nominated?.(nodeName) ?? []) {
      const { uid } = pod.metadata
      const queued = this.#unschedulable.get(uid) ?? this.#backoff.delete(uid)?.queued
      if (!queued) continue
      this.#unschedulable.delete(uid)
      this.#enqueue(queued)
    }
  }

  #mayHelp(queued: QueuedPod, event: ClusterEvent): boolean {
    if (queued.rejectedBy.length === 0) return true
    return queued.rejectedBy.some(plugin => {
      const hints = this.#options.hintsOf(plugin)
      return hints === undefined || hints.some(hint => eventMatches(hint, event, queued.pod, this.#options.view))
    })
  }

  #retry(queued: QueuedPod): void {
    this.#unschedulable.delete(uidOf(queued))
    this.#backOff(queued)
  }

  #backOff(queued: QueuedPod, heap = this.#backoff): void {
    const { clock, initialBackoffMs = FIRST_BACKOFF_MS, maxBackoffMs = LONGEST_BACKOFF_MS } = this.#options
    const pauseMs = Math.min(initialBackoffMs * 2 ** Math.max(0, queued.attempts - 1), maxBackoffMs)
    const untilMs = queued.waitingSinceMs + pauseMs
    const nowMs = clock.now()
    if (untilMs <= nowMs) return this.#enqueue(queued)
    if (this.#putAside(queued)) return undefined // `pop` may take it out of its backoff without asking
    heap.push({ queued, untilMs })
    if (heap === this.#backoff && !this.#isCrowded) this.#options.onActive()
    this.#schedule()
    return undefined
  }

  /** One timer for whatever is due next. */
  #schedule(): void {
    const { clock } = this.#options
    this.#cancelTimer()
    if (this.#disposed) return
    let dueMs = Math.min(...[this.#backoff, this.#failed].map(heap => heap.peek()?.untilMs ?? Number.POSITIVE_INFINITY))
    const [longest] = this.#unschedulable.values() // the map is in the order of `sinceMs`
    if (longest) dueMs = Math.min(dueMs, longest.sinceMs + LONGEST_UNSCHEDULABLE_MS)
    if (Number.isFinite(dueMs)) this.#cancelTimer = clock.after(Math.max(0, dueMs - clock.now()), () => this.#flush())
  }

  #flush(): void {
    const nowMs = this.#options.clock.now()
    for (const heap of [this.#backoff, this.#failed])
      for (let next = heap.peek(); next && next.untilMs <= nowMs; next = heap.peek()) {
        heap.pop()
        this.#enqueue(next.queued)
      }
    for (const { queued, sinceMs } of [...this.#unschedulable.values()])
      if (sinceMs + LONGEST_UNSCHEDULABLE_MS <= nowMs) this.#retry(queued)
    this.#schedule()
  }

  [Symbol.dispose](): void {
    this.#disposed = true
    this.#cancelTimer()
  }
}
