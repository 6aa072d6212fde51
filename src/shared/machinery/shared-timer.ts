// Timers of one length that nearly always are over before they ring: all of them share one of the clock's.
import type { Clock } from './clock.ts'
import { PassingThrough } from './passing-through.ts'

interface Waiting {
  readonly dueMs: number
  readonly run: () => void
}

export class SharedTimer {
  readonly #clock: Clock
  readonly #delayMs: number
  /** In the order in which they become due. */
  readonly #waiting = new PassingThrough<Waiting>()
  #isSet = false

  constructor(clock: Clock, delayMs: number) {
    this.#clock = clock
    this.#delayMs = delayMs
  }

  /** Like `clock.after` with this timer's length. @returns a function that cancels the call */
  after(run: () => void): () => void {
    const place = this.#waiting.add({ dueMs: this.#clock.monotonic() + this.#delayMs, run })
    if (!this.#isSet) this.#set(this.#delayMs)
    return () => this.#waiting.delete(place)
  }

  #set(delayMs: number): void {
    this.#isSet = true
    this.#clock.after(delayMs, () => this.#ring())
  }

  /** What rings may start others, which then wait for the timer that is set when all have rung. */
  #ring(): void {
    const now = this.#clock.monotonic()
    // A timer may ring a fraction of a millisecond early.
    const isDue = (dueMs: number) => dueMs <= now + 1
    let next = this.#waiting.first
    try {
      for (; next && isDue(next.member.dueMs); next = this.#waiting.first) {
        const { run } = next.member
        this.#waiting.delete(next)
        run()
      }
    } finally {
      next = this.#waiting.first
      if (next) this.#set(Math.max(0, next.member.dueMs - now))
      else this.#isSet = false
    }
  }
}
