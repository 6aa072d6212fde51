// Timers of which there are many. Whatever ran out while the process stood still (a suspended process, a machine that
// slept) would ring at the same moment: it is spread over the next seconds.
import type { Clock } from './clock.ts'
import { watchTime } from './observed-time.ts'

const SPREAD_MS = 10_000

/**
 * Like `clock.after`, but what ran out during a standstill rings at a random moment after it within its own length, ten
 * seconds at most.
 * @param random in [0, 1)
 * @returns a function that cancels the call
 */
export function afterSpread(clock: Clock, delayMs: number, run: () => void, random: () => number): () => void {
  const { time, letGo } = watchTime(clock)
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
