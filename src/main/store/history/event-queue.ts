// Events that wait for the disk, never more than a fixed number: when it stays away for long, what an object was in
// between gives way before what it is now and before its deletion.
import type { StoreEvent } from '../contract.ts'

export class EventQueue {
  readonly #most: number
  #events: StoreEvent[] = []

  constructor(most: number) {
    this.#most = most
  }

  get length(): number {
    return this.#events.length
  }

  push(event: StoreEvent): void {
    this.#events.push(event)
    if (this.#events.length > this.#most) this.#thinOut()
  }

  take(): readonly StoreEvent[] {
    const events = this.#events
    this.#events = []
    return events
  }

  /** They come again, before what came meanwhile. */
  putBack(events: readonly StoreEvent[]): void {
    this.#events = [...events, ...this.#events]
    if (this.#events.length > this.#most) this.#thinOut()
  }

  /** Leaves room for half as many again, so that not every further event thins out anew. */
  #thinOut(): void {
    const newest = new Map(this.#events.map(event => [event.current.key, event]))
    const kept = this.#events.filter(event => event.type === 'DELETED' || newest.get(event.current.key) === event)
    this.#events = kept.slice(-Math.floor(this.#most / 2))
  }
}
