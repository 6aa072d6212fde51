// The store's whole contract: etcd's semantics, seen by the API server as decoded objects.
//
// Two layers. An `Engine` (nedb/, etcd/) makes transactions durable and replays them; it knows keys and strings.
// The `ObjectStore` (object-store.ts) is the watch cache above it: the only thing the API server touches. It holds
// every object decoded once, keeps a ring of recent events, and answers reads without going to the engine.
//
// Keys are `/registry/<group>/<resource>/[namespace/]name`. One `revision` (a safe integer, increasing by one per
// transaction) covers the whole cluster; it never goes back.

import type { AnyObject } from '../../shared/machinery/object.ts'
import type { HistoryLimits, HistoryLog } from './history/contract.ts'

/** Longest object, as JSON text; etcd's own default limit for a request. */
export const MAX_OBJECT_BYTES = 1_572_864

/** The closed set of ways in which a store call fails. */
export type StoreErrorCode =
  | 'KeyExists' // create on a key that exists
  | 'KeyNotFound' // update, delete or get of a key that does not exist
  | 'RevisionConflict' // the expected mod revision is not the stored one
  | 'Overtaken' // a guard of the write does not hold any more: others have written under it
  | 'Compacted' // the revision asked for is compacted away
  | 'FutureRevision' // the revision asked for does not exist yet
  | 'TooLarge' // the object's text is longer than MAX_OBJECT_BYTES, or the transaction longer than the engine takes
  | 'NoSpace' // the disk is full: reads and deletes go on, and what deletes need first
  | 'Unavailable' // fail-stop after an I/O error, or no quorum
  | 'Locked' // another process owns the data folder
  | 'Corrupt' // an invalid record in the middle of the log
  | 'Unfinished' // a restore or a migration into the store has not finished: it holds a part of a cluster
  | 'NewerFormat' // the data folder was written by a newer version
  | 'KeyNeeded' // the store is encrypted, and no key or passphrase was given
  | 'WrongKey' // the key or passphrase given is not the store's
  | 'Closed'

export class StoreError extends Error {
  readonly code: StoreErrorCode
  /** With `KeyNeeded` and `WrongKey`: what opens the store. */
  readonly opensWith: 'key' | 'passphrase' | undefined
  constructor(
    code: StoreErrorCode,
    message: string,
    options: ErrorOptions & { readonly opensWith?: 'key' | 'passphrase' } = {},
  ) {
    super(message, options)
    this.name = 'StoreError'
    this.code = code
    this.opensWith = options.opensWith
  }
}

// ---------------------------------------------------------------------------------------------- engine

/** One key written (`value` set) or deleted (`value` null) at `revision`. Values are JSON texts. */
export interface EngineRecord {
  readonly key: string
  readonly value: string | null
  /** The revision of the transaction that wrote it. */
  readonly revision: number
  /** The revision at which the key was created; for a delete, that of the deleted incarnation. */
  readonly createRevision: number
}

/** Keys of the store's own settings: small, known without loading the state, and never objects. */
export const SETTINGS_PREFIX = '/settings/'

/** One setting, and the revision that wrote it. */
export interface Setting {
  readonly value: string
  readonly revision: number
}

/** A setting on top of which alone an engine goes on committing. */
export interface Fence {
  readonly key: string
  readonly revision: number
  /** Told by commits once somebody has written the setting again. */
  readonly overtaken: string
}

/** What makes transactions durable. Implementations: nedb/ (embedded), etcd/ (shared). */
export interface Engine extends AsyncDisposable {
  /** Newest revision that is durable. */
  readonly revision: number
  /** Revisions below this one cannot be replayed. */
  readonly compactedRevision: number
  /**
   * Resolves when the engine cannot go on without a restart or a repair: writes are refused from then on, reads of what
   * is loaded may go on.
   */
  readonly failed: Promise<StoreError>
  /** @param key under `SETTINGS_PREFIX` */
  setting(key: string): Promise<Setting | undefined>
  /** Streams the live state (latest record of every key) at `revision`, in any order, in bounded batches. */
  load(signal?: AbortSignal): AsyncIterable<readonly EngineRecord[]>
  /**
   * Applies writes atomically at one new revision: durable (on disk, fdatasync'ed) when the promise resolves.
   * Calls that write a common key are committed in call order; nedb commits all calls in call order, in groups.
   * @throws StoreError `RevisionConflict` | `KeyExists` | `KeyNotFound` | `NoSpace` | `TooLarge` | `Unavailable` | `Closed`
   */
  commit(writes: readonly EngineWrite[]): Promise<number>
  /** Whether it deletes by itself, up to a minute late, what was written with a `ttlMs`. */
  readonly expires?: boolean
  /** Called in revision order for every durable transaction, before its `commit` resolves. */
  onCommit(listener: (records: readonly EngineRecord[]) => void): void
  /**
   * Newest revision that anybody has written, by a quorum read. Resolves when `onCommit` has told everything up to it.
   * Engines that others cannot write to do without. @throws StoreError `Unavailable` | `Closed`
   */
  latestRevision?(): Promise<number>
  /**
   * From now on every commit fails with `Overtaken`, and writes nothing, once the setting was written or deleted by
   * somebody else. Engines that others cannot write to do without.
   */
  fence?(fence: Fence): void
  /**
   * Called when history was lost between what `onCommit` told last and now, as after a long sleep while others went on
   * and compacted. `onCommit` goes on after `revision` once the listener has taken over `state`, which is as of then.
   */
  onReset?(listener: (revision: number, state: AsyncIterable<readonly EngineRecord[]>) => Promise<void>): void
  /**
   * Forgets history below `revision`.
   * @param physical leaves nothing of it on the disk either, as far as the engine decides that
   * @throws StoreError `FutureRevision`
   */
  compact(revision: number, physical?: boolean): Promise<void>
  health(): EngineHealth
  stats(): Promise<EngineStats>
  /** The log of what objects were; it must be disposed of before the engine. */
  openHistory(limits: HistoryLimits): Promise<HistoryLog>
}

export interface EngineStats {
  readonly engine: 'nedb' | 'etcd'
  /** What it takes on the disk. */
  readonly diskBytes: number
  /** What it would take without any past; undefined where it is not known. */
  readonly liveBytes?: number
}

export interface EngineWrite {
  readonly key: string
  /** New JSON text, or null to delete. */
  readonly value: string | null
  /** Mod revision that the key must have: 0 = must not exist, undefined = whatever it is. */
  readonly expect?: number
  /** A step on the way to a deletion: goes on when the disk is full, as deletes do. */
  readonly releases?: boolean
  /** How long the key stays if nobody writes it again, where the engine deletes by itself (`expires`). */
  readonly ttlMs?: number
}

export interface EngineHealth {
  readonly state: 'ok' | 'no-space' | 'read-only' | 'closed'
  /** What happened and what to do about it; empty when ok. */
  readonly detail: string
}

// ---------------------------------------------------------------------------------------- object store

/**
 * One object at one revision. The object carries `metadata.resourceVersion`, is shared by every reader and is
 * immutable: copy it before changing it.
 */
export interface Stored {
  readonly key: string
  readonly object: AnyObject
  /** Mod revision; also the object's resourceVersion. */
  readonly revision: number
  readonly createRevision: number
}

export type StoreEventType = 'ADDED' | 'MODIFIED' | 'DELETED'

/** One change. A DELETED event's `current.object` is the last state, with the deletion's resourceVersion. */
export interface StoreEvent {
  readonly type: StoreEventType
  readonly revision: number
  readonly current: Stored
  /** The state before; undefined for ADDED. */
  readonly previous?: Stored
}

export interface ListOptions {
  /** State at exactly this revision. @throws `Compacted`, `FutureRevision` */
  readonly revision?: number
  /** At most this many of those accepted by `match`. */
  readonly limit?: number
  /** Only keys after this one (exclusive). */
  readonly after?: string
  readonly match?: (stored: Stored) => boolean
  /** Spares the reader most objects that it has no use for; some of them may come. */
  readonly trigger?: FieldTrigger
}

export interface ListPage {
  readonly items: readonly Stored[]
  /** The revision that the page shows. */
  readonly revision: number
  /** Whether accepted keys follow the last item. */
  readonly more: boolean
  /** How many accepted keys follow; undefined when it was not counted (a `match` or `trigger` was given). */
  readonly remaining?: number
}

/**
 * What a write depends on besides its own key, as an address that no other object may have: writes under one name are
 * made one after the other, by whichever process, and each only when its guards hold in the state that the one before
 * has left. Where nobody else can write, guards are not asked: one process knows what it has given out.
 */
export interface Guard {
  /** A small set of names: each leaves a setting in a shared engine. */
  readonly name: string
  /** Asked when reads show everything that was written under the name. */
  readonly holds: () => boolean
}

/**
 * A field that must have a value for an object to be listed, and before or after an event for it to concern the watcher.
 */
export interface FieldTrigger {
  /** Names the field; all who name it for a kind read it the same way. */
  readonly field: string
  readonly value: string
  readonly read: (object: AnyObject) => string
}

export interface WatchOptions {
  /** Events after this revision (exclusive), which may be one to come. @throws `Compacted` */
  readonly from: number
  /** Spares the watcher most events that it has no use for; it may be told of some. */
  readonly trigger?: FieldTrigger
  /** Called in revision order. Never called again after `close()`. */
  readonly onEvent: (event: StoreEvent) => void
  /** The watch cannot go on: it fell behind the ring, or the store closed. */
  readonly onEnd: (error: StoreError) => void
}

export interface WatchHandle {
  close(): void
}

export interface ObjectStore extends AsyncDisposable {
  /** Newest revision that reads show. */
  readonly revision: number
  readonly compactedRevision: number
  /** Resolves when the store cannot go on without a restart or a repair. */
  readonly failed: Promise<StoreError>
  /** Whether other processes may write to the same engine. */
  readonly shared: boolean
  /** Whether the engine deletes by itself what has a time to live. */
  readonly expires: boolean
  /**
   * Resolves when reads show everything acknowledged anywhere (embedded: at once; etcd: a quorum read).
   * @param asking whose signal is looked at after a wait, and not made for nothing
   */
  fresh(asking?: { readonly signal: AbortSignal }): Promise<void>
  /**
   * Resolves when reads show this revision, which may be one to come.
   * @param signal ends the waiting @throws its reason, StoreError `Closed`
   */
  reached(revision: number, signal: AbortSignal): Promise<void>
  get(key: string): Stored | undefined
  /** Keys under `prefix` (which ends in `/`) in key order. */
  list(prefix: string, options?: ListOptions): ListPage
  /** @throws StoreError `KeyExists`, `TooLarge`, `NoSpace`, `Unavailable` */
  create(key: string, object: AnyObject, guards?: readonly Guard[]): Promise<Stored>
  /** @param expect mod revision that must be stored. @throws `KeyNotFound`, `RevisionConflict`, `TooLarge`, `NoSpace`, `Unavailable` */
  update(key: string, object: AnyObject, expect: number, guards?: readonly Guard[]): Promise<Stored>
  /** @returns the last state, with the deletion's revision. @throws `KeyNotFound`, `RevisionConflict`, `Unavailable` */
  delete(key: string, expect: number): Promise<Stored>
  watch(prefix: string, options: WatchOptions): WatchHandle
  /** The object as JSON (UTF-8), encoded once and shared. */
  json(stored: Stored): Buffer
  /**
   * @returns a function that makes the text that it was stored as, without its revision, also when it has been replaced
   *   meanwhile; undefined where that is not at hand
   */
  text(stored: Stored): (() => string) | undefined
  compact(revision: number): Promise<void>
  /**
   * Refuses writes from now on, reads go on: the cluster is about to be somewhere else.
   * @param reason told to whoever wants to write
   * @returns once what was being written is written; called, writes go on
   * @throws StoreError `Unavailable` while it is held already
   */
  hold(reason: string): Promise<() => void>
  health(): EngineHealth
}
