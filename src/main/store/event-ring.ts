// The recent past: a bounded queue of events in revision order, from which watches catch up and old lists are rebuilt.
import type { StoreEvent } from './contract.ts'

export interface HistoryLimits {
  /** Events kept at most. */
  readonly maxEvents: number
  /** Beyond `maxBytes` no event more than these is kept. */
  readonly minEvents: number
  /** JSON text of the kept events that is aimed at; four times as much is never exceeded. */
  readonly maxBytes: number
}

interface Entry {
  readonly event: StoreEvent
  readonly bytes: number
  readonly atMs: number
}

export class EventRing {
  readonly #limits: HistoryLimits
  // A queue with a moving head; the dead part is cut off once it is the larger one.
  #entries: (Entry | undefined)[] = []
  #head = 0
  #bytes = 0
  #floor: number

  /** @param floor revision of the loaded state: nothing before it can be told */
  constructor(limits: HistoryLimits, floor: number) {
    this.#limits = limits
    this.#floor = floor
  }

  /** Events after this revision are all here; state at this revision can be rebuilt. */
  get floor(): number {
    return this.#floor
  }

  get length(): number {
    return this.#entries.length - this.#head
  }

  push(event: StoreEvent, bytes: number, atMs: number): void {
    this.#entries.push({ event, bytes, atMs })
    this.#bytes += bytes
    const { maxEvents, minEvents, maxBytes } = this.#limits
    while (
      this.length > maxEvents ||
      (this.#bytes > maxBytes && this.length > minEvents) ||
      (this.#bytes > 4 * maxBytes && this.length > 1)
    )
      this.#shift()
  }

  /** Drops what lies at or before `revision`. */
  forget(revision: number): void {
    while (this.length > 0 && (this.#entries[this.#head]?.event.revision ?? Infinity) <= revision) this.#shift()
    this.#floor = Math.max(this.#floor, revision)
  }

  /** @returns the newest revision of which every event is older than `atMs`, or the floor. */
  revisionBefore(atMs: number): number {
    let low = this.#head
    let high = this.#entries.length
    while (low < high) {
      const middle = (low + high) >> 1
      if ((this.#entries[middle]?.atMs ?? Infinity) < atMs) low = middle + 1
      else high = middle
    }
    return low > this.#head ? (this.#entries[low - 1]?.event.revision ?? this.#floor) : this.#floor
  }

  /** Events after `revision` (exclusive), which must not lie before the floor. */
  *after(revision: number): Generator<StoreEvent, undefined> {
    let low = this.#head
    let high = this.#entries.length
    while (low < high) {
      const middle = (low + high) >> 1
      if ((this.#entries[middle]?.event.revision ?? 0) <= revision) low = middle + 1
      else high = middle
    }
    for (; low < this.#entries.length; low++) {
      const entry = this.#entries[low]
      if (entry) yield entry.event
    }
  }

  #shift(): void {
    const entry = this.#entries[this.#head]
    if (!entry) return
    this.#entries[this.#head++] = undefined
    this.#bytes -= entry.bytes
    this.#floor = Math.max(this.#floor, entry.event.revision)
    if (this.#head > 1024 && this.#head * 2 > this.#entries.length) {
      this.#entries = this.#entries.slice(this.#head)
      this.#head = 0
    }
  }
}
