// An informer keeps a local copy of one kind: list, then watch from there, for ever, and tells handlers what changed.
import type { Status } from '../api/meta/v1.ts'
import { type Clock, delay, systemClock } from '../machinery/clock.ts'
import { deferred } from '../machinery/deferred.ts'
import type { KubeObject } from '../machinery/object.ts'
import type { ResourceType } from '../machinery/resource-type.ts'
import { ApiError, isReason } from '../machinery/status.ts'
import { createBackoff } from './backoff.ts'
import type { Client, WatchQuery } from './client.ts'
import { type Lister, ObjectCache } from './lister.ts'
import { keyOf } from './object-key.ts'

/** Called synchronously, in the order of the changes, after the cache shows them. Must not throw. */
export interface InformerHandler<T> {
  /** @param initial true while the first list is delivered */
  added?(object: T, initial: boolean): void
  /** Also called after a relist for every object whose resourceVersion changed. */
  updated?(object: T, old: T): void
  /** `object` is the last state known; it may be older than the one deleted when the watch missed the deletion. */
  deleted?(object: T): void
}

export interface InformerScope {
  readonly namespace?: string
  readonly labelSelector?: string
  readonly fieldSelector?: string
}

export interface InformerOptions extends InformerScope {
  readonly clock?: Clock
  /** In [0, 1). */
  readonly random?: () => number
  /** Told about every failed list or watch; the informer goes on by itself. */
  readonly onError?: (error: unknown) => void
}

/** A watch that ends sooner than this did not work, even if it ended without an error. */
const HEALTHY_WATCH_MS = 1_000
/** Watches are renewed at a random moment between one and two times this, so that they spread over servers. */
const MIN_WATCH_SECONDS = 300

export class Informer<T extends KubeObject> {
  readonly type: ResourceType<T>
  readonly #client: Client
  readonly #scope: InformerScope
  readonly #clock: Clock
  readonly #random: () => number
  readonly #onError: (error: unknown) => void
  readonly #cache = new ObjectCache<T>()
  readonly #handlers = new Set<InformerHandler<T>>()
  readonly #synced = deferred()
  #hasSynced = false
  #resourceVersion = ''
  #running: Promise<void> | undefined

  constructor(client: Client, type: ResourceType<T>, options: InformerOptions = {}) {
    this.type = type
    this.#client = client
    const { clock = systemClock, random = Math.random, onError, ...scope } = options
    this.#clock = clock
    this.#random = random
    this.#onError = onError ?? (() => undefined)
    this.#scope = scope
    this.#synced.promise.catch(() => undefined) // nobody has to wait for it
  }

  get lister(): Lister<T> {
    return this.#cache
  }
  /** Whether the cache has shown a complete list since the start. */
  get hasSynced(): boolean {
    return this.#hasSynced
  }
  /** The revision up to which the cache is complete; '' before the first list. */
  get resourceVersion(): string {
    return this.#resourceVersion
  }
  /** Resolves after the first complete list was delivered to the handlers; rejects when stopped before. */
  synced(): Promise<void> {
    return this.#synced.promise
  }

  /** Adds a handler; what the cache already holds is delivered to it at once. @returns a function that removes it. */
  on(handler: InformerHandler<T>): () => void {
    for (const object of this.#cache.list()) handler.added?.(object, true)
    this.#handlers.add(handler)
    return () => this.#handlers.delete(handler)
  }

  /** Runs until the signal aborts; calling it again changes nothing. Resolves when stopped; never rejects. */
  start(signal: AbortSignal): Promise<void> {
    this.#running ??= this.#run(signal)
    return this.#running
  }

  async #run(signal: AbortSignal): Promise<void> {
    const backoff = createBackoff({ initialMs: 200, maxMs: 30_000, random: this.#random })
    let listed = false
    while (!signal.aborted) {
      const startedAt = this.#clock.monotonic()
      try {
        if (!listed) {
          await this.#list(signal)
          listed = true
        }
        await this.#watch(signal)
      } catch (error) {
        if (signal.aborted) break
        if (isExpired(error)) listed = false
        else this.#onError(error)
      }
      if (signal.aborted) break
      if (this.#clock.monotonic() - startedAt >= HEALTHY_WATCH_MS) backoff.reset()
      else await delay(this.#clock, backoff.next(), signal).catch(() => undefined) // aborted: the loop ends
    }
    if (!this.#hasSynced) this.#synced.reject(signal.reason)
  }

  async #list(signal: AbortSignal): Promise<void> {
    const { items, resourceVersion } = await this.#client.list(this.type, { ...this.#scope, signal })
    if (signal.aborted) return
    const gone = new Set(this.#cache.keys())
    for (const object of items) {
      gone.delete(keyOf(object.metadata))
      this.#store(object)
    }
    for (const key of gone) this.#remove(key)
    this.#resourceVersion = resourceVersion
    if (this.#hasSynced) return
    this.#hasSynced = true
    this.#synced.resolve()
  }

  async #watch(signal: AbortSignal): Promise<void> {
    const query: WatchQuery = {
      ...this.#scope,
      resourceVersion: this.#resourceVersion,
      allowWatchBookmarks: true,
      timeoutSeconds: Math.ceil(MIN_WATCH_SECONDS * (1 + this.#random())),
      signal,
    }
    for await (const { type, object } of this.#client.watch(this.type, query)) {
      if (signal.aborted) return
      if (type === 'ERROR') throw ApiError.from(object as unknown as Status)
      if (type === 'ADDED' || type === 'MODIFIED') this.#store(object)
      else if (type === 'DELETED') this.#remove(keyOf(object.metadata), object)
      this.#resourceVersion = object.metadata.resourceVersion
    }
  }

  #store(object: T): void {
    const old = this.#cache.set(keyOf(object.metadata), object)
    if (!old) for (const handler of this.#handlers) handler.added?.(object, !this.#hasSynced)
    else if (old.metadata.uid !== object.metadata.uid) this.#replaced(old, object)
    else if (old.metadata.resourceVersion !== object.metadata.resourceVersion)
      for (const handler of this.#handlers) handler.updated?.(object, old)
  }

  /** The name was deleted and created again while nobody watched: two events, as a watch would have told. */
  #replaced(old: T, object: T): void {
    for (const handler of this.#handlers) {
      handler.deleted?.(old)
      handler.added?.(object, false)
    }
  }

  #remove(key: string, last?: T): void {
    const old = this.#cache.delete(key)
    if (!old) return
    for (const handler of this.#handlers) handler.deleted?.(last ?? old)
  }
}

/** The watch cannot go on from where it was: list again. */
const isExpired = (error: unknown): boolean =>
  isReason(error, 'Expired') || isReason(error, 'Gone') || (error instanceof ApiError && error.code === 410)
