// The scheduler: takes the most important waiting pod, finds the best node, writes the binding. An API client like any
// other. A cycle (filter, score, reserve) runs without yielding; bindings are written concurrently behind it.
import { setMaxListeners } from 'node:events'
import { Node, PersistentVolume, PersistentVolumeClaim, Pod } from '../../shared/api/core/v1.ts'
import { StorageClass } from '../../shared/api/storage/v1.ts'
import type { KubeObject } from '../../shared/machinery/object.ts'
import type { Client } from '../../shared/client/client.ts'
import { type EventRecorder, createEventRecorder } from '../../shared/client/events.ts'
import { InformerFactory } from '../../shared/client/informer-factory.ts'
import type { Clock } from '../../shared/machinery/clock.ts'
import { deepEqual } from '../../shared/machinery/deep-equal.ts'
import { SchedulerCache } from './cache/scheduler-cache.ts'
import { type PodInfo, podInfoOf } from './cache/pod-info.ts'
import type { SchedulerConfiguration } from './config/configuration.ts'
import { type Listers, listersOf } from './framework/listers.ts'
import { describeFit } from './framework/fit-error.ts'
import { CycleState } from './framework/cycle-state.ts'
import type { PostFilterResult } from './framework/plugin.ts'
import { type Profile, having } from './framework/profile.ts'
import { runBindPlugins } from './framework/run-bind-plugins.ts'
import { findFeasible, scoreNodes, selectNode } from './framework/run-plugins.ts'
import { isSuccess } from './framework/status.ts'
import { notHelpful, tellUnschedulable } from './unschedulable.ts'
import { defaultProfile, makeProfile } from './profiles.ts'
import { type QueuedPod, SchedulingQueue } from './queue/scheduling-queue.ts'
import { Decisions } from './decisions.ts'
import type { SchedulerSight } from './sight.ts'

export interface SchedulerOptions {
  readonly client: Client
  readonly clock: Clock
  /** Default: one profile as upstream's, for the pods of `default-scheduler`. */
  readonly configuration?: SchedulerConfiguration
  /** Watches and answers questions, but places no pod: another scheduler does. */
  readonly passive?: boolean
  /** 0 ≤ x < 1; breaks ties between equally good nodes. */
  readonly random?: () => number
  readonly onError?: (error: unknown) => void
}

export interface Scheduler extends AsyncDisposable {
  readonly sight: SchedulerSight
  /** Pods waiting, by queue. */
  readonly depth: SchedulingQueue['depth']
}

/** A slice of cycles before the event loop gets its turn. */
const SLICE_MS = 8
/** Writes under way; pods that wait for others before they are bound, such as for volumes, do not count. */
const MAX_WRITING = 256

/** Starts scheduling; resolves when nodes and pods are known. Ends with the signal or when disposed. */
export async function startScheduler(options: SchedulerOptions, signal?: AbortSignal): Promise<Scheduler> {
  const stop = new AbortController()
  const ended = signal ? AbortSignal.any([signal, stop.signal]) : stop.signal
  setMaxListeners(0, ended) // every pod that waits for its volumes listens
  const scheduler = new RunningScheduler(options, ended)
  await scheduler.start()
  return {
    sight: scheduler.sight(),
    get depth() {
      return scheduler.queue.depth
    },
    async [Symbol.asyncDispose]() {
      stop.abort()
      scheduler.queue[Symbol.dispose]()
      await scheduler.settled()
    },
  }
}

const finished = ({ status }: Pod) => status.phase === 'Succeeded' || status.phase === 'Failed'

/** Statuses change all the time; only the spec and labels decide where pods fit. */
const placementChanged = (pod: Pod, old: Pod) =>
  !deepEqual(pod.spec, old.spec) || !deepEqual(pod.metadata.labels, old.metadata.labels)

class RunningScheduler {
  readonly queue: SchedulingQueue
  readonly #options: SchedulerOptions
  readonly #signal: AbortSignal
  readonly #profiles: ReadonlyMap<string, Profile>
  readonly #cache = new SchedulerCache()
  readonly #decisions = new Decisions()
  readonly #listers: Listers
  readonly #events: EventRecorder
  readonly #informers: InformerFactory
  readonly #bindings = new Set<Promise<void>>()
  #writing = 0
  #start = 0
  #scheduled = false
  #ready = false

  constructor(options: SchedulerOptions, signal: AbortSignal) {
    this.#options = options
    this.#signal = signal
    const { client, clock, onError } = options
    this.#informers = new InformerFactory(client, clock, onError ? { onError } : {})
    this.#listers = listersOf(this.#informers)
    this.#events = createEventRecorder({
      client: options.client,
      clock: options.clock,
      component: 'default-scheduler',
      signal,
    })
    this.#profiles = this.#profilesOver(this.#listers)
    const plugins = new Map(
      [...this.#profiles.values()].flatMap(profile => profile.plugins.map(({ plugin }) => [plugin.name, plugin])),
    )
    this.queue = new SchedulingQueue({
      clock: options.clock,
      admits: pod => this.#admits(pod),
      hintsOf: name => plugins.get(name)?.requeueOn,
      onActive: () => this.#wake(),
      ...(options.configuration
        ? {
            initialBackoffMs: options.configuration.podInitialBackoffMs,
            maxBackoffMs: options.configuration.podMaxBackoffMs,
          }
        : {}),
    })
  }

  async start(): Promise<void> {
    const informers = this.#informers
    informers.informer(Node).on({
      added: node => this.#nodeChanged(node),
      updated: (node, old) => this.#nodeChanged(node, old),
      deleted: node => {
        this.#cache.removeNode(node.metadata.name)
        this.queue.moveOn({ kind: 'Node', action: 'deleted', object: node })
      },
    })
    informers.informer(Pod).on({
      added: pod => this.#podChanged(pod),
      updated: (pod, old) => this.#podChanged(pod, old),
      deleted: pod => this.#podGone(pod),
    })
    for (const type of [PersistentVolumeClaim, PersistentVolume, StorageClass])
      informers.informer<KubeObject>(type).on({
        added: object => this.queue.moveOn({ kind: type.kind, action: 'added', object }),
        updated: (object, old) => this.queue.moveOn({ kind: type.kind, action: 'updated', object, old }),
      })
    informers.start(this.#signal)
    await informers.synced()
    this.#ready = true
    this.#wake()
  }

  #profilesOver(listers: Listers): ReadonlyMap<string, Profile> {
    const { client, clock, configuration } = this.#options
    const parts = { client, clock, listers, events: this.#events, signal: this.#signal }
    const made = configuration?.profiles.map(given => makeProfile(parts, given)) ?? [defaultProfile(parts)]
    return new Map(made.map(profile => [profile.schedulerName, profile]))
  }

  sight(): SchedulerSight {
    return {
      view: this.#cache,
      listers: this.#listers,
      profiles: listers => this.#profilesOver(listers),
      placeOf: uid => this.queue.placeOf(uid),
      waiting: () => this.queue.waiting(),
      lastDecision: uid => this.#decisions.get(uid),
    }
  }

  async settled(): Promise<void> {
    await Promise.allSettled(this.#bindings)
  }

  #nodeChanged(node: Node, old?: Node): void {
    this.#cache.setNode(node)
    // Heartbeats change nothing that placement depends on.
    const same =
      old &&
      deepEqual(node.spec, old.spec) &&
      deepEqual(node.status.allocatable, old.status.allocatable) &&
      deepEqual(node.metadata.labels, old.metadata.labels)
    if (!same)
      this.queue.moveOn({ kind: 'Node', action: old ? 'updated' : 'added', object: node, ...(old ? { old } : {}) })
  }

  #podChanged(pod: Pod, old?: Pod): void {
    const { uid } = pod.metadata
    if (old && old.metadata.uid !== uid) {
      this.#podGone(old) // replaced by another of its name while nobody watched
      return this.#podChanged(pod)
    }
    if (finished(pod)) return this.#podGone(pod)
    if (pod.spec.nodeName) {
      const wasWaiting = !old?.spec.nodeName
      this.#cache.setPod(pod)
      this.#cache.dropNomination(uid)
      if (wasWaiting) this.queue.delete(uid)
      if (wasWaiting) this.queue.moveOn({ kind: 'Pod', action: 'added', object: pod })
      else if (placementChanged(pod, old)) this.queue.moveOn({ kind: 'Pod', action: 'updated', object: pod, old })
      return
    }
    if (!this.#profiles.has(pod.spec.schedulerName ?? '') || pod.metadata.deletionTimestamp)
      return this.queue.delete(uid)
    if (this.#cache.isAssumed(uid)) return this.queue.refresh(pod)
    if (pod.status.nominatedNodeName) this.#cache.nominate(podInfoOf(pod), pod.status.nominatedNodeName)
    if (!old) return this.queue.add(pod)
    this.queue.update(pod, placementChanged(pod, old))
  }

  #podGone(pod: Pod): void {
    const { uid } = pod.metadata
    this.queue.delete(uid)
    this.#decisions.delete(uid)
    const counted = pod.spec.nodeName || this.#cache.isAssumed(uid) || this.#cache.nominationOf(uid)
    this.#cache.dropNomination(uid)
    if (!counted) return
    this.#cache.removePod(uid)
    this.queue.moveOn({ kind: 'Pod', action: 'deleted', object: pod })
  }

  #admits(pod: Pod): boolean {
    const profile = this.#profiles.get(pod.spec.schedulerName ?? '')
    if (!profile) return false
    return having(profile, 'preEnqueue').every(plugin => isSuccess(plugin.preEnqueue(pod)))
  }

  #wake(): void {
    if (this.#scheduled || !this.#ready || this.#options.passive || this.#signal.aborted) return
    this.#scheduled = true
    setImmediate(() => this.#slice())
  }

  #slice(): void {
    this.#scheduled = false
    const { clock } = this.#options
    const untilMs = clock.monotonic() + SLICE_MS
    while (!this.#signal.aborted && this.#writing < MAX_WRITING) {
      const queued = this.queue.pop()
      if (!queued) return
      try {
        this.#schedule(queued)
      } catch (error) {
        this.#options.onError?.(error)
        this.queue.retryLater(queued)
      }
      if (clock.monotonic() >= untilMs) return this.#wake()
    }
  }

  #schedule(queued: QueuedPod): void {
    const { pod } = queued
    const profile = this.#profiles.get(pod.spec.schedulerName ?? '')
    if (!profile) return this.queue.done(pod.metadata.uid)
    const info = podInfoOf(pod)
    const state = new CycleState()
    const found = findFeasible(profile, state, info, this.#cache, this.#start)
    this.#start = found.nextStart
    const scores =
      found.feasible.length > 1
        ? scoreNodes(profile, state, info, found.feasible)
        : found.feasible.map(node => ({ node, total: 0 }))
    const choice = selectNode(scores, this.#options.random ?? Math.random)
    if (choice) {
      this.#decisions.placed(pod.metadata.uid, this.#options.clock.now(), choice.node.name, scores)
      return this.#place(profile, state, queued, info, choice.node.name)
    }
    this.#rejected(profile, state, queued, info, found)
  }

  /** Counts the pod on its node at once; the binding is written behind the next cycles. */
  #place(profile: Profile, state: CycleState, queued: QueuedPod, info: PodInfo, nodeName: string): void {
    const node = this.#cache.node(nodeName)
    if (!node) return this.queue.retryLater(queued)
    this.#cache.assume(info, nodeName)
    for (const plugin of having(profile, 'reserve')) {
      const status = plugin.reserve(state, info, node)
      if (isSuccess(status)) continue
      this.#unreserve(profile, state, info, nodeName)
      return this.queue.reject(queued, [plugin.name])
    }
    this.#track(() => this.#bind(profile, state, queued, info, nodeName))
  }

  #track(work: () => Promise<void>): void {
    this.#writing++
    const tracked = work()
      .catch((error: unknown) => this.#options.onError?.(error))
      .finally(() => {
        this.#bindings.delete(tracked)
        this.#freeSlot()
      })
    this.#bindings.add(tracked)
  }

  #freeSlot(): void {
    if (this.#writing-- === MAX_WRITING) this.#wake()
  }

  /** Leaves the slot to others meanwhile. */
  async #withoutSlot<T>(wait: Promise<T>): Promise<T> {
    this.#freeSlot()
    try {
      return await wait
    } finally {
      this.#writing++
    }
  }

  #unreserve(profile: Profile, state: CycleState, info: PodInfo, nodeName: string): void {
    const node = this.#cache.node(nodeName)
    if (node) for (const plugin of having(profile, 'unreserve').toReversed()) plugin.unreserve(state, info, node)
    this.#cache.forget(info.pod.metadata.uid)
  }

  async #bind(profile: Profile, state: CycleState, queued: QueuedPod, info: PodInfo, nodeName: string): Promise<void> {
    const { pod } = info
    const node = this.#cache.node(nodeName)
    const problem =
      node && (await runBindPlugins(profile, state, info, nodeName, this.#cache, wait => this.#withoutSlot(wait)))
    if (problem === undefined && node) {
      this.queue.done(pod.metadata.uid)
      this.#events.event(
        pod,
        'Normal',
        'Scheduled',
        `Successfully assigned ${pod.metadata.namespace}/${pod.metadata.name} to ${nodeName}`,
      )
      for (const plugin of having(profile, 'postBind')) plugin.postBind(state, info, nodeName)
      return
    }
    this.#unreserve(profile, state, info, nodeName)
    this.queue.moveOn({ kind: 'Pod', action: 'deleted', object: pod })
    this.queue.retryLater(queued)
    if (!this.#signal.aborted)
      this.#events.event(pod, 'Warning', 'FailedScheduling', `binding rejected: ${problem ?? 'the node is gone'}`)
  }

  /** No node fits: try to make room, tell the user, wait for a change. */
  #rejected(
    profile: Profile,
    state: CycleState,
    queued: QueuedPod,
    info: PodInfo,
    { statuses, rejection }: ReturnType<typeof findFeasible>,
  ): void {
    let note: string | undefined
    let result: PostFilterResult | undefined
    for (const plugin of having(profile, 'postFilter')) {
      if (rejection && rejection.code !== 'Unschedulable') {
        note = notHelpful(this.#cache.nodes.length)
        break
      }
      result = plugin.postFilter(state, info, this.#cache, statuses)
      if (result.status.reasons.length > 0) note = result.status.reasons.join(' ')
      if (isSuccess(result.status)) break
    }
    // At once: the next cycle must not count on the same room.
    const nominated = result?.nominatedNodeName
    if (nominated !== undefined) this.#cache.nominate(info, nominated || undefined)
    const rejectedBy = rejection ? [rejection.plugin] : [...new Set([...statuses.values()].map(({ plugin }) => plugin))]
    const message = describeFit(this.#cache.nodes.length, statuses, rejection, note)
    this.#decisions.rejected(info.pod.metadata.uid, this.#options.clock.now(), message)
    this.#events.event(info.pod, 'Warning', 'FailedScheduling', message)
    const carryOut = result?.carryOut
    if (!carryOut) this.queue.reject(queued, rejectedBy)
    if (this.#signal.aborted) return
    this.#track(async () => {
      try {
        await tellUnschedulable(this.#options, info.pod, message, nominated)
        await carryOut?.()
      } finally {
        // Only now: tried again before its victims are on their way, it would look for others.
        if (carryOut) this.queue.reject(queued, rejectedBy)
      }
    })
  }
}
