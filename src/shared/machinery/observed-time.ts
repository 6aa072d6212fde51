// Time as the control plane lived it. While it slept (a closed laptop, a stopped process) it saw nothing, so that gap
// must not count against anybody: it is the control plane's own outage.
import type { Clock } from './clock.ts'

const TICK_MS = 5_000
/** A tick that is late by more than this was not late: the process stood still. */
export const STOOD_STILL_MS = 10_000

/** A moment, by both of a clock's ways of counting. */
export interface Moment {
  readonly monotonicMs: number
  readonly wallMs: number
}

export class ObservedTime {
  readonly #clock: Clock
  readonly #onGap = new Set<() => void>()
  #lostMs = 0
  #tickMonotonic: number
  #tickWall: number
  #awakeSince: Moment

  constructor(clock: Clock) {
    this.#clock = clock
    this.#tickMonotonic = clock.monotonic()
    this.#tickWall = clock.now()
    this.#awakeSince = { monotonicMs: this.#tickMonotonic, wallMs: this.#tickWall }
  }

  /** Milliseconds that were observed so far: it goes on evenly and leaves gaps out. */
  now(): number {
    this.#detect()
    return this.#clock.monotonic() - this.#lostMs
  }

  /** Since when there was no gap, by the wall clock. Terms of what is written down start again there. */
  awakeSinceMs(): number {
    this.#detect()
    return this.#awakeSince.wallMs
  }

  /** Whether the moment lies in no gap, and there was none since. */
  wasAwakeAt({ monotonicMs, wallMs }: Moment): boolean {
    this.#detect()
    return monotonicMs >= this.#awakeSince.monotonicMs && wallMs >= this.#awakeSince.wallMs
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
    const slept = passed > TICK_MS + STOOD_STILL_MS
    if (slept) this.#lostMs += passed - TICK_MS
    if (!slept && passedWall - passed <= STOOD_STILL_MS) {
      // It was set back: nothing that is to come lies before a gap.
      if (wall < this.#awakeSince.wallMs) this.#awakeSince = { ...this.#awakeSince, wallMs: wall }
      return
    }
    this.#awakeSince = { monotonicMs: monotonic, wallMs: wall }
    for (const listener of this.#onGap) listener()
  }
}

/** A clock's time, as long as somebody watches it. */
interface Watched {
  readonly time: ObservedTime
  readonly stop: AbortController
  watchers: number
}
const watched = new WeakMap<Clock, Watched>()

/** @returns the time of a clock, which all who watch it share; it ticks until they all have let go */
export function watchTime(clock: Clock): { readonly time: ObservedTime; readonly letGo: () => void } {
  const known = watched.get(clock)
  const entry = known ?? { time: new ObservedTime(clock), stop: new AbortController(), watchers: 0 }
  if (!known) {
    watched.set(clock, entry)
    entry.time.start(entry.stop.signal)
  }
  entry.watchers++
  let held = true
  const letGo = () => {
    if (!held) return
    held = false
    if (--entry.watchers > 0) return
    watched.delete(clock)
    entry.stop.abort()
  }
  return { time: entry.time, letGo }
}
