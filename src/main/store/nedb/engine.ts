// The embedded engine: group commits into an append-only log of nedb files, durable before anybody hears of them.
import { join } from 'node:path'
import { type Clock, systemClock } from '../../../shared/machinery/clock.ts'
import {
  type Engine,
  type EngineHealth,
  type EngineRecord,
  type EngineStats,
  type EngineWrite,
  type Setting,
  StoreError,
} from '../contract.ts'
import type { HistoryLimits, HistoryLog } from '../history/contract.ts'
import { openFileHistory } from '../history/file-history.ts'
import { silentLog, type StoreLog } from '../log.ts'
import { pieceByPiece } from '../../pieces/pacer.ts'
import { toStored } from './codec.ts'
import { type Disk, isNoSpace, makeFolder, realDisk } from './disk.ts'
import { ensureFormat, type FormatOptions } from './format.ts'
import { HighWater } from './high-water.ts'
import { KeyIndex } from './key-index.ts'
import { lockFolder } from './lock.ts'
import { SpaceReserve } from './reserve.ts'
import { SegmentLog } from './segment-log.ts'
import { type StagedGroup, stageGroup, type Transaction } from './staging.ts'

export interface NedbEngineOptions {
  /** The data folder; made (0700) when missing, and locked. */
  readonly dataDir: string
  readonly clock?: Clock
  readonly log?: StoreLog
  /** Most transactions in one group commit. */
  readonly maxGroupTransactions?: number
  /** Most bytes of keys and values in one group commit; a single larger transaction still passes. */
  readonly maxGroupBytes?: number
  /** A segment is sealed once it is this long; nedb holds one segment in memory. At most 16 MiB. */
  readonly segmentBytes?: number
  /** Room kept back for deletes on a full disk. */
  readonly reserveBytes?: number
  /** Old segments are rewritten when they are this much larger than what lives. */
  readonly garbageBytes?: number
  /** The next revision is beyond this one: for a store that takes over from another. */
  readonly atLeastRevision?: number
  /** How long reopening the log after an I/O error is tried. */
  readonly giveUpMs?: number
  /** For tests that make the disk fail. */
  readonly disk?: Disk
  readonly format?: FormatOptions
}

const MIB = 1024 * 1024
/** Longest transaction, in characters: in its line one may take six bytes, and a scan goes on for 64 MiB at most. */
const MOST_TRANSACTION = 8 * MIB
/** What a record takes in the line beside its key and value, generously. */
const RECORD_OVERHEAD = 100
const FIRST_RETRY_MS = 1_000
const LAST_RETRY_MS = 30_000
const GIVE_UP_MS = 120_000

/** @throws StoreError `Locked` | `NewerFormat` | `Corrupt` */
export async function openNedbEngine(options: NedbEngineOptions): Promise<Engine> {
  const { dataDir, log = silentLog, disk = realDisk } = options
  await makeFolder(dataDir)
  const lock = await lockFolder(dataDir, options.clock)
  let opened: Awaited<ReturnType<typeof SegmentLog.open>> | undefined
  try {
    await disk.reach?.('open.locked')
    await ensureFormat(disk, dataDir, options.format)
    await disk.reach?.('open.format-checked')
    const folder = join(dataDir, 'store')
    const index = new KeyIndex()
    const segmentBytes = Math.min(options.segmentBytes ?? 8 * MIB, 16 * MIB)
    opened = await SegmentLog.open(folder, disk, segmentBytes, record => index.apply(record))
    if (opened.tornBytes > 0)
      log.warn({ bytes: opened.tornBytes }, 'an unfinished record at the end of the log was cut off')
    const { lineage } = opened.log
    const newest = Math.max(opened.revision, options.atLeastRevision ?? 0)
    const found = await HighWater.open(disk, dataDir, opened.lineageBefore, lineage, newest)
    await disk.reach?.('open.ceiling-reserved')
    const reserve = new SpaceReserve(folder, options.reserveBytes ?? 2 * MIB)
    const engine = new NedbEngine(options, { lock, index, reserve, log: opened.log, ...found })
    engine.start()
    return engine
  } catch (error) {
    await opened?.log.close().catch(() => undefined)
    await lock[Symbol.asyncDispose]()
    throw error
  }
}

interface Parts {
  readonly lock: AsyncDisposable
  readonly log: SegmentLog
  readonly index: KeyIndex
  readonly highWater: HighWater
  readonly reserve: SpaceReserve
  readonly revision: number
}

class NedbEngine implements Engine {
  readonly #options: NedbEngineOptions
  readonly #clock: Clock
  readonly #log: StoreLog
  readonly #parts: Parts
  #revision: number
  #health: EngineHealth = { state: 'ok', detail: '' }
  #listeners: ((records: readonly EngineRecord[]) => void)[] = []
  #queue: Transaction[] = []
  #writing = false
  #writer: Promise<void> = Promise.resolve()
  #cancelRetry: () => void = () => undefined
  #recovery: Promise<void> = Promise.resolve()
  #closing: Promise<void> | undefined
  #fail: (error: StoreError) => void = () => undefined
  readonly failed: Promise<StoreError>

  constructor(options: NedbEngineOptions, parts: Parts) {
    this.#options = options
    this.#clock = options.clock ?? systemClock
    this.#log = options.log ?? silentLog
    this.#parts = parts
    this.#revision = parts.revision
    this.failed = new Promise(resolve => (this.#fail = resolve))
  }

  get revision(): number {
    return this.#revision
  }

  get compactedRevision(): number {
    return this.#parts.log.compactedRevision
  }

  /** Takes the reserve in the background; a disk that is full already shows here, not at the first write. */
  start(): void {
    this.#recovery = this.#parts.reserve.fill().catch((error: unknown) => this.#noSpaceOrLog(error))
  }

  setting(key: string): Promise<Setting | undefined> {
    return Promise.resolve(this.#parts.index.setting(key))
  }

  async *load(signal?: AbortSignal): AsyncGenerator<readonly EngineRecord[], void> {
    const view = this.#parts.index.view()
    try {
      for await (const records of this.#parts.log.records(signal)) {
        const batch = records.filter(record => view.isLive(record))
        if (batch.length > 0) yield batch
      }
    } finally {
      view[Symbol.dispose]()
    }
  }

  commit(writes: readonly EngineWrite[]): Promise<number> {
    if (writes.length === 0 || new Set(writes.map(({ key }) => key)).size < writes.length)
      return Promise.reject(new TypeError('a transaction writes at least one key, and each only once'))
    const refusal = this.#refusal(writes)
    if (refusal) return Promise.reject(refusal)
    const bytes = writes.reduce((sum, { key, value }) => sum + key.length + (value?.length ?? 0) + RECORD_OVERHEAD, 0)
    if (bytes > MOST_TRANSACTION)
      return Promise.reject(
        new StoreError('TooLarge', `a transaction may take ${MOST_TRANSACTION} bytes, not ${bytes}`),
      )
    return new Promise((resolve, reject) => {
      this.#queue.push({ writes, bytes, resolve, reject })
      if (!this.#writing) this.#writer = this.#write()
    })
  }

  onCommit(listener: (records: readonly EngineRecord[]) => void): void {
    this.#listeners.push(listener)
  }

  async compact(revision: number, physical = false): Promise<void> {
    if (revision > this.#revision)
      throw new StoreError('FutureRevision', `revision ${revision} does not exist yet; the newest is ${this.#revision}`)
    if (this.#closing) throw closedError()
    if (this.#health.state === 'read-only') throw this.#unavailable()
    const { log, index } = this.#parts
    const { garbageBytes = 16 * MIB } = this.#options
    if (physical) await log.roll()
    const rewrite = physical || log.sealedBytes(revision) > 2 * index.liveBytes + garbageBytes
    if (!rewrite && revision <= log.compactedRevision) return
    await log.compact(revision, record => index.isLive(record), rewrite)
  }

  health(): EngineHealth {
    return this.#closing ? { state: 'closed', detail: 'the store is closed' } : this.#health
  }

  openHistory(limits: HistoryLimits): Promise<HistoryLog> {
    const { dataDir, disk = realDisk } = this.#options
    return openFileHistory(join(dataDir, 'history'), disk, limits, this.#log)
  }

  stats(): Promise<EngineStats> {
    const { log, index } = this.#parts
    return Promise.resolve({ engine: 'nedb', diskBytes: log.bytes, liveBytes: index.liveBytes })
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    this.#cancelRetry()
    await this.#recovery
    await this.#writer
    await this.#parts.log.close()
    await this.#parts.lock[Symbol.asyncDispose]()
  }

  #refusal(writes: readonly EngineWrite[]): StoreError | undefined {
    if (this.#closing) return closedError()
    const { state, detail } = this.#health
    if (state === 'read-only') return this.#unavailable()
    if (state === 'no-space' && !deletesOnly(writes)) return new StoreError('NoSpace', detail)
    return undefined
  }

  /** The one writer: while a group is on its way to the disk, the next one gathers in the queue. */
  async #write(): Promise<void> {
    this.#writing = true
    while (this.#queue.length > 0) {
      // All that this turn of the event loop brings shares the group: the requests that have come in beside the one
      // that began it, and those that somebody makes who hears that the group before is durable.
      await new Promise(resolve => setImmediate(resolve))
      const group = this.#takeGroup()
      const staged = stageGroup(group, this.#parts.index, this.#revision)
      try {
        await this.#append(staged)
      } catch (error) {
        await this.#failed(group, error)
        continue
      }
      await this.#publish(staged)
      await this.#options.disk?.reach?.('commit.acknowledged')
    }
    // In the same step as the last look at the queue: a commit that comes any later starts a writer of its own.
    this.#writing = false
  }

  #takeGroup(): Transaction[] {
    const { maxGroupTransactions = 1024, maxGroupBytes = MIB } = this.#options
    let bytes = 0
    let count = 0
    for (const transaction of this.#queue) {
      bytes += transaction.bytes
      if (count > 0 && (bytes > maxGroupBytes || count >= maxGroupTransactions)) break
      count++
    }
    return this.#queue.splice(0, count)
  }

  async #append({ accepted }: StagedGroup): Promise<void> {
    const rev = accepted.at(-1)?.records[0]?.revision
    if (rev === undefined) return
    const { disk } = this.#options
    await disk?.reach?.('commit.staged')
    await this.#parts.highWater.reserve(rev)
    await disk?.reach?.('commit.ceiling-reserved')
    await this.#parts.log.append({ rev, txns: accepted.flatMap(({ records }) => records.map(toStored)) })
  }

  /** One after the other: who waited goes on at once, often to an answer, and others get their turn in between. */
  async #publish({ accepted, refused }: StagedGroup): Promise<void> {
    for (const { records } of accepted) for (const record of records) this.#parts.index.apply(record)
    const pacer = pieceByPiece()
    for (const { transaction, records } of accepted) {
      if (pacer.due) await pacer.pause()
      else await undefined
      this.#revision = records[0]?.revision ?? this.#revision
      for (const listener of this.#listeners) this.#tell(listener, records)
      transaction.resolve(this.#revision)
    }
    for (const { transaction, error } of refused) transaction.reject(error)
  }

  #tell(listener: (records: readonly EngineRecord[]) => void, records: readonly EngineRecord[]): void {
    try {
      listener(records)
    } catch (error) {
      this.#log.error({ err: error }, 'a listener failed on a committed transaction')
    }
  }

  async #failed(group: readonly Transaction[], error: unknown): Promise<void> {
    if (isNoSpace(error) && (await this.#makeRoom(error))) {
      // Deletes get another try in the room that the reserve gave back; the rest of the group is refused.
      const first = this.#health.state !== 'no-space'
      this.#enterNoSpace(error)
      const again = first ? group.filter(({ writes }) => deletesOnly(writes)) : []
      for (const transaction of group)
        if (!again.includes(transaction)) transaction.reject(new StoreError('NoSpace', this.#health.detail))
      this.#queue.unshift(...again)
    } else {
      this.#failStop(error)
      for (const transaction of group) transaction.reject(this.#unavailable())
    }
    this.#refuseQueued()
  }

  /** Cuts the torn record off, in which case the segment is as good as before. */
  async #makeRoom(cause: unknown): Promise<boolean> {
    try {
      await this.#parts.reserve.release()
      await this.#parts.log.undoAppend()
      return true
    } catch (error) {
      this.#log.error({ err: error, cause }, 'the log could not be brought back to its last good state')
      return false
    }
  }

  #enterNoSpace(error: unknown): void {
    if (this.#health.state === 'no-space') return
    this.#log.error({ err: error }, 'the disk is full: writes are refused, reads and deletes go on')
    const detail = `the disk of ${this.#options.dataDir} is full: free some space; deletes go on, and writes as soon as there is room`
    this.#health = { state: 'no-space', detail }
    this.#retry(FIRST_RETRY_MS, () => this.#regainSpace())
  }

  /** Drops what the log keeps only for its past, as far as there is room to write what lives, and takes the reserve. */
  async #regainSpace(): Promise<void> {
    const { log, index, reserve } = this.#parts
    if (log.sealedBytes(this.#revision) > 1.25 * index.liveBytes)
      await log
        .compact(this.#revision, record => index.isLive(record), true)
        .catch((error: unknown) => this.#log.warn({ err: error }, 'the log could not be compacted on the full disk'))
    await reserve.fill()
  }

  #noSpaceOrLog(error: unknown): void {
    if (isNoSpace(error)) this.#enterNoSpace(error)
    else this.#log.warn({ err: error }, 'no room could be kept back for deletes on a full disk')
  }

  /**
   * After a failed sync nobody knows what is on disk, and a second sync may claim success for lost pages. So: no more
   * writes to that file; what was durable before is checked and sealed, and the log goes on in a fresh file.
   */
  #failStop(error: unknown): void {
    this.#log.error({ err: error }, 'writing the log failed: the store is read-only until it is repaired')
    const why = error instanceof Error ? error.message : String(error)
    const detail = `writing to ${this.#options.dataDir} failed (${why}): reads go on, and writing is tried again by itself`
    this.#health = { state: 'read-only', detail }
    const until = this.#clock.monotonic() + (this.#options.giveUpMs ?? GIVE_UP_MS)
    this.#retry(FIRST_RETRY_MS, async () => {
      try {
        await this.#parts.log.verifyActive()
        await this.#parts.log.roll()
      } catch (again) {
        if (isDamage(again) || this.#clock.monotonic() >= until) this.#giveUp(again)
        throw again
      }
    })
  }

  /** What was acknowledged cannot be read any more, or the disk does not come back: somebody must look at it. */
  #giveUp(cause: unknown): void {
    const why = cause instanceof Error ? cause.message : String(cause)
    const detail = `the log in ${this.#options.dataDir} could not be reopened after a failed write (${why})`
    this.#log.error({ err: cause }, 'the store cannot be reopened')
    this.#health = { state: 'read-only', detail }
    this.#fail(new StoreError(isDamage(cause) ? 'Corrupt' : 'Unavailable', detail, { cause }))
  }

  #retry(delayMs: number, recover: () => Promise<void>): void {
    this.#cancelRetry()
    this.#cancelRetry = this.#clock.after(delayMs, () => {
      this.#recovery = recover().then(
        () => {
          this.#log.info({ after: this.#health.state }, 'the store takes writes again')
          this.#health = { state: 'ok', detail: '' }
        },
        () => {
          if (!this.#closing) this.#retry(Math.min(delayMs * 2, LAST_RETRY_MS), recover)
        },
      )
    })
  }

  #refuseQueued(): void {
    const queue = this.#queue
    this.#queue = []
    for (const transaction of queue) {
      const refusal = this.#refusal(transaction.writes)
      if (refusal) transaction.reject(refusal)
      else this.#queue.push(transaction)
    }
  }

  #unavailable(): StoreError {
    return new StoreError('Unavailable', this.#health.detail || 'the store cannot be written')
  }
}

const deletesOnly = (writes: readonly EngineWrite[]): boolean =>
  writes.every(({ value, releases }) => value === null || releases)

const isDamage = (error: unknown): boolean => error instanceof StoreError && error.code === 'Corrupt'

const closedError = () => new StoreError('Closed', 'the store is closed')
