// Growing, jittered delays for retries of one activity.

export interface BackoffOptions {
  readonly initialMs: number
  readonly maxMs: number
  readonly factor?: number
  /** Share of the delay that is random: 1 = between one and two times the delay. */
  readonly jitter?: number
  /** In [0, 1). */
  readonly random?: () => number
}

export interface Backoff {
  /** @returns the delay before the next attempt, in milliseconds. */
  next(): number
  reset(): void
}

export function createBackoff({
  initialMs,
  maxMs,
  factor = 2,
  jitter = 1,
  random = Math.random,
}: BackoffOptions): Backoff {
  let current = initialMs
  return {
    next() {
      const base = current
      current = Math.min(current * factor, maxMs)
      return base * (1 + jitter * random())
    },
    reset() {
      current = initialMs
    },
  }
}
