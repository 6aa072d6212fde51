// Time as the control plane lived it. While it slept (a closed laptop, a stopped process) it saw nothing, so that gap
// must not count against anybody: it is the control plane's own outage.
import type { Clock } from '../../../shared/machinery/clock.ts'

const TICK_MS = 5_000
/** A tick that is late by more than this was not late but asleep. */
const TOLERANCE_MS = 10_000

export class ObservedTime {
  readonly #clock: Clock
  readonly #onGap = new Set<() => void>()
  #lostMs = 0
  #tickMonotonic: number
  #tickWall: number
  #awakeSinceMs: number

  constructor(clock: Clock) {
    this.#clock = clock
    this.#tickMonotonic = clock.monotonic()
    this.#tickWall = clock.now()
    this.#awakeSinceMs = clock.now()
  }

  /** Milliseconds that were observed so far: it goes on evenly and leaves gaps out. */
  now(): number {
    this.#detect()
    return this.#clock.monotonic() - this.#lostMs
  }

  /** Since when there was no gap, by the wall clock. Terms of what is written down start again there. */
  awakeSinceMs(): number {
    this.#detect()
    return this.#awakeSinceMs
  }

  /** Called after every gap. */
  onGap(listener: () => void): void {
    this.#onGap.add(listener)
  }

  /** Ticks until the signal aborts; without ticks, a gap of a clock that counts sleep is not noticed. */
  start(signal: AbortSignal): void {
    if (signal.aborted) return
    const tick = () => {
      this.#detect()
      this.start(signal)
    }
    const cancel = this.#clock.after(TICK_MS, () => {
      signal.removeEventListener('abort', cancel)
      tick()
    })
    signal.addEventListener('abort', cancel, { once: true })
  }

  /** Some monotonic clocks stop during sleep and some do not; the wall clock never stops, but can be set. */
  #detect(): void {
    const monotonic = this.#clock.monotonic()
    const wall = this.#clock.now()
    const passed = monotonic - this.#tickMonotonic
    const passedWall = wall - this.#tickWall
    this.#tickMonotonic = monotonic
    this.#tickWall = wall
    const slept = passed > TICK_MS + TOLERANCE_MS
    if (slept) this.#lostMs += passed - TICK_MS
    if (!slept && passedWall - passed <= TOLERANCE_MS) return
    this.#awakeSinceMs = wall
    for (const listener of this.#onGap) listener()
  }
}
