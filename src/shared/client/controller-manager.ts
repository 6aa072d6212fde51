// Runs controllers: one queue and N workers each, over caches that all of them share.
import type { Clock } from '../machinery/clock.ts'
import { deferred } from '../machinery/deferred.ts'
import type { Log } from '../machinery/log.ts'
import type { KubeObject } from '../machinery/object.ts'
import type { ResourceType } from '../machinery/resource-type.ts'
import { ApiError, isConflict } from '../machinery/status.ts'
import type { Client, ObjectRef } from './client.ts'
import { createEventRecorder } from './events.ts'
import { InformerFactory } from './informer-factory.ts'
import type { Informer } from './informer.ts'
import { type RequestLimits, createRequestLimits, limitedClient } from './limited-client.ts'
import { keyOf, refOf } from './object-key.ts'
import { createRateLimiter } from './rate-limiter.ts'
import {
  type Controller,
  type ControllerContext,
  type ControlLoop,
  type Reconciler,
  TerminalError,
} from './reconciler.ts'
import { WorkQueue } from './workqueue.ts'

/** Told about every reconciliation; times in milliseconds. */
/** A queue as it is now. */
export type QueueNumbers = Pick<WorkQueue, 'depth' | 'adds' | 'retried' | 'unfinishedMs'>

export interface ControllerMetrics {
  /** Called once for each controller, before it works. */
  queue?(controller: string, numbers: QueueNumbers): void
  /** A key was taken from a controller's queue. */
  waited?(controller: string, durationMs: number): void
  reconciled?(controller: string, outcome: 'done' | 'requeued' | 'error' | 'terminal', durationMs: number): void
}

export interface ControllerManagerOptions {
  readonly controllers: readonly Controller[]
  /** Reads for the shared caches. */
  readonly client: Client
  /** The client that acts as this service account of kube-system, such as `replicaset-controller`. */
  readonly clientFor: (serviceAccount: string) => Client
  readonly clock: Clock
  readonly log: Log
  readonly metrics?: ControllerMetrics
  /** In [0, 1). */
  readonly random?: () => number
}

const DEFAULT_WORKERS = 5
/** Of all controllers together; an API server takes 200 writes at a time, and others want to write as well. */
const MAX_IN_FLIGHT = 100
/** After a sleep, all that waited must not come at once. */
const AFTER_GAP_MS = 10_000
/** What is due at once, again and again, is tried as seldom as what fails: it must not keep a processor busy. */
const SOON_MS = 10
/** An error that persists is worth a line only this often per key: the 1st, 4th, 8th … attempt. */
const LOG_EVERY = 4

export class ControllerManager implements AsyncDisposable {
  readonly #options: ControllerManagerOptions
  readonly #stop = new AbortController()
  readonly #running: Promise<void>[] = []
  readonly #queues: WorkQueue[] = []
  readonly #limits: RequestLimits
  readonly #ready = deferred()

  constructor(options: ControllerManagerOptions) {
    this.#options = options
    this.#limits = createRequestLimits(options.clock, MAX_IN_FLIGHT)
    this.#ready.promise.catch(() => undefined) // nobody has to wait for it
  }

  /** Aborts when the manager stops. */
  get signal(): AbortSignal {
    return this.#stop.signal
  }

  /** Starts every controller; they stop when the signal aborts or the manager is disposed. */
  start(signal?: AbortSignal): void {
    signal?.addEventListener('abort', () => this.#stop.abort(signal.reason), { once: true, signal: this.#stop.signal })
    if (signal?.aborted) this.#stop.abort(signal.reason)
    const { client, clock, random, log, controllers } = this.#options
    const factory = new InformerFactory(client, clock, {
      ...(random ? { random } : {}),
      onError: error => log.warn({ error: describe(error) }, 'a watch failed; it goes on by itself'),
    })
    const started = controllers.map(controller => this.#start(controller, factory))
    factory.start(this.#stop.signal)
    Promise.all(started).then(
      () => this.#ready.resolve(),
      error => this.#ready.reject(error),
    )
  }

  /** Resolves when the caches of every controller are filled and their workers run. */
  ready(): Promise<void> {
    return this.#ready.promise
  }

  /** The machine slept: whatever waits for a time is looked at again, spread over some seconds. */
  afterGap(): void {
    for (const queue of this.#queues) queue.hasten(AFTER_GAP_MS)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort(new Error('the controllers stop'))
    await Promise.allSettled(this.#running)
  }

  /** @returns when its caches are synced; the work goes on in the background */
  async #start(controller: Controller, factory: InformerFactory): Promise<void> {
    const { clock, log, random } = this.#options
    const signal = this.#stop.signal
    const identity = controller.identity ?? `${controller.name}-controller`
    const client = limitedClient(this.#options.clientFor(identity), this.#limits)
    const component = controller.eventSource ?? identity
    const onTaken = (waitedMs: number) => this.#options.metrics?.waited?.(controller.name, waitedMs)
    const limiter = createRateLimiter(clock, 'backoff' in controller ? controller.backoff : undefined)
    const queue = new WorkQueue({ clock, limiter, onTaken, ...(random ? { random } : {}) })
    this.#queues.push(queue)
    this.#options.metrics?.queue?.(controller.name, queue)
    signal.addEventListener('abort', () => queue.close(), { once: true })
    const informers = new Map<ResourceType<KubeObject>, Informer<KubeObject>>()
    for (const { type } of controller.watches) informers.set(type, factory.informer(type))
    const context: ControllerContext = {
      client,
      clock,
      log,
      signal,
      events: createEventRecorder({ client, clock, component, signal }),
      lister<T extends KubeObject>(type: ResourceType<T>) {
        const informer = informers.get(type)
        if (!informer) throw new Error(`${controller.name} does not watch ${type.kind}`)
        return (informer as unknown as Informer<T>).lister
      },
      enqueue(ref, delayMs = 0) {
        queue.addAfter(keyOf(ref), delayMs)
      },
    }
    for (const watch of controller.watches) {
      if (watch.handler) informers.get(watch.type)?.on(watch.handler(context))
    }
    await Promise.all([...informers.values()].map(informer => informer.synced()))
    if ('run' in controller) this.#running.push(this.#loop(controller, context))
    else {
      for (let worker = 0; worker < (controller.workers ?? DEFAULT_WORKERS); worker++)
        this.#running.push(this.#work(controller, context, queue))
    }
  }

  async #loop(loop: ControlLoop, context: ControllerContext): Promise<void> {
    try {
      await loop.run(context)
    } catch (error) {
      if (!context.signal.aborted) context.log.error({ controller: loop.name, error: describe(error) }, 'stopped')
    }
  }

  async #work(reconciler: Reconciler, context: ControllerContext, queue: WorkQueue): Promise<void> {
    for (let key = await queue.take(); key !== undefined; key = await queue.take()) {
      await this.#reconcile(reconciler, context, queue, key)
      queue.done(key)
    }
  }

  async #reconcile(reconciler: Reconciler, context: ControllerContext, queue: WorkQueue, key: string): Promise<void> {
    const { clock, log, metrics } = this.#options
    const startedAt = clock.monotonic()
    const report = (outcome: 'done' | 'requeued' | 'error' | 'terminal') =>
      metrics?.reconciled?.(reconciler.name, outcome, clock.monotonic() - startedAt)
    try {
      const object = context.lister(reconciler.type).byKey(key)
      const ref: ObjectRef = refOf(key)
      const result = object ? await reconciler.reconcile(object, context) : await reconciler.gone?.(ref, context)
      if (result?.requeueAfterMs !== undefined && result.requeueAfterMs < SOON_MS) queue.addRateLimited(key, true)
      else {
        queue.forget(key)
        if (result?.requeueAfterMs !== undefined) queue.addAfter(key, result.requeueAfterMs)
      }
      report(result?.requeueAfterMs === undefined ? 'done' : 'requeued')
    } catch (error) {
      if (context.signal.aborted) return
      const fields = { controller: reconciler.name, object: key, error: describe(error) }
      if (error instanceof TerminalError) {
        queue.forget(key)
        log.warn(fields, 'reconciliation gave up until the object changes')
        report('terminal')
        return
      }
      // A conflict only says that the cache is behind: the next attempt sees the newer object.
      const isBehind = isConflict(error)
      if (!isBehind && queue.retries(key) % LOG_EVERY === 0) log.warn(fields, 'reconciliation failed; it is retried')
      queue.addRateLimited(key, isBehind)
      report('error')
    }
  }
}

const describe = (error: unknown): string =>
  error instanceof ApiError ? error.message : error instanceof Error ? (error.stack ?? error.message) : String(error)
