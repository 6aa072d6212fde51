// Timers of which there are many. Whatever ran out while the process stood still (a suspended process, a machine that
// slept) would ring at the same moment: it is spread over the next seconds.
import type { Clock } from './clock.ts'
import { ObservedTime } from './observed-time.ts'

const SPREAD_MS = 10_000

/** A clock is watched as long as such timers wait for it. */
interface Watched {
  readonly time: ObservedTime
  readonly stop: AbortController
  waiting: number
}
const watched = new WeakMap<Clock, Watched>()

/**
 * Like `clock.after`, but what ran out during a standstill rings at a random moment after it within its own length, ten
 * seconds at most.
 * @param random in [0, 1)
 * @returns a function that cancels the call
 */
export function afterSpread(clock: Clock, delayMs: number, run: () => void, random: () => number): () => void {
  const { time, letGo } = watch(clock)
  const due = { monotonicMs: clock.monotonic() + delayMs, wallMs: clock.now() + delayMs }
  const ring = () => {
    letGo()
    run()
  }
  let cancel = clock.after(delayMs, () => {
    if (time.wasAwakeAt(due)) ring()
    else cancel = clock.after(Math.min(delayMs, SPREAD_MS) * random(), ring)
  })
  return () => {
    letGo()
    cancel()
  }
}

/** @returns its time, until it is let go */
function watch(clock: Clock): { time: ObservedTime; letGo: () => void } {
  const known = watched.get(clock)
  const entry = known ?? { time: new ObservedTime(clock), stop: new AbortController(), waiting: 0 }
  if (!known) {
    watched.set(clock, entry)
    entry.time.start(entry.stop.signal)
  }
  entry.waiting++
  let held = true
  const letGo = () => {
    if (!held) return
    held = false
    if (--entry.waiting > 0) return
    watched.delete(clock)
    entry.stop.abort()
  }
  return { time: entry.time, letGo }
}
