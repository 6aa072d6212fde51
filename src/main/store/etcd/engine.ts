// The shared engine: a real etcd cluster through its v3 API. What etcd commits comes back through one watch, and only
// what came back counts as committed here, so that every control plane sees the same transactions in the same order.
import { randomUUID } from 'node:crypto'
import { type Clock, systemClock } from '../../../shared/machinery/clock.ts'
import {
  type Engine,
  type EngineHealth,
  type EngineRecord,
  type EngineStats,
  type EngineWrite,
  type Fence,
  type Setting,
  StoreError,
} from '../contract.ts'
import type { HistoryLimits, HistoryLog } from '../history/contract.ts'
import { EtcdHistory } from '../history/etcd-history.ts'
import { silentLog, type StoreLog } from '../log.ts'
import { type ConnectionOptions, type EtcdConnection, openConnection, type TlsFiles } from './connection.ts'
import { failureKind, isCompacted, isLeaseGone, isNoSpace, isServiceError, toStoreError } from './failures.ts'
import { KeyOrder } from '../key-order.ts'
import { endlessly } from '../../pieces/pacer.ts'
import { KeySpace } from './key-space.ts'
import { Leases } from './leases.ts'
import { alarmMethod, compactMethod, DELETE_EVENT, statusMethod, txnMethod, type WatchEvent } from './messages.ts'
import { RevisionWaiters } from './revision-waiters.ts'
import { type Head, readAll, readCompacted, readHead, readSetting } from './snapshot.ts'
import { checkWrites, conflictOf, transactionOf } from './transaction.ts'
import { followEvents } from './watch.ts'

export interface EtcdEngineOptions {
  /** `http://host:port` or `https://host:port` of the members. */
  readonly endpoints: readonly string[]
  readonly tls?: TlsFiles
  readonly auth?: { readonly username: string; readonly password: string }
  /** Keeps several clusters in one etcd apart. */
  readonly prefix?: string
  readonly clock?: Clock
  readonly log?: StoreLog
  /** How long anything may take before it is answered with `Unavailable`. */
  readonly requestTimeoutMs?: number
}

const REQUEST_TIMEOUT_MS = 10_000
const ALARM_CHECK_MS = 10_000
/** Transactions under way at most; etcd answers "too many requests" at some thousands. */
const MAX_IN_FLIGHT = 256

/** @throws StoreError `Unavailable` when no endpoint answers, or the cluster has no quorum */
export function openEtcdEngine(options: EtcdEngineOptions): Promise<Engine> {
  return stayAlive(open(options))
}

/** All timers of gRPC and of the clock let the process end; while somebody waits for an answer it must not. */
async function stayAlive<T>(work: Promise<T>): Promise<T> {
  const timer = setInterval(() => undefined, 60_000)
  try {
    return await work
  } finally {
    clearInterval(timer)
  }
}

async function open(options: EtcdEngineOptions): Promise<Engine> {
  const { clock = systemClock, requestTimeoutMs = REQUEST_TIMEOUT_MS, prefix = '/flotilla' } = options
  const connectionOptions: ConnectionOptions = { ...options, clock, requestTimeoutMs }
  const connection = await openConnection(connectionOptions)
  try {
    const space = new KeySpace(prefix)
    const { header, revision: headRevision } = await readHead(connection, space)
    const compacted = await readCompacted(connection, space)
    const engine = new EtcdEngine({
      connection,
      space,
      prefix,
      clock,
      requestTimeoutMs,
      log: options.log ?? silentLog,
      revision: header.revision,
      headRevision,
      clusterId: header.clusterId,
      compacted,
    })
    await engine.start()
    return engine
  } catch (error) {
    connection[Symbol.dispose]()
    throw error
  }
}

interface Parts {
  readonly connection: EtcdConnection
  readonly space: KeySpace
  readonly prefix: string
  readonly clock: Clock
  readonly log: StoreLog
  readonly requestTimeoutMs: number
  readonly revision: number
  readonly headRevision: number
  readonly clusterId: number
  readonly compacted: number
}

type ResetListener = Parameters<NonNullable<Engine['onReset']>>[0]

const OK: EngineHealth = { state: 'ok', detail: '' }

class EtcdEngine implements Engine {
  readonly #parts: Parts
  readonly expires = true
  readonly #order = new KeyOrder(MAX_IN_FLIGHT)
  readonly #leases: Leases
  readonly #waiters: RevisionWaiters
  readonly #end = new AbortController()
  readonly #listeners: ((records: readonly EngineRecord[]) => void)[] = []
  readonly #resetListeners: ResetListener[] = []
  /** Marks our transactions in the watch, also those whose answer was lost. */
  readonly #id = randomUUID()
  #transactions = 0
  #revision: number
  #compacted: number
  /** The newest revision in which the head was seen. It only grows, as long as it is the same etcd. */
  #headRevision: number
  #fence: Fence | undefined
  #link: EngineHealth = OK
  #space: EngineHealth = OK
  #cancelAlarmCheck: () => void = () => undefined
  #watch: Promise<void> = Promise.resolve()
  #reading: Promise<unknown> = Promise.resolve()
  #nextRead: Promise<number> | undefined
  /** One after the other: who waited for a commit goes on at once, often to an answer, and others get their turn. */
  #goingOn: Promise<void> = Promise.resolve()
  readonly #pacer = endlessly()
  #closing: Promise<void> | undefined
  /** Never resolves: whatever is wrong with etcd may be mended while this process waits. */
  readonly failed = new Promise<StoreError>(() => undefined)

  constructor(parts: Parts) {
    this.#parts = parts
    this.#revision = parts.revision
    this.#compacted = parts.compacted
    this.#headRevision = parts.headRevision
    this.#waiters = new RevisionWaiters(parts.clock)
    this.#leases = new Leases(parts.connection, parts.clock)
  }

  get revision(): number {
    return this.#revision
  }

  get compactedRevision(): number {
    return this.#compacted
  }

  /** Resolves when the watch stands. */
  start(): Promise<void> {
    return new Promise((resolve, reject) => {
      const { connection, space, clock, requestTimeoutMs } = this.#parts
      const cancel = clock.after(requestTimeoutMs, () => {
        this.#end.abort()
        reject(this.#unavailable('etcd does not open a watch'))
      })
      this.#watch = followEvents(
        {
          connection,
          space,
          clock,
          openTimeoutMs: requestTimeoutMs / 2,
          revision: () => this.#revision,
          onTransaction: (revision, events) => this.#deliver(revision, events),
          onUp: () => {
            cancel()
            this.#up()
            resolve()
          },
          onDown: error => this.#down(error),
          onGap: compacted => this.#gap(compacted),
          check: async () => void (await this.#head()),
        },
        this.#end.signal,
      )
    })
  }

  setting(key: string): Promise<Setting | undefined> {
    return readSetting(this.#parts.connection, this.#parts.space, key)
  }

  load(signal?: AbortSignal): AsyncIterable<readonly EngineRecord[]> {
    return readAll(this.#parts.connection, this.#parts.space, this.#revision, signal)
  }

  async commit(writes: readonly EngineWrite[]): Promise<number> {
    checkWrites(writes, this.#parts.space)
    if (this.#closing) throw closedError()
    const revision = await this.#order.run(
      writes.map(({ key }) => key),
      () => this.#commit(writes),
    )
    await (this.#goingOn = this.#goingOn.then(() => (this.#pacer.due ? this.#pacer.pause() : undefined)))
    return revision
  }

  onCommit(listener: (records: readonly EngineRecord[]) => void): void {
    this.#listeners.push(listener)
  }

  fence(fence: Fence): void {
    this.#fence = fence
  }

  onReset(listener: ResetListener): void {
    this.#resetListeners.push(listener)
  }

  /** Concurrent calls share a read, but never one that was under way already: its answer may be older than the call. */
  latestRevision(): Promise<number> {
    if (this.#closing) return Promise.reject(closedError())
    this.#nextRead ??= this.#reading.then(async () => {
      this.#nextRead = undefined
      const read = this.#head()
      this.#reading = read.catch(() => undefined)
      const { revision } = await read
      await this.#delivered(revision)
      return revision
    })
    return this.#nextRead
  }

  async compact(revision: number, physical = false): Promise<void> {
    if (this.#closing) throw closedError()
    if (revision > this.#revision)
      throw new StoreError('FutureRevision', `revision ${revision} does not exist yet; the newest is ${this.#revision}`)
    if (revision <= this.#compacted && !physical) return
    const doing = `compacting history before revision ${revision}`
    try {
      await this.#parts.connection.call(compactMethod, { revision, physical }, { repeatable: true, doing })
    } catch (error) {
      // Another control plane, or etcd itself, has gone further already.
      if (!isCompacted(error)) throw toStoreError(error, doing)
    }
    this.#compacted = Math.max(this.#compacted, revision)
  }

  health(): EngineHealth {
    if (this.#closing) return { state: 'closed', detail: 'the store is closed' }
    return this.#link.state === 'ok' ? this.#space : this.#link
  }

  openHistory(limits: HistoryLimits): Promise<HistoryLog> {
    return Promise.resolve(new EtcdHistory(this.#parts.connection, this.#parts.prefix, limits))
  }

  /** Of the member that answers: the size of its whole database, other users' included. */
  async stats(): Promise<EngineStats> {
    const doing = "asking for etcd's size"
    try {
      const { dbSize } = await this.#parts.connection.call(statusMethod, {}, { repeatable: true, doing })
      return { engine: 'etcd', diskBytes: dbSize }
    } catch (error) {
      throw toStoreError(error, doing)
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#closing ??= stayAlive(this.#close())
    return this.#closing
  }

  async #close(): Promise<void> {
    await this.#order.idle()
    this.#cancelAlarmCheck()
    this.#end.abort()
    await this.#watch
    this.#waiters.endAll(closedError())
    this.#parts.connection[Symbol.dispose]()
  }

  async #commit(writes: readonly EngineWrite[], { withHead = true, isAgain = false } = {}): Promise<number> {
    const { connection, space, requestTimeoutMs } = this.#parts
    const token = `${this.#id}/${++this.#transactions}`
    const doing = `writing ${writes[0]?.key ?? ''}`
    const seen = this.#waiters.token(token)
    try {
      const leases = await this.#leasesOf(writes)
      const fence = this.#fence
      const terms = { token: withHead ? token : undefined, headRevision: this.#headRevision, fence, leases }
      const transaction = transactionOf(writes, space, terms)
      const answer = await connection.call(txnMethod, transaction, { repeatable: false, doing })
      if (answer.succeeded) {
        if (withHead) this.#space = OK
        await this.#delivered(answer.header.revision)
        return answer.header.revision
      }
      const conflict = conflictOf(writes, answer, fence)
      if (!conflict) throw this.#wentBack(answer.header.revision)
      // Whoever reads and tries again must find what the transaction was refused for.
      await this.#delivered(conflict.revision)
      throw conflict.error
    } catch (error) {
      if (!isServiceError(error)) throw error
      if (isLeaseGone(error) && !isAgain) {
        this.#leases.forget()
        return this.#commit(writes, { withHead, isAgain: true })
      }
      if (isNoSpace(error)) {
        const refused = toStoreError(error, doing)
        this.#outOfSpace(refused.message)
        // Only a transaction without any put passes, and the head is one.
        if (withHead && writes.every(({ value }) => value === null)) return this.#commit(writes, { withHead: false })
        throw refused
      }
      if (failureKind(error) !== 'unknown' || !withHead) throw toStoreError(error, doing)
      // The answer was lost, perhaps with etcd's leader. If it was committed, the watch tells.
      const revision = await seen.within(requestTimeoutMs / 2)
      if (revision !== undefined) return revision
      const message = `${toStoreError(error, doing).message}; whether it was written is not known`
      throw new StoreError('Unavailable', message, { cause: error })
    } finally {
      seen[Symbol.dispose]()
    }
  }

  async #leasesOf(writes: readonly EngineWrite[]): Promise<(number | undefined)[]> {
    if (writes.every(({ ttlMs }) => ttlMs === undefined)) return []
    return Promise.all(writes.map(({ ttlMs }) => (ttlMs === undefined ? undefined : this.#leases.of(ttlMs))))
  }

  /** Makes one transaction of the watch known: first to the listeners, then to whoever waits for it. */
  #deliver(revision: number, events: readonly WatchEvent[]): void {
    const { space } = this.#parts
    const records: EngineRecord[] = []
    let token: string | undefined
    for (const { type, kv, prevKv } of events) {
      if (space.isHead(kv)) {
        token = kv.value.toString('utf8')
        this.#headRevision = revision
      } else {
        const gone = type === DELETE_EVENT
        const createRevision = gone ? (prevKv?.createRevision ?? 0) : kv.createRevision
        const value = gone ? null : kv.value.toString('utf8')
        records.push({ key: space.fromEtcd(kv.key), value, revision, createRevision })
      }
    }
    this.#revision = revision
    if (records.length > 0) for (const listener of this.#listeners) this.#tell(listener, records)
    this.#waiters.reached(revision, token)
  }

  #tell(listener: (records: readonly EngineRecord[]) => void, records: readonly EngineRecord[]): void {
    try {
      listener(records)
    } catch (error) {
      this.#parts.log.error({ err: error }, 'a listener failed on a committed transaction')
    }
  }

  async #delivered(revision: number): Promise<void> {
    if (revision <= this.#revision) return
    const arrived = await this.#waiters.until(revision, this.#parts.requestTimeoutMs)
    if (!arrived) throw this.#unavailable(`etcd's watch has not told revision ${revision} in time`)
  }

  /** An etcd put back from an older copy, or another one under the same address, would make revisions go back. */
  async #head(): Promise<Head> {
    // As of before the read: the watch may tell of something newer while the answer is on its way.
    const known = { revision: this.#revision, head: this.#headRevision }
    const head = await readHead(this.#parts.connection, this.#parts.space)
    if (head.header.clusterId !== this.#parts.clusterId)
      throw new StoreError('Unavailable', 'the endpoints now lead to another etcd cluster than at the start')
    if (head.header.revision < known.revision || head.revision < known.head) throw this.#wentBack(head.header.revision)
    return head
  }

  #wentBack(revision: number): StoreError {
    const message = `etcd went back from revision ${this.#revision} to ${revision}, as after a restore of an older copy`
    return new StoreError('Unavailable', `${message}: restart the control plane when that is intended`)
  }

  async #gap(compacted: number): Promise<void> {
    const { connection, space, log } = this.#parts
    const { header, revision: headRevision } = await this.#head()
    log.warn(
      { from: this.#revision, to: header.revision, compacted },
      'history was compacted away; loading the state again',
    )
    for (const listener of this.#resetListeners)
      await listener(header.revision, readAll(connection, space, header.revision, this.#end.signal))
    this.#compacted = Math.max(this.#compacted, compacted)
    this.#revision = header.revision
    this.#headRevision = headRevision
    this.#waiters.reached(header.revision, undefined)
  }

  #up(): void {
    if (this.#link.state !== 'ok') this.#parts.log.info({ revision: this.#revision }, 'etcd answers again')
    this.#link = OK
  }

  #down(error: unknown): void {
    const { message } =
      isServiceError(error) || !(error instanceof Error) ? toStoreError(error, 'watching etcd') : error
    if (this.#link.state === 'ok') this.#parts.log.warn({ err: error }, 'the watch on etcd broke; trying again')
    this.#link = {
      state: 'read-only',
      detail: `${message}: what is shown may be old, and etcd is tried again by itself`,
    }
  }

  #outOfSpace(detail: string): void {
    if (this.#space.state !== 'ok') return
    this.#parts.log.error({ detail }, 'etcd is out of space')
    this.#space = { state: 'no-space', detail }
    this.#scheduleAlarmCheck()
  }

  #scheduleAlarmCheck(): void {
    this.#cancelAlarmCheck = this.#parts.clock.after(ALARM_CHECK_MS, () => {
      const call = this.#parts.connection.call(
        alarmMethod,
        { action: 0 },
        { repeatable: true, doing: 'reading alarms' },
      )
      void call
        .then(({ alarms }) => {
          if (alarms.every(({ alarm }) => alarm !== 1)) this.#space = OK
        })
        .catch((error: unknown) => this.#parts.log.warn({ err: error }, "etcd's alarms could not be read"))
        .finally(() => {
          if (this.#space.state !== 'ok' && !this.#closing) this.#scheduleAlarmCheck()
        })
    })
  }

  #unavailable(fallback: string): StoreError {
    return new StoreError('Unavailable', this.#link.detail || fallback)
  }
}

const closedError = () => new StoreError('Closed', 'the store is closed')
