// The watch cache: every object decoded once, a ring of recent events, and all reads answered from memory.
import type { AnyObject } from '../../shared/machinery/object.ts'
import { type Clock, systemClock } from '../../shared/machinery/clock.ts'
import { AwaitedRevisions } from './awaited-revisions.ts'
import {
  type Engine,
  type EngineHealth,
  type EngineRecord,
  type EngineWrite,
  type Guard,
  type ListOptions,
  type ListPage,
  type ObjectStore,
  SETTINGS_PREFIX,
  type Stored,
  StoreError,
  type StoreEvent,
  type WatchHandle,
  type WatchOptions,
} from './contract.ts'
import {
  copyForReaders,
  decodeRecord,
  deletedAt,
  encodeObjectInPieces,
  encodeSmallObject,
  type ReadersCopy,
  recordOf,
  shownAs,
} from './encoding.ts'
import { EventRing, type HistoryLimits } from './event-ring.ts'
import { FieldIndexes } from './field-indexes.ts'
import { Guards } from './guards.ts'
import { JsonCache } from './json-cache.ts'
import { listPage } from './list.ts'
import { LiveObjects } from './live-objects.ts'
import { silentLog, type StoreLog } from './log.ts'
import { inTurns, Pacer, type Pieces } from '../pieces/pacer.ts'
import { Watchers } from './watchers.ts'

export interface ObjectStoreOptions {
  readonly clock?: Clock
  readonly log?: StoreLog
  readonly signal?: AbortSignal
  readonly history?: Partial<HistoryLimits>
  /** Encoded objects kept for sharing, in bytes. */
  readonly jsonCacheBytes?: number
  /** Asked about objects with long numbers or tiny amounts: older versions may have written such where this one wants none. */
  readonly narrowNumbers?: (object: AnyObject) => AnyObject
  /** How long an object stays after it was written last; undefined: until it is deleted. */
  readonly ttlMs?: (key: string) => number | undefined
  /** How often old history is forgotten; 0 = only when `compact` is called. */
  readonly compactEveryMs?: number
  /** History younger than this is kept, as far as the ring's limits allow. */
  readonly keepHistoryMs?: number
}

const MIB = 1024 * 1024
const HISTORY: HistoryLimits = { maxEvents: 20_000, minEvents: 1_000, maxBytes: 32 * MIB }
/** What an event weighs beside its text. */
const EVENT_OVERHEAD_BYTES = 512
const FIVE_MINUTES_MS = 300_000
/** All that may be beyond what a number can count, and amounts in millionths or less. */
const ODD_NUMBER = /\d{16}|\d(?:[nu]|e-\d)"/

/**
 * Loads the engine's state into memory and serves it.
 * The store owns the engine from here on: disposing of it closes the engine.
 */
export async function openObjectStore(engine: Engine, options: ObjectStoreOptions = {}): Promise<ObjectStore> {
  const store = new CachedObjectStore(engine, options)
  await store.load(options.signal)
  return store
}

interface Draft {
  readonly object: AnyObject
  /** Its text. */
  readonly value: string
  readonly copy: ReadersCopy | undefined
}

/** Whatever takes long about a write is done before it: what is durable is shown at once. */
function draftOf(object: AnyObject): Draft | Promise<Draft> {
  const value = encodeSmallObject(object)
  // It is copied fast enough once it is written.
  return value === undefined ? inTurns(draftInPieces(object)) : { object, value, copy: undefined }
}

function* draftInPieces(object: AnyObject): Pieces<Draft> {
  const value = yield* encodeObjectInPieces(object)
  return { object, value, copy: yield* copyForReaders(object, value) }
}

class CachedObjectStore implements ObjectStore {
  readonly #engine: Engine
  readonly #options: ObjectStoreOptions
  readonly #clock: Clock
  #live = new LiveObjects()
  readonly #texts: JsonCache
  readonly #indexes = new FieldIndexes()
  readonly #ring: EventRing
  readonly #watchers: Watchers
  readonly #awaited = new AwaitedRevisions()
  readonly #guards: Guards
  #revision: number
  #closed = false
  /** Why nothing is written now. */
  #held: string | undefined
  readonly #writing = new Set<Promise<number>>()
  /** What is being written, by key: told back by the engine, it need not be decoded. */
  readonly #drafts = new Map<string, Draft>()
  /** Those whose text says something else. */
  readonly #narrowed = new WeakSet<Stored>()
  #cancelCompaction: () => void = () => undefined

  constructor(engine: Engine, options: ObjectStoreOptions) {
    this.#engine = engine
    this.#options = options
    this.#clock = options.clock ?? systemClock
    this.#revision = engine.revision
    this.#guards = new Guards(engine)
    this.#texts = new JsonCache(options.jsonCacheBytes ?? 64 * MIB)
    this.#ring = new EventRing({ ...HISTORY, ...options.history }, engine.revision)
    const log = options.log ?? silentLog
    this.#watchers = new Watchers(
      this.#ring,
      () => this.#revision,
      error => log.error({ err: error }, 'a watch failed in its receiver and was ended'),
    )
  }

  get revision(): number {
    return this.#revision
  }

  get compactedRevision(): number {
    return this.#ring.floor
  }

  get shared(): boolean {
    return this.#engine.latestRevision !== undefined
  }

  get expires(): boolean {
    return this.#engine.expires === true
  }

  get failed(): Promise<StoreError> {
    return this.#engine.failed
  }

  async load(signal?: AbortSignal): Promise<void> {
    // Commits that arrive while the state streams in are newer than it and wait their turn.
    let early: (readonly EngineRecord[])[] | undefined = []
    this.#engine.onCommit(records => (early ? early.push(records) : this.#publish(records)))
    this.#engine.onReset?.((revision, state) => this.#reset(revision, state))
    this.#live = await this.#gather(this.#engine.load(signal))
    const waiting = early
    early = undefined
    for (const records of waiting) this.#publish(records)
    this.#scheduleCompaction()
  }

  async fresh(asking?: { readonly signal: AbortSignal }): Promise<void> {
    if (this.#closed) throw closedError()
    if (!this.#engine.latestRevision) return
    await this.#engine.latestRevision()
    asking?.signal.throwIfAborted()
  }

  async reached(revision: number, signal: AbortSignal): Promise<void> {
    if (this.#closed) throw closedError()
    if (revision > this.#revision) await this.#awaited.wait(revision, signal)
  }

  get(key: string): Stored | undefined {
    return this.#live.get(key)
  }

  list(prefix: string, options: ListOptions = {}): ListPage {
    const { revision } = options
    if (revision !== undefined) this.#requireKnown(revision)
    return listPage(
      { live: this.#live, ring: this.#ring, indexes: this.#indexes, revision: this.#revision },
      prefix,
      options,
    )
  }

  async create(key: string, object: AnyObject, guards: readonly Guard[] = []): Promise<Stored> {
    if (this.#live.has(key)) await this.fresh()
    if (this.#live.has(key)) throw new StoreError('KeyExists', `${key} exists`)
    const drafting = draftOf(object)
    const draft = drafting instanceof Promise ? await drafting : drafting
    const { value } = draft
    const revision = await this.#commit({ key, value, expect: 0, ...this.#timeToLive(key) }, draft, guards)
    return this.#written({ key, value, revision, createRevision: revision })
  }

  async update(key: string, object: AnyObject, expect: number, guards: readonly Guard[] = []): Promise<Stored> {
    const { createRevision, object: before } = await this.#expectLive(key, expect)
    const drafting = draftOf(object)
    const draft = drafting instanceof Promise ? await drafting : drafting
    const { value } = draft
    const write = { key, value, expect, releases: releases(before, object), ...this.#timeToLive(key) }
    const revision = await this.#commit(write, draft, guards)
    return this.#written({ key, value, revision, createRevision })
  }

  async delete(key: string, expect: number): Promise<Stored> {
    const last = await this.#expectLive(key, expect)
    const revision = await this.#write(() => this.#engine.commit([{ key, value: null, expect }]))
    return this.#told(revision, key) ?? deletedAt(last, revision)
  }

  watch(prefix: string, options: WatchOptions): WatchHandle {
    if (this.#closed) throw closedError()
    this.#requireKept(options.from)
    return this.#watchers.add(prefix, options)
  }

  json(stored: Stored): Buffer {
    return this.#texts.get(stored)
  }

  text(stored: Stored): (() => string) | undefined {
    return this.#texts.textOf(stored)
  }

  async compact(revision: number): Promise<void> {
    if (revision > this.#revision) throw futureError(revision, this.#revision)
    this.#ring.forget(revision)
    await this.#engine.compact(revision)
  }

  async hold(reason: string): Promise<() => void> {
    if (this.#held !== undefined) throw new StoreError('Unavailable', this.#held)
    this.#held = reason
    await Promise.allSettled([...this.#writing])
    return () => (this.#held = undefined)
  }

  health(): EngineHealth {
    return this.#engine.health()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    this.#cancelCompaction()
    await this.#engine[Symbol.asyncDispose]()
    this.#watchers.end(closedError())
    this.#awaited.end(closedError())
  }

  #timeToLive(key: string): Pick<EngineWrite, 'ttlMs'> {
    const ttlMs = this.expires ? this.#options.ttlMs?.(key) : undefined
    return ttlMs === undefined ? {} : { ttlMs }
  }

  /** Takes over a newer state to which no events lead; until it is complete, reads show the old one. */
  async #reset(revision: number, state: AsyncIterable<readonly EngineRecord[]>): Promise<void> {
    this.#guards.forget()
    this.#live = await this.#gather(state)
    this.#indexes.clear()
    this.#revision = revision
    this.#ring.forget(revision)
    this.#watchers.end(new StoreError('Compacted', `history up to revision ${revision} was lost; list again`))
    this.#awaited.reach(revision)
  }

  /** Decodes a whole state, in slices. */
  async #gather(state: AsyncIterable<readonly EngineRecord[]>): Promise<LiveObjects> {
    const live = new LiveObjects()
    const pacer = new Pacer()
    for await (const batch of state)
      for (const { value, ...record } of batch) {
        if (value === null) continue
        if (record.key.startsWith(SETTINGS_PREFIX)) {
          this.#guards.see(record)
          continue
        }
        live.set(this.#decode({ ...record, value }))
        if (pacer.due) await pacer.pause()
      }
    return live
  }

  async #commit(
    write: EngineWrite & { readonly value: string },
    draft: Draft,
    guards: readonly Guard[],
  ): Promise<number> {
    this.#drafts.set(write.key, draft)
    try {
      return await this.#write(() =>
        guards.length > 0 && this.shared ? this.#guards.commit([write], guards) : this.#engine.commit([write]),
      )
    } finally {
      if (this.#drafts.get(write.key) === draft) this.#drafts.delete(write.key)
    }
  }

  /** The only way to the engine. */
  async #write(commit: () => Promise<number>): Promise<number> {
    if (this.#held !== undefined) throw new StoreError('Unavailable', this.#held)
    const writing = commit()
    this.#writing.add(writing)
    try {
      return await writing
    } finally {
      this.#writing.delete(writing)
    }
  }

  /** Makes one durable transaction visible: state first, then history, then the watchers, all at its revision. */
  #publish(records: readonly EngineRecord[]): void {
    const now = this.#clock.monotonic()
    const events: StoreEvent[] = []
    for (const record of records) {
      const event = this.#apply(record)
      this.#revision = record.revision
      if (!event) continue
      events.push(event)
      this.#ring.push(event, (record.value?.length ?? 0) + EVENT_OVERHEAD_BYTES, now)
    }
    for (const event of events) this.#watchers.tell(event)
    this.#awaited.reach(this.#revision)
  }

  #apply(record: EngineRecord): StoreEvent | undefined {
    const { key, value, revision } = record
    if (key.startsWith(SETTINGS_PREFIX)) {
      this.#guards.see(record)
      return undefined
    }
    const previous = this.#live.get(key)
    if (previous) this.#texts.forget(previous)
    if (value !== null) {
      const current = this.#drafted(record, previous) ?? this.#decode({ ...record, value })
      if (!this.#narrowed.has(current)) this.#texts.take(current, value)
      this.#live.set(current)
      this.#indexes.changed(previous, current)
      return previous ? { type: 'MODIFIED', revision, current, previous } : { type: 'ADDED', revision, current }
    }
    if (!previous) return undefined
    this.#live.delete(key)
    this.#indexes.changed(previous, undefined)
    return { type: 'DELETED', revision, current: deletedAt(previous, revision), previous }
  }

  /** @returns what is told back of a write of our own */
  #drafted(record: EngineRecord, previous: Stored | undefined): Stored | undefined {
    const draft = this.#drafts.get(record.key)
    if (draft?.value !== record.value) return undefined
    return draft.copy ? shownAs(record, draft.copy) : recordOf(record, draft.object, previous?.object)
  }

  #decode(record: EngineRecord & { readonly value: string }): Stored {
    const stored = decodeRecord(record)
    const { narrowNumbers } = this.#options
    if (!narrowNumbers || !ODD_NUMBER.test(record.value)) return stored
    const object = narrowNumbers(stored.object)
    if (object === stored.object) return stored
    const narrowed = { ...stored, object }
    this.#narrowed.add(narrowed)
    return narrowed
  }

  /** The state that a write of our own made, even when later writes have replaced it by now. */
  #written(record: EngineRecord & { readonly value: string }): Stored {
    const current = this.#live.get(record.key)
    if (current?.revision === record.revision) return current
    return this.#told(record.revision, record.key) ?? this.#decode(record)
  }

  #told(revision: number, key: string): Stored | undefined {
    for (const event of this.#ring.after(revision - 1)) {
      if (event.revision !== revision) return undefined
      if (event.current.key === key) return event.current
    }
    return undefined
  }

  /** What does not match may only be not here yet: others may write to the same engine. */
  async #expectLive(key: string, expect: number): Promise<Stored> {
    if (this.#live.get(key)?.revision !== expect) await this.fresh()
    const stored = this.#live.get(key)
    if (!stored) throw new StoreError('KeyNotFound', `${key} does not exist`)
    if (stored.revision !== expect)
      throw new StoreError('RevisionConflict', `${key} is at revision ${stored.revision}, not ${expect}`)
    return stored
  }

  #requireKnown(revision: number): void {
    if (revision > this.#revision) throw futureError(revision, this.#revision)
    this.#requireKept(revision)
  }

  #requireKept(revision: number): void {
    if (revision < this.#ring.floor)
      throw new StoreError('Compacted', `revision ${revision} is compacted; the oldest is ${this.#ring.floor}`)
  }

  #scheduleCompaction(): void {
    const { compactEveryMs = FIVE_MINUTES_MS, keepHistoryMs = FIVE_MINUTES_MS, log = silentLog } = this.#options
    if (compactEveryMs === 0) return
    this.#cancelCompaction = this.#clock.after(compactEveryMs, () => {
      const { minEvents } = { ...HISTORY, ...this.#options.history }
      const old = this.#ring.revisionBefore(this.#clock.monotonic() - keepHistoryMs)
      const target = Math.min(old, this.#revision - minEvents)
      const done = target > this.#ring.floor ? this.compact(target) : this.#engine.compact(this.#ring.floor)
      void done
        .catch((error: unknown) => log.warn({ err: error }, 'compaction failed and will be tried again'))
        .finally(() => {
          if (!this.#closed) this.#scheduleCompaction()
        })
    })
  }
}

/** Whether the write brings a deletion forward: it must pass on a full disk, or nothing could be deleted there. */
const releases = ({ metadata: before }: AnyObject, { metadata: next }: AnyObject): boolean =>
  (next.deletionTimestamp !== undefined && before.deletionTimestamp === undefined) ||
  (next.finalizers?.length ?? 0) < (before.finalizers?.length ?? 0)

const closedError = () => new StoreError('Closed', 'the store is closed')

const futureError = (revision: number, newest: number) =>
  new StoreError('FutureRevision', `revision ${revision} does not exist yet; the newest is ${newest}`)
