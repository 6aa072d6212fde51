// Events that wait for the disk, never more than a fixed number: when it stays away for long, what an object was in
// between gives way before what it is now and before its deletion.
import type { StoreEvent } from '../contract.ts'

export interface Waiting {
  readonly event: StoreEvent
  /** Makes the text that the object was stored as, where that was at hand. */
  readonly text: (() => string) | undefined
}

export class EventQueue {
  readonly #most: number
  #events: Waiting[] = []

  constructor(most: number) {
    this.#most = most
  }

  get length(): number {
    return this.#events.length
  }

  push(event: StoreEvent, text?: () => string): void {
    this.#events.push({ event, text })
    if (this.#events.length > this.#most) this.#thinOut()
  }

  take(): readonly Waiting[] {
    const events = this.#events
    this.#events = []
    return events
  }

  /** They come again, before what came meanwhile. */
  putBack(events: readonly Waiting[]): void {
    this.#events = [...events, ...this.#events]
    if (this.#events.length > this.#most) this.#thinOut()
  }

  /** Leaves room for half as many again, so that not every further event thins out anew. */
  #thinOut(): void {
    const newest = new Map(this.#events.map(waiting => [waiting.event.current.key, waiting]))
    const kept = this.#events.filter(
      waiting => waiting.event.type === 'DELETED' || newest.get(waiting.event.current.key) === waiting,
    )
    this.#events = kept.slice(-Math.floor(this.#most / 2))
  }
}
