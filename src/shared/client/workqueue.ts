// A work queue with client-go's semantics: a key waits once, is never processed twice at the same time, and a key
// added while it is processed waits until that is done.
//
//   add(a) add(a)            → a waits once
//   take() = a, add(a)       → a is "dirty", not waiting: take() gives others
//   done(a)                  → a waits again
import type { Clock } from '../machinery/clock.ts'
import type { RateLimiter } from './rate-limiter.ts'

export interface WorkQueueOptions {
  readonly clock: Clock
  readonly limiter: RateLimiter
}

interface Delayed {
  readonly at: number
  readonly cancel: () => void
}

export class WorkQueue {
  readonly #clock: Clock
  readonly #limiter: RateLimiter
  /** Insertion order is the order of processing. */
  readonly #waiting = new Set<string>()
  readonly #processing = new Set<string>()
  /** Added while being processed. */
  readonly #dirty = new Set<string>()
  readonly #delayed = new Map<string, Delayed>()
  readonly #takers: ((key: string | undefined) => void)[] = []
  #closed = false
  /** Keys added since the start, those that waited already aside. */
  adds = 0
  /** Of those, the ones that came again after a failure. */
  retried = 0

  constructor({ clock, limiter }: WorkQueueOptions) {
    this.#clock = clock
    this.#limiter = limiter
  }

  /** Keys that wait to be taken now. */
  get depth(): number {
    return this.#waiting.size
  }
  /** Whether nothing waits, is being processed, or is due later. */
  get idle(): boolean {
    return this.#waiting.size + this.#processing.size + this.#delayed.size === 0
  }

  add(key: string): void {
    if (this.#closed) return
    if (this.#processing.has(key)) {
      if (!this.#dirty.has(key)) this.adds++
      this.#dirty.add(key)
      return
    }
    if (!this.#waiting.has(key)) this.adds++
    const taker = this.#waiting.has(key) ? undefined : this.#takers.shift()
    if (!taker) {
      this.#waiting.add(key)
      return
    }
    this.#processing.add(key)
    taker(key)
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
    const cancel = this.#clock.after(delayMs, () => {
      this.#delayed.delete(key)
      // Timers are capped at 24.8 days: what is due later waits again.
      this.addAfter(key, at - this.#clock.monotonic() > 1 ? at - this.#clock.monotonic() : 0)
    })
    this.#delayed.set(key, { at, cancel })
  }

  /**
   * After the machine slept: timers did not run meanwhile, so what waits for a time is due soon, at a random moment.
   * @param random 0 ≤ x < 1
   */
  hasten(withinMs: number, random: () => number): void {
    for (const key of [...this.#delayed.keys()]) this.addAfter(key, withinMs * random())
  }

  /** Adds the key when the rate limiter allows its next attempt. */
  addRateLimited(key: string): void {
    this.retried++
    this.addAfter(key, this.#limiter.next(key))
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
    const [key] = this.#waiting
    if (key !== undefined) {
      this.#waiting.delete(key)
      this.#processing.add(key)
      return Promise.resolve(key)
    }
    if (this.#closed) return Promise.resolve(undefined)
    return new Promise(resolve => this.#takers.push(resolve))
  }

  done(key: string): void {
    this.#processing.delete(key)
    if (this.#dirty.delete(key)) this.add(key)
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
