// The leaving end of a move, in the server that runs: writes stop, everything is read out at one revision, and then
// either the mark is written — from there on this server never writes again — or writes go on as if nothing had been.
import type { Clock } from '../../shared/machinery/clock.ts'
import { type Deferred, deferred } from '../../shared/machinery/deferred.ts'
import { Owned } from '../../shared/machinery/owned.ts'
import { ApiError, badRequest } from '../../shared/machinery/status.ts'
import type { HistoryLog } from '../store/history/contract.ts'
import { type OperationEvent, operations, type StoreParts } from '../store/operations/operations.ts'
import { type MoveMark, writeMark } from './mark.ts'

/** Whoever moves it has so long to bring the copy away. */
const LONGEST_HOLD_MS = 600_000

export type Destination = Pick<MoveMark, 'id' | 'to' | 'servers'>

export interface DepartureParts extends StoreParts {
  /** Goes along. */
  readonly history: HistoryLog
  /** Whatever was written is in the history when it resolves. */
  recorded(): Promise<void>
}

export class Departure {
  readonly #parts: DepartureParts
  readonly #clock: Clock
  readonly #left = deferred<MoveMark>()
  #pending: { readonly destination: Destination; readonly decided: Deferred<void> } | undefined
  #committing = false

  constructor(parts: DepartureParts, clock: Clock) {
    this.#parts = parts
    this.#clock = clock
  }

  /** Resolves when the cluster is elsewhere. */
  get left(): Promise<MoveMark> {
    return this.#left.promise
  }

  /**
   * Everything of the cluster at its last revision. Writes are refused until the events' reader ends or `commit` decides.
   * @param signal of the reader
   * @throws ApiError when another move is under way, or the store is not this server's alone
   */
  async *begin(destination: Destination, signal: AbortSignal): AsyncGenerator<OperationEvent, void> {
    const { store } = this.#parts
    if (store.shared)
      throw badRequest('the store is an etcd that others reach as well: start another control plane on it instead')
    if (this.#pending) throw new ApiError(409, 'Conflict', `a move to ${this.#pending.destination.to} is under way`)
    const decided = deferred()
    this.#pending = { destination, decided }
    const owned = new Owned()
    try {
      const goOn = await store.hold(`the control plane is moving to ${destination.to}; try again in a moment`)
      owned.defer(() => {
        if (!this.#committing) goOn()
      })
      await this.#parts.recorded()
      yield* operations.snapshot(this.#parts, this.#parts.history)
      const end = () => decided.resolve()
      signal.addEventListener('abort', end, { once: true })
      owned.defer(() => signal.removeEventListener('abort', end))
      owned.defer(this.#clock.after(LONGEST_HOLD_MS, end))
      if (!signal.aborted) await decided.promise
    } finally {
      this.#pending = undefined
      await owned[Symbol.asyncDispose]()
    }
  }

  /**
   * The point of no return.
   * @throws ApiError when that move holds nothing (any more): the copy is not the newest state then
   */
  async commit(id: string): Promise<void> {
    const { destination, decided } = this.#pending ?? {}
    if (destination?.id !== id || this.#committing)
      throw new ApiError(409, 'Conflict', 'that move holds no writes back; begin it again')
    // Whatever happens to the disk now, this server does not go on: a start reads what the disk says.
    this.#committing = true
    const mark: MoveMark = { ...destination, state: 'left' }
    await writeMark(this.#parts.dataDir, mark)
    decided?.resolve()
    this.#left.resolve(mark)
  }
}
