// The scheduler: takes the most important waiting pod, finds the best node, writes the binding. An API client like any
// other. A cycle (filter, score, reserve) runs without yielding; bindings are written concurrently behind it.
import { setMaxListeners } from 'node:events'
import { hostname } from 'node:os'
import type { Pod } from '../../shared/api/core/v1.ts'
import type { Client } from '../../shared/client/client.ts'
import { type SeriesRecorder, createSeriesRecorder } from '../../shared/client/event-series.ts'
import { InformerFactory } from '../../shared/client/informer-factory.ts'
import type { Clock } from '../../shared/machinery/clock.ts'
import { messageOf } from '../../shared/machinery/message-of.ts'
import type { NodeInfo } from './cache/node-info.ts'
import { SchedulerCache } from './cache/scheduler-cache.ts'
import { type PodInfo, podInfoOf } from './cache/pod-info.ts'
import type { SchedulerConfiguration } from './config/configuration.ts'
import { ExtenderCalls } from './extenders/calls.ts'
import { type Advice, consult, consultAboutVictims, extenderBinder } from './extenders/consult.ts'
import { Extender } from './extenders/extender.ts'
import { leftNode } from './framework/cluster-event.ts'
import { type Listers, listersOf } from './framework/listers.ts'
import { describeFit } from './framework/fit-error.ts'
import { CycleState } from './framework/cycle-state.ts'
import type { NodeStatuses, PostFilterResult, Rejection } from './framework/plugin.ts'
import { type Profile, having } from './framework/profile.ts'
import { runBindPlugins } from './framework/run-bind-plugins.ts'
import { findFeasible, scoreNodes, selectNode } from './framework/run-plugins.ts'
import { failed, isSuccess, unresolvable } from './framework/status.ts'
import { notHelpful, tellUnschedulable } from './unschedulable.ts'
import { followCluster } from './follow-cluster.ts'
import { DEFAULT_SCHEDULER } from './default-plugins.ts'
import { defaultProfile, makeProfile } from './profiles.ts'
import { SchedulingQueue } from './queue/scheduling-queue.ts'
import type { QueuedPod } from './queue/queued-pod.ts'
import { Decisions } from './decisions.ts'
import type { AttemptResult, SchedulerMetrics } from './scheduler-metrics.ts'
import type { SchedulerSight } from './sight.ts'
import { Writes } from './writes.ts'

export interface SchedulerOptions {
  readonly client: Client
  readonly clock: Clock
  /** Default: one profile as upstream's, for the pods of `default-scheduler`. */
  readonly configuration?: SchedulerConfiguration
  /** Watches and answers questions, but places no pod: another scheduler does. */
  readonly passive?: boolean
  /** 0 ≤ x < 1; breaks ties between equally good nodes, and says where preemption begins to search. */
  readonly random?: () => number
  readonly onError?: (error: unknown) => void
  readonly metrics?: SchedulerMetrics
}

export interface Scheduler extends AsyncDisposable {
  readonly sight: SchedulerSight
  /** Pods waiting, by queue. */
  readonly depth: SchedulingQueue['depth']
}

/** A pod for which no node was found. */
interface Attempt {
  readonly profile: Profile
  readonly state: CycleState
  readonly queued: QueuedPod
  readonly info: PodInfo
  readonly statuses: NodeStatuses
  readonly rejection: Rejection | undefined
}

/** A slice of cycles before the event loop gets its turn. */
const SLICE_MS = 8

/** Starts scheduling; resolves when nodes and pods are known. Ends with the signal or when disposed. */
export async function startScheduler(options: SchedulerOptions, signal?: AbortSignal): Promise<Scheduler> {
  const stop = new AbortController()
  const ended = signal ? AbortSignal.any([signal, stop.signal]) : stop.signal
  setMaxListeners(0, ended) // every pod that waits for its volumes listens
  const scheduler = new RunningScheduler(options, ended)
  options.metrics?.follow(() => scheduler.queue.depth)
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

class RunningScheduler {
  readonly queue: SchedulingQueue
  readonly #options: SchedulerOptions
  readonly #signal: AbortSignal
  readonly #profiles: ReadonlyMap<string, Profile>
  readonly #cache = new SchedulerCache()
  readonly #decisions = new Decisions()
  readonly #listers: Listers
  /** By the scheduler's name that their Events tell. */
  readonly #recorders = new Map<string, SeriesRecorder>()
  readonly #informers: InformerFactory
  readonly #writes: Writes
  readonly #extenders: readonly Extender[]
  /** When the attempt that goes on began. */
  readonly #began = new WeakMap<QueuedPod, number>()
  /** As upstream, no other pod is placed while extenders are asked about one: they count on what they said before. */
  #asking = false
  #start = 0
  #scheduled = false
  #ready = false

  constructor(options: SchedulerOptions, signal: AbortSignal) {
    this.#options = options
    this.#signal = signal
    const { client, clock, onError } = options
    this.#writes = new Writes(() => this.#wake(), onError)
    this.#informers = new InformerFactory(client, clock, onError ? { onError } : {})
    const extenders = options.configuration?.extenders ?? []
    this.#extenders = extenders.map(given => new Extender(given, new ExtenderCalls(given, signal)))
    this.#listers = listersOf(this.#informers)
    this.#profiles = this.#profilesOver(this.#listers)
    const plugins = new Map(
      [...this.#profiles.values()].flatMap(profile => profile.plugins.map(({ plugin }) => [plugin.name, plugin])),
    )
    this.queue = new SchedulingQueue({
      clock: options.clock,
      gateOf: pod => this.#gateOf(pod),
      view: this.#cache,
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
    followCluster(informers, {
      cache: this.#cache,
      queue: this.queue,
      decisions: this.#decisions,
      isOurs: name => this.#profiles.has(name),
    })
    informers.start(this.#signal)
    await informers.synced()
    this.#ready = true
    this.#wake()
  }

  #profilesOver(listers: Listers): ReadonlyMap<string, Profile> {
    const { client, clock, configuration, random = Math.random } = this.#options
    const parts = (name: string) => ({
      client,
      clock,
      listers,
      random,
      events: this.#events(name),
      signal: this.#signal,
      extendersChoose: this.#extenders.some(({ chooses }) => chooses),
      binders: this.#extenders.some(({ binds }) => binds) ? [extenderBinder(this.#extenders)] : [],
    })
    const made = configuration?.profiles.map(given => makeProfile(parts(given.schedulerName), given)) ?? [
      defaultProfile(parts(DEFAULT_SCHEDULER)),
    ]
    return new Map(made.map(profile => [profile.schedulerName, profile]))
  }

  #events(name: string): SeriesRecorder {
    const known = this.#recorders.get(name)
    if (known) return known
    const { client, clock } = this.#options
    const recorder = createSeriesRecorder({
      client,
      clock,
      reportingController: name,
      reportingInstance: `${name}-${hostname()}`,
      signal: this.#signal,
    })
    this.#recorders.set(name, recorder)
    return recorder
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
    await this.#writes.settled()
  }

  #gateOf(pod: Pod): string | undefined {
    const profile = this.#profiles.get(pod.spec.schedulerName ?? '')
    return profile && having(profile, 'preEnqueue').find(plugin => !isSuccess(plugin.preEnqueue(pod)))?.name
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
    while (!this.#signal.aborted && this.#writes.hasRoom && !this.#asking) {
      const queued = this.queue.pop()
      if (!queued) return
      try {
        this.#schedule(queued)
      } catch (error) {
        this.#options.onError?.(error)
        this.#ended(queued, 'error')
        this.queue.retryLater(queued)
      }
      if (clock.monotonic() >= untilMs) return this.#wake()
    }
  }

  #schedule(queued: QueuedPod): void {
    const { pod } = queued
    const profile = this.#profiles.get(pod.spec.schedulerName ?? '')
    if (!profile) return this.queue.done(pod.metadata.uid)
    this.#began.set(queued, this.#options.clock.monotonic())
    const extenders = this.#extenders.filter(extender => extender.caresFor(pod))
    if (extenders.length > 0) return this.#scheduleAsking(profile, queued, extenders)
    const attempt = this.#attempt(profile, queued)
    if (attempt) this.#reject(attempt, this.#makeRoom(attempt))
  }

  #ended(queued: QueuedPod, result: AttemptResult): void {
    const since = this.#began.get(queued)
    if (since === undefined || !this.#began.delete(queued)) return
    const { metrics, clock } = this.#options
    metrics?.attempted(result, queued.pod.spec.schedulerName ?? '', clock.monotonic() - since)
  }

  /** The cycle of a pod that extenders care for. The cluster moves on while they are asked, so it is looked at again. */
  #scheduleAsking(profile: Profile, queued: QueuedPod, extenders: readonly Extender[]): void {
    this.#asking = true
    const ask = async () => {
      const { advice, promisedTo } = await this.#advice(profile, queued.pod, extenders)
      const attempt = this.#attempt(profile, queued, advice, promisedTo)
      if (attempt) this.#reject(attempt, await this.#makeRoomAsking(attempt, extenders))
    }
    this.#writes.start(async () => {
      try {
        await ask().catch((error: unknown) => this.#fail(profile, queued, messageOf(error)))
      } finally {
        this.#asking = false
        this.#wake()
      }
    })
  }

  /** Of the node that is promised to the pod; where they do not want that, of all. @throws Error when one fails */
  async #advice(
    profile: Profile,
    pod: Pod,
    extenders: readonly Extender[],
    promisedTo = this.#cache.nominationOf(pod.metadata.uid) ?? '',
  ): Promise<{ advice: Advice; promisedTo: string }> {
    const info = podInfoOf(pod)
    const [view, start, share] = [this.#cache, this.#start, profile.percentageOfNodesToScore]
    const { feasible } = findFeasible(profile, new CycleState(), info, view, start, share, promisedTo)
    const advice = await consult(extenders, pod, feasible)
    const isRefused = promisedTo !== '' && feasible.length > 0 && advice.accepted.size === 0
    return isRefused ? this.#advice(profile, pod, extenders, '') : { advice, promisedTo }
  }

  /** Places the pod, if a node fits. @param promisedTo the node to look at first, '' for none */
  #attempt(profile: Profile, queued: QueuedPod, advice?: Advice, promisedTo?: string): Attempt | undefined {
    const { pod } = queued
    const info = podInfoOf(pod)
    const state = new CycleState()
    const share = profile.percentageOfNodesToScore
    const found = findFeasible(profile, state, info, this.#cache, this.#start, share, promisedTo)
    this.#start = found.nextStart
    const { failure } = found
    if (failure !== undefined) {
      this.#writes.start(() => this.#fail(profile, queued, failure))
      return undefined
    }
    const feasible = advice ? found.feasible.filter(({ name }) => advice.accepted.has(name)) : found.feasible
    const ownScores =
      feasible.length > 1 ? scoreNodes(profile, state, info, feasible) : feasible.map(node => ({ node, total: 0 }))
    const scores = advice
      ? ownScores.map(({ node, total }) => ({ node, total: total + (advice.scores.get(node.name) ?? 0) }))
      : ownScores
    const choice = selectNode(scores, this.#options.random ?? Math.random)
    if (choice) {
      this.#decisions.placed(pod.metadata.uid, this.#options.clock.now(), choice.node.name, scores)
      this.#place(profile, state, queued, info, choice.node)
      return undefined
    }
    for (const node of advice ? found.feasible : []) {
      const rejection = advice?.rejections.get(node.name)
      if (rejection) found.statuses.add(node, rejection)
    }
    return { profile, state, queued, info, statuses: found.statuses, rejection: found.rejection }
  }

  /** Something went wrong that says nothing of the nodes: the pod could not be judged, or not be bound. */
  #fail(profile: Profile, queued: QueuedPod, message: string): Promise<void> {
    this.#ended(queued, 'error')
    this.queue.retryLater(queued)
    if (this.#signal.aborted) return Promise.resolve()
    this.#decisions.rejected(queued.pod.metadata.uid, this.#options.clock.now(), message)
    this.#events(profile.schedulerName).event(queued.pod, 'Warning', 'FailedScheduling', 'Scheduling', message)
    return tellUnschedulable(this.#options, queued.pod, message, undefined, 'SchedulerError')
  }

  /** Counts the pod on its node at once; the binding is written behind the next cycles. */
  #place(profile: Profile, state: CycleState, queued: QueuedPod, info: PodInfo, node: NodeInfo): void {
    this.#cache.assume(info, node.name)
    for (const plugin of having(profile, 'reserve')) {
      const status = plugin.reserve(state, info, node)
      if (isSuccess(status)) continue
      this.#unreserve(profile, state, info, node)
      this.#ended(queued, 'unschedulable')
      return this.queue.reject(queued, [plugin.name])
    }
    this.#writes.start(() => this.#bind(profile, state, queued, info, node))
  }

  /** @param node it may have gone meanwhile */
  #unreserve(profile: Profile, state: CycleState, info: PodInfo, node: NodeInfo): void {
    for (const plugin of having(profile, 'unreserve').toReversed()) plugin.unreserve(state, info, node)
    this.#cache.forget(info.pod.metadata.uid)
  }

  async #bind(profile: Profile, state: CycleState, queued: QueuedPod, info: PodInfo, node: NodeInfo): Promise<void> {
    const { pod } = info
    const waiting = <T>(wait: Promise<T>) => this.#writes.aside(wait)
    const problem = await runBindPlugins(profile, state, info, node.name, this.#cache, waiting)
    if (problem === undefined) {
      this.#ended(queued, 'scheduled')
      this.queue.done(pod.metadata.uid)
      this.#events(profile.schedulerName).event(
        pod,
        'Normal',
        'Scheduled',
        'Binding',
        `Successfully assigned ${pod.metadata.namespace}/${pod.metadata.name} to ${node.name}`,
      )
      for (const plugin of having(profile, 'postBind')) plugin.postBind(state, info, node.name)
      return
    }
    this.#unreserve(profile, state, info, node)
    this.queue.moveOn(leftNode(pod, node.name))
    await this.#fail(profile, queued, problem)
  }

  /** No node fits: what would make room. */
  #makeRoom({ profile, state, info, statuses, rejection }: Attempt): PostFilterResult[] {
    const results: PostFilterResult[] = []
    for (const plugin of having(profile, 'postFilter')) {
      const isHopeless = rejection !== undefined && rejection.code !== 'Unschedulable'
      const result = isHopeless
        ? { status: unresolvable(notHelpful(this.#cache.nodes.length)) }
        : plugin.postFilter(state, info, this.#cache, statuses)
      results.push(result)
      if (isHopeless || isSuccess(result.status)) break
    }
    return results
  }

  /** The same, of what extenders leave of it. */
  async #makeRoomAsking(attempt: Attempt, extenders: readonly Extender[]): Promise<PostFilterResult[]> {
    const podsOn = (nodeName: string) => {
      const node = this.#cache.node(nodeName)
      return node && [...node.pods.values()].map(({ pod }) => pod)
    }
    const reconsider = async (result: PostFilterResult): Promise<PostFilterResult> => {
      const { choice } = result
      if (!choice) return result
      const left = await consultAboutVictims(extenders, attempt.info.pod, choice.candidates, podsOn)
      return left === choice.candidates ? result : choice.among(left)
    }
    return Promise.all(
      this.#makeRoom(attempt).map(result =>
        reconsider(result).catch((error: unknown) => ({ status: failed(messageOf(error)) })),
      ),
    )
  }

  /** Tells the user, makes the room, waits for a change. */
  #reject({ profile, queued, info, statuses, rejection }: Attempt, results: readonly PostFilterResult[]): void {
    this.#ended(queued, 'unschedulable')
    // At once: the next cycle must not count on the same room.
    const nominated = results.findLast(({ nominatedNodeName }) => nominatedNodeName !== undefined)?.nominatedNodeName
    const { uid } = info.pod.metadata
    const before = this.#cache.nominationOf(uid)
    if (nominated !== undefined) this.#cache.nominate(info, nominated || undefined)
    if (before !== undefined && before !== this.#cache.nominationOf(uid)) this.queue.moveOn(leftNode(info.pod, before))
    const rejectedBy = rejection ? [rejection.plugin] : pluginsOf(statuses)
    const notes = results.flatMap(({ status }) => status.reasons).join(', ')
    const message = describeFit(this.#cache.nodes.length, statuses, rejection, notes || undefined)
    this.#decisions.rejected(uid, this.#options.clock.now(), message)
    this.#events(profile.schedulerName).event(info.pod, 'Warning', 'FailedScheduling', 'Scheduling', message)
    const toDo = results.flatMap(({ carryOut }) => carryOut ?? [])
    if (toDo.length === 0) this.queue.reject(queued, rejectedBy)
    if (this.#signal.aborted) return
    this.#writes.start(async () => {
      // At the same time, as upstream: victims go even where the pod cannot be told of it.
      const told = tellUnschedulable(this.#options, info.pod, message, nominated)
      const results = await Promise.allSettled([told, ...toDo.map(carryOut => carryOut())])
      // Only now: tried again before its victims are on their way, it would look for others.
      if (toDo.length > 0) this.queue.reject(queued, rejectedBy)
      const failed = results.find(({ status }) => status === 'rejected')
      if (failed?.status === 'rejected') throw failed.reason
    })
  }
}

function pluginsOf(statuses: NodeStatuses): string[] {
  const plugins = new Set<string>()
  for (const { plugin } of statuses.values()) plugins.add(plugin)
  return [...plugins]
}
