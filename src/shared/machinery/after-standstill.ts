// Timers of which there are many. Whatever ran out while the process stood still (a suspended process, a machine that
// slept) would ring at the same moment: it is spread over the next seconds.
import type { Clock } from './clock.ts'

/** A timer that is late by more than this was not late: the process stood still. */
export const STOOD_STILL_MS = 10_000
const SPREAD_MS = 10_000

/**
 * Like `clock.after`, but what rings after a standstill rings at a random moment within its own length, ten seconds at
 * most.
 * @param random in [0, 1)
 * @returns a function that cancels the call
 */
export function afterSpread(clock: Clock, delayMs: number, run: () => void, random: () => number): () => void {
  const dueMs = clock.monotonic() + delayMs
  let cancel = clock.after(delayMs, () => {
    if (clock.monotonic() - dueMs < STOOD_STILL_MS) run()
    else cancel = clock.after(Math.min(delayMs, SPREAD_MS) * random(), run)
  })
  return () => cancel()
}
