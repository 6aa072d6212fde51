// Follows the store and keeps what changed: in batches a moment later, so that no write waits for its history.
import type { Clock } from '../../../shared/machinery/clock.ts'
import type { ObjectStore, Stored, StoreEvent, WatchHandle } from '../contract.ts'
import { encodeObjectInPieces } from '../encoding.ts'
import type { StoreLog } from '../log.ts'
import { inTurns, Pacer } from '../../pieces/pacer.ts'
import { HistoryBatch } from './batch.ts'
import { EventQueue, type Waiting } from './event-queue.ts'
import type { HistoryLog } from './contract.ts'
import { hasHistory, meaningHash, meansTheSame } from './meaning.ts'

const FLUSH_MS = 500
const MOST_WAITING = 20_000
const EXPIRE_MS = 3_600_000
/** Requests go before: this is work in the background. */
const SLICE_MS = 1
const NAMESPACES = '/registry/core/namespaces/'

/** Of entries that are on their way to the disk; undefined for a deletion. */
type Hashes = Map<string, string | undefined>

export interface RecorderParts {
  readonly store: ObjectStore
  readonly history: HistoryLog
  readonly clock: Clock
  readonly log: StoreLog
  /** Events that wait for the disk at most. */
  readonly mostWaiting?: number
}

export class HistoryRecorder implements AsyncDisposable {
  readonly #parts: RecorderParts
  readonly #queue: EventQueue
  /** Of the newest entry of each key that was written; filled as keys come by. */
  readonly #hashes = new Map<string, string>()
  #watch: WatchHandle | undefined
  #cancels: (() => void)[] = []
  #working: Promise<void> = Promise.resolve()
  #ended = false

  constructor(parts: RecorderParts) {
    this.#parts = parts
    this.#queue = new EventQueue(parts.mostWaiting ?? MOST_WAITING)
    this.#follow()
    this.#every(FLUSH_MS, () => this.flush())
    this.#every(EXPIRE_MS, () => parts.history.expire(parts.clock.now()))
  }

  /** What happened up to now is kept when it resolves. */
  flush(): Promise<void> {
    this.#working = this.#working.then(() => this.#work()).catch((error: unknown) => this.#failed(error))
    return this.#working
  }

  /** Follows from now on, and looks once for what is not in the history yet. */
  #follow(): void {
    const { store } = this.#parts
    const from = store.revision
    const { items } = store.list('/registry/')
    this.#working = this.#working.then(() => this.#catchUp(items)).catch((error: unknown) => this.#failed(error))
    this.#watch = store.watch('/registry/', {
      from,
      onEvent: event => {
        // Now: the next state of it may come before this one is written.
        if (hasHistory(event.current.key) && isNews(event)) this.#queue.push(event, store.text(event.current))
      },
      onEnd: error => {
        if (!this.#ended && error.code === 'Compacted') this.#follow()
      },
    })
  }

  async #catchUp(items: readonly Stored[]): Promise<void> {
    const batch = new HistoryBatch(this.#parts.history)
    const pacer = new Pacer(SLICE_MS)
    const known = await this.#parts.history.newest()
    const hashes: Hashes = new Map()
    for (const { key, object, revision } of items) {
      if (this.#ended) break
      if (!hasHistory(key)) continue
      const newest = known.get(key)
      const hash = await inTurns(meaningHash(object), pacer)
      hashes.set(key, hash)
      if (!newest || newest.deleted || newest.hash !== hash)
        await batch.add({
          key,
          revision,
          hash,
          deleted: false,
          atMs: this.#parts.clock.now(),
          value: await inTurns(encodeObjectInPieces(object), pacer),
        })
      if (pacer.due) await pacer.pause()
    }
    await batch.write()
    this.#learn(hashes)
  }

  async #work(): Promise<void> {
    const events = this.#queue.take()
    const batch = new HistoryBatch(this.#parts.history)
    const pacer = new Pacer(SLICE_MS)
    const hashes: Hashes = new Map()
    const gone = new Set<string>()
    const erase = async () => {
      await batch.write()
      if (gone.size > 0) await this.#parts.history.purge(key => gone.has(namespaceOf(key) ?? ''))
      gone.clear()
    }
    try {
      for (const waiting of events) {
        const { type, current } = waiting.event
        // One that is there again under the name of one that is gone has a history of its own.
        if (gone.has(namespaceOf(current.key) ?? '')) await erase()
        await this.#keep(waiting, batch, hashes, pacer)
        if (type === 'DELETED' && current.key.startsWith(NAMESPACES)) gone.add(current.key.slice(NAMESPACES.length))
        if (pacer.due) await pacer.pause()
      }
      await erase()
    } catch (error) {
      // All of them come again with what follows; an entry that is there already is passed over.
      this.#queue.putBack(events)
      throw error
    }
    this.#learn(hashes)
  }

  #learn(hashes: Hashes): void {
    for (const [key, hash] of hashes)
      if (hash === undefined) this.#hashes.delete(key)
      else this.#hashes.set(key, hash)
  }

  async #keep(
    { event: { type, current, previous, revision }, text: makeText }: Waiting,
    batch: HistoryBatch,
    hashes: Hashes,
    pacer: Pacer,
  ): Promise<void> {
    const { key, object } = current
    const deleted = type === 'DELETED'
    const text = deleted ? undefined : makeText?.()
    const hash = await inTurns(meaningHash(object, text), pacer)
    const newest = hashes.has(key) ? hashes.get(key) : this.#hashes.get(key)
    if (!deleted && newest === hash) return
    hashes.set(key, deleted ? undefined : hash)
    const value = text ?? (await inTurns(encodeObjectInPieces(deleted ? (previous ?? current).object : object), pacer))
    await batch.add({ key, revision, hash, deleted, atMs: this.#parts.clock.now(), value })
  }

  #failed(error: unknown): void {
    this.#parts.log.warn({ err: error }, 'the history could not be written and will be tried again')
  }

  #every(delayMs: number, run: () => Promise<void>): void {
    const next = () => {
      const cancel = this.#parts.clock.after(delayMs, () => {
        this.#cancels = this.#cancels.filter(each => each !== cancel)
        void run()
          .catch((error: unknown) => this.#failed(error))
          .finally(() => {
            if (!this.#ended) next()
          })
      })
      this.#cancels.push(cancel)
    }
    next()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ended = true
    this.#watch?.close()
    for (const cancel of this.#cancels) cancel()
    await this.flush()
  }
}

/** What means the same as before has its entry, or is on its way to it. */
const isNews = ({ type, current, previous }: StoreEvent): boolean =>
  type !== 'MODIFIED' || !previous || !meansTheSame(previous.object, current.object)

/** Of `/registry/<group>/<resource>/<namespace>/<name>`; undefined for what lies in none. */
function namespaceOf(key: string): string | undefined {
  const parts = key.split('/')
  return parts.length === 6 ? parts[4] : undefined
}
