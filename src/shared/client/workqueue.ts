// A work queue with client-go's semantics: a key waits once, is never processed twice at the same time, and a key
// added while it is processed waits until that is done.
//
//   add(a) add(a)            → a waits once
//   take() = a, add(a)       → a is "dirty", not waiting: take() gives others
//   done(a)                  → a waits again
import { afterSpread } from '../machinery/after-standstill.ts'
import type { Clock } from '../machinery/clock.ts'
import type { RateLimiter } from './rate-limiter.ts'

export interface WorkQueueOptions {
  readonly clock: Clock
  readonly limiter: RateLimiter
  /** Told of each key that is taken how long it had waited. */
  readonly onTaken?: (waitedMs: number) => void
  /** In [0, 1). */
  readonly random?: () => number
}

interface Delayed {
  readonly at: number
  readonly cancel: () => void
}

export class WorkQueue {
  readonly #clock: Clock
  readonly #limiter: RateLimiter
  readonly #onTaken: ((waitedMs: number) => void) | undefined
  readonly #random: () => number
  /** Key → since when. Insertion order is the order of processing. */
  readonly #waiting = new Map<string, number>()
  /** Key → since when. */
  readonly #processing = new Map<string, number>()
  /** Added while being processed: key → since when. */
  readonly #dirty = new Map<string, number>()
  readonly #delayed = new Map<string, Delayed>()
  readonly #takers: ((key: string | undefined) => void)[] = []
  #closed = false
  /** Keys added since the start, those that waited already aside. */
  adds = 0
  /** Of those, the ones that came again after a failure. */
  retried = 0

  constructor({ clock, limiter, onTaken, random = Math.random }: WorkQueueOptions) {
    this.#clock = clock
    this.#limiter = limiter
    this.#onTaken = onTaken
    this.#random = random
  }

  /** Keys that wait to be taken now. */
  get depth(): number {
    return this.#waiting.size
  }
  /** How long each key that is being processed has been so far. */
  get unfinishedMs(): number[] {
    const now = this.#clock.monotonic()
    return [...this.#processing.values()].map(since => now - since)
  }
  /** Whether nothing waits, is being processed, or is due later. */
  get idle(): boolean {
    return this.#waiting.size + this.#processing.size + this.#delayed.size === 0
  }

  add(key: string): void {
    if (this.#closed || this.#waiting.has(key) || this.#dirty.has(key)) return
    this.adds++
    if (this.#processing.has(key)) this.#dirty.set(key, this.#clock.monotonic())
    else this.#offer(key, this.#clock.monotonic())
  }

  #offer(key: string, since: number): void {
    const taker = this.#takers.shift()
    if (!taker) {
      this.#waiting.set(key, since)
      return
    }
    this.#begin(key, since)
    taker(key)
  }

  #begin(key: string, since: number): void {
    const now = this.#clock.monotonic()
    this.#processing.set(key, now)
    this.#onTaken?.(now - since)
  }

  /** Adds the key after a delay; of several delays for one key the earliest counts. */
  addAfter(key: string, delayMs: number): void {
    if (this.#closed) return
    if (delayMs <= 0) {
      this.add(key)
      return
    }
    const at = this.#clock.monotonic() + delayMs
    const known = this.#delayed.get(key)
    if (known && known.at <= at) return
    known?.cancel()
    const ring = () => {
      this.#delayed.delete(key)
      // Timers are capped at 24.8 days: what is due later waits again.
      this.addAfter(key, at - this.#clock.monotonic() > 1 ? at - this.#clock.monotonic() : 0)
    }
    const cancel = afterSpread(this.#clock, delayMs, ring, this.#random)
    this.#delayed.set(key, { at, cancel })
  }

  /**
   * After the machine slept: timers did not run meanwhile, so what waits for a time is due soon, at a random moment.
   */
  hasten(withinMs: number): void {
    for (const key of [...this.#delayed.keys()]) this.addAfter(key, withinMs * this.#random())
  }

  /** Adds the key when the rate limiter allows its next attempt. @param soon it has not failed */
  addRateLimited(key: string, soon = false): void {
    this.retried++
    this.addAfter(key, this.#limiter.next(key, soon))
  }
  /** The key succeeded: its next failure starts with the shortest delay. */
  forget(key: string): void {
    this.#limiter.forget(key)
  }
  /** How often the key was added rate-limited since it was forgotten. */
  retries(key: string): number {
    return this.#limiter.retries(key)
  }

  /** @returns the next key, marked as being processed: call `done(key)` after it. Undefined when closed. */
  take(): Promise<string | undefined> {
    for (const [key, since] of this.#waiting) {
      this.#waiting.delete(key)
      this.#begin(key, since)
      return Promise.resolve(key)
    }
    if (this.#closed) return Promise.resolve(undefined)
    return new Promise(resolve => this.#takers.push(resolve))
  }

  done(key: string): void {
    this.#processing.delete(key)
    const since = this.#dirty.get(key)
    if (since === undefined) return
    this.#dirty.delete(key)
    this.#offer(key, since)
  }

  /** Nothing can be added any more; waiting keys are dropped and takers get undefined. */
  close(): void {
    this.#closed = true
    this.#waiting.clear()
    this.#dirty.clear()
    for (const { cancel } of this.#delayed.values()) cancel()
    this.#delayed.clear()
    for (const taker of this.#takers.splice(0)) taker(undefined)
  }
}
