// A clock that moves only when a test says so.
import type { Clock } from '../../src/shared/machinery/clock.ts'

interface Timer {
  readonly at: number
  readonly run: () => void
}

export class ManualClock implements Clock {
  readonly #start: number
  #elapsed = 0
  #sleptMs = 0
  readonly #timers = new Set<Timer>()

  constructor(start = Date.parse('2026-01-01T00:00:00Z')) {
    this.#start = start
  }
  now(): number {
    return this.#start + this.#elapsed + this.#sleptMs
  }
  monotonic(): number {
    return this.#elapsed
  }
  /** Timers that wait. */
  get pending(): number {
    return this.#timers.size
  }
  after(delayMs: number, run: () => void): () => void {
    const timer = { at: this.#elapsed + delayMs, run }
    this.#timers.add(timer)
    return () => this.#timers.delete(timer)
  }
  /** Time passes while nothing runs, as when the machine sleeps; what became due runs at the next `advance`. */
  jump(ms: number): void {
    this.#elapsed += ms
  }
  /** The machine sleeps, as on Linux: the wall clock goes on, the monotonic one and its timers stand still. */
  sleep(ms: number): void {
    this.#sleptMs += ms
  }
  /** Moves time forward, running what becomes due in order, and lets promises settle in between. */
  async advance(ms: number): Promise<void> {
    const target = this.#elapsed + ms
    for (;;) {
      await settle()
      const next = [...this.#timers].filter(timer => timer.at <= target).sort((a, b) => a.at - b.at)[0]
      if (!next) break
      this.#timers.delete(next)
      this.#elapsed = Math.max(this.#elapsed, next.at)
      next.run()
    }
    this.#elapsed = target
    await settle()
  }
}

/** Lets everything that is ready run. */
export const settle = async (): Promise<void> => {
  for (let turn = 0; turn < 5; turn++) await new Promise(resolve => setImmediate(resolve))
}
