// Timers of one length that nearly always are over before they ring: all of them share one of the clock's. What they wait
// for did not go on while the process stood still: whatever would have rung then has its whole time again.
import type { Clock } from './clock.ts'
import { type ObservedTime, watchTime } from './observed-time.ts'
import { PassingThrough } from './passing-through.ts'

interface Waiting {
  dueMs: number
  readonly run: () => void
}

export class SharedTimer {
  readonly #clock: Clock
  readonly #delayMs: number
  /** In the order in which they become due. */
  readonly #waiting = new PassingThrough<Waiting>()
  #set: { readonly time: ObservedTime; readonly letGo: () => void } | undefined

  constructor(clock: Clock, delayMs: number) {
    this.#clock = clock
    this.#delayMs = delayMs
  }

  /** Like `clock.after` with this timer's length. @returns a function that cancels the call */
  after(run: () => void): () => void {
    const place = this.#waiting.add({ dueMs: this.#clock.monotonic() + this.#delayMs, run })
    if (!this.#set) {
      this.#set = watchTime(this.#clock)
      this.#ringIn(this.#delayMs)
    }
    return () => this.#waiting.delete(place)
  }

  #ringIn(delayMs: number): void {
    this.#clock.after(delayMs, () => this.#ring())
  }

  /** What rings may start others, which then wait for the timer that is set when all have rung. */
  #ring(): void {
    const now = this.#clock.monotonic()
    this.#startAgain(now)
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
      if (next) this.#ringIn(Math.max(0, next.member.dueMs - now))
      else {
        this.#set?.letGo()
        this.#set = undefined
      }
    }
  }

  /** All have waited for a process that stood still. They stay in their order: whoever comes afterwards is due later. */
  #startAgain(nowMs: number): void {
    const first = this.#waiting.first?.member
    if (!first || this.#set?.time.wasAwakeAt({ monotonicMs: first.dueMs, wallMs: Infinity })) return
    for (const member of this.#waiting) member.dueMs = Math.max(member.dueMs, nowMs + this.#delayMs)
  }
}
