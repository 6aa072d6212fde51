// When a probe runs next: on the grid that its first run began, however long runs take.

/** @returns the next point of the grid; runs missed meanwhile are made up for by one at once @see time.Ticker of Go */
export function nextTick(lastMs: number, periodMs: number, nowMs: number): number {
  const missed = Math.floor((nowMs - lastMs) / periodMs)
  return lastMs + Math.max(1, missed) * periodMs
}

export interface FirstRun {
  /** How long the container has run. */
  readonly ageMs: number
  readonly initialDelayMs: number
  readonly periodMs: number
  /** In [0, 1) */
  readonly random: () => number
}

/** @returns how long the first run waits; containers that an earlier agent probed are not probed all at once */
export const firstWaitMs = ({ ageMs, initialDelayMs, periodMs, random }: FirstRun): number =>
  ageMs > initialDelayMs + periodMs ? random() * periodMs : Math.max(0, initialDelayMs - ageMs)
