// Pods that wait for a node.
//
//   add ──▶ active ──pop──▶ (cycle) ──rejected──▶ unschedulable ──helpful event, or 5 min──▶ backoff ──▶ active
//                              └─────error─────▶ backoff (1 s, doubled, at most 10 s) ──────────────────▶ active
//
// A pod whose PreEnqueue says no (scheduling gates) waits aside until it is updated. An event that comes while a pod is
// in its cycle is remembered, so that a rejection decided on the older state does not strand the pod.
import type { Pod } from '../../../shared/api/core/v1.ts'
import type { Clock } from '../../../shared/machinery/clock.ts'
import { type ClusterEvent, type EventHint, eventMatches } from '../framework/cluster-event.ts'
import { Heap } from './heap.ts'

export interface QueuedPod {
  pod: Pod
  /** When it first came, milliseconds since the epoch. */
  readonly addedMs: number
  /** When it last became ready to be tried. */
  readySinceMs: number
  attempts: number
  /** Plugins that rejected it in the last cycle. */
  rejectedBy: readonly string[]
}

export interface SchedulingQueueOptions {
  readonly clock: Clock
  /** Whether the pod may be tried at all. */
  readonly admits: (pod: Pod) => boolean
  /** What may help a pod that this plugin rejected; undefined = anything. */
  readonly hintsOf: (plugin: string) => readonly EventHint[] | undefined
  /** Called when a pod became active. */
  readonly onActive: () => void
}

const FIRST_BACKOFF_MS = 1_000
const LONGEST_BACKOFF_MS = 10_000
const LONGEST_UNSCHEDULABLE_MS = 5 * 60_000

const uidOf = ({ pod }: QueuedPod) => pod.metadata.uid
const priorityOf = ({ pod }: QueuedPod) => pod.spec.priority ?? 0
/** PrioritySort: higher priority first, then who waits longer. */
const before = (a: QueuedPod, b: QueuedPod) =>
  priorityOf(a) === priorityOf(b) ? a.readySinceMs < b.readySinceMs : priorityOf(a) > priorityOf(b)

interface BackedOff {
  readonly queued: QueuedPod
  readonly untilMs: number
}

export class SchedulingQueue implements Disposable {
  readonly #options: SchedulingQueueOptions
  readonly #active = new Heap<QueuedPod>(uidOf, before)
  readonly #backoff = new Heap<BackedOff>(
    ({ queued }) => uidOf(queued),
    (a, b) => a.untilMs < b.untilMs,
  )
  readonly #unschedulable = new Map<string, { queued: QueuedPod; sinceMs: number }>()
  readonly #gated = new Map<string, QueuedPod>()
  /** In their cycle, with the events that came meanwhile. */
  readonly #inFlight = new Map<string, { queued: QueuedPod; events: ClusterEvent[] }>()
  #cancelTimer: () => void = () => undefined

  constructor(options: SchedulingQueueOptions) {
    this.#options = options
  }

  get depth(): { active: number; backoff: number; unschedulable: number; gated: number } {
    return {
      active: this.#active.size,
      backoff: this.#backoff.size,
      unschedulable: this.#unschedulable.size,
      gated: this.#gated.size,
    }
  }

  add(pod: Pod): void {
    const nowMs = this.#options.clock.now()
    this.#enqueue({ pod, addedMs: nowMs, readySinceMs: nowMs, attempts: 0, rejectedBy: [] })
  }

  #enqueue(queued: QueuedPod): void {
    if (!this.#options.admits(queued.pod)) {
      this.#gated.set(uidOf(queued), queued)
      return
    }
    this.#active.push(queued)
    this.#options.onActive()
  }

  /** Takes over the pod's new state. A change of its spec or labels may make it schedulable: it is tried again. */
  update(pod: Pod, specChanged: boolean): void {
    const { uid } = pod.metadata
    const inFlight = this.#inFlight.get(uid)
    if (inFlight) {
      inFlight.queued.pod = pod
      if (specChanged) inFlight.events.push({ kind: 'Pod', action: 'updated', object: pod })
      return
    }
    const gated = this.#gated.get(uid)
    if (gated) {
      this.#gated.delete(uid)
      return this.#enqueue({ ...gated, pod })
    }
    const active = this.#active.get(uid)
    if (active) return this.#active.push(Object.assign(active, { pod }))
    const backedOff = this.#backoff.get(uid)
    if (backedOff) {
      backedOff.queued.pod = pod
      return
    }
    const waiting = this.#unschedulable.get(uid)
    if (!waiting) return this.add(pod)
    waiting.queued.pod = pod
    if (specChanged) this.#retry(waiting.queued)
    return undefined
  }

  delete(uid: string): void {
    this.#active.delete(uid)
    this.#backoff.delete(uid)
    this.#unschedulable.delete(uid)
    this.#gated.delete(uid)
    this.#inFlight.delete(uid)
  }

  /** The next pod to try; it counts as in flight until `done`, `reject` or `retryLater`. */
  pop(): QueuedPod | undefined {
    const queued = this.#active.pop()
    if (!queued) return undefined
    queued.attempts++
    this.#inFlight.set(uidOf(queued), { queued, events: [] })
    return queued
  }

  /** The pod found its node. */
  done(uid: string): void {
    this.#inFlight.delete(uid)
  }

  /** No node fits. The pod waits until something happens that may help, judged by the plugins that rejected it. */
  reject(queued: QueuedPod, rejectedBy: readonly string[]): void {
    const flight = this.#inFlight.get(uidOf(queued))
    if (!flight) return // deleted meanwhile
    this.#inFlight.delete(uidOf(queued))
    queued.rejectedBy = rejectedBy
    if (flight.events.some(event => this.#mayHelp(queued, event))) return this.#backOff(queued)
    this.#unschedulable.set(uidOf(queued), { queued, sinceMs: this.#options.clock.now() })
    this.#schedule()
    return undefined
  }

  /** Something failed that has nothing to do with the cluster's state. */
  retryLater(queued: QueuedPod): void {
    if (this.#inFlight.delete(uidOf(queued))) this.#backOff(queued)
  }

  /** Something changed: pods that it may help are tried again. */
  moveOn(event: ClusterEvent): void {
    for (const { queued } of [...this.#unschedulable.values()]) if (this.#mayHelp(queued, event)) this.#retry(queued)
    for (const flight of this.#inFlight.values()) flight.events.push(event)
  }

  #mayHelp(queued: QueuedPod, event: ClusterEvent): boolean {
    if (queued.rejectedBy.length === 0) return true
    return queued.rejectedBy.some(plugin => {
      const hints = this.#options.hintsOf(plugin)
      return hints === undefined || hints.some(hint => eventMatches(hint, event, queued.pod))
    })
  }

  #retry(queued: QueuedPod): void {
    this.#unschedulable.delete(uidOf(queued))
    this.#backOff(queued)
  }

  #backOff(queued: QueuedPod): void {
    const { clock } = this.#options
    const pauseMs = Math.min(FIRST_BACKOFF_MS * 2 ** Math.max(0, queued.attempts - 1), LONGEST_BACKOFF_MS)
    const untilMs = queued.readySinceMs + pauseMs
    const nowMs = clock.now()
    if (untilMs <= nowMs) {
      queued.readySinceMs = nowMs
      return this.#enqueue(queued)
    }
    this.#backoff.push({ queued, untilMs })
    this.#schedule()
    return undefined
  }

  /** One timer for whatever is due next. */
  #schedule(): void {
    const { clock } = this.#options
    this.#cancelTimer()
    let dueMs = this.#backoff.peek()?.untilMs ?? Number.POSITIVE_INFINITY
    for (const { sinceMs } of this.#unschedulable.values()) dueMs = Math.min(dueMs, sinceMs + LONGEST_UNSCHEDULABLE_MS)
    if (Number.isFinite(dueMs)) this.#cancelTimer = clock.after(Math.max(0, dueMs - clock.now()), () => this.#flush())
  }

  #flush(): void {
    const nowMs = this.#options.clock.now()
    for (let next = this.#backoff.peek(); next && next.untilMs <= nowMs; next = this.#backoff.peek()) {
      this.#backoff.pop()
      next.queued.readySinceMs = nowMs
      this.#enqueue(next.queued)
    }
    for (const { queued, sinceMs } of [...this.#unschedulable.values()])
      if (sinceMs + LONGEST_UNSCHEDULABLE_MS <= nowMs) this.#retry(queued)
    this.#schedule()
  }

  [Symbol.dispose](): void {
    this.#cancelTimer()
  }
}
