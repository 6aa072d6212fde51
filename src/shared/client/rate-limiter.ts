// How long a failed key has to wait: per-key exponential back-off and one bucket over all keys, the longer counts.
import type { Clock } from '../machinery/clock.ts'

export interface RateLimiter {
  /**
   * @param soon the attempt was no failure: it starts with the shortest delay there is
   * @returns milliseconds to wait before the next attempt, and counts it
   */
  next(key: string, soon?: boolean): number
  forget(key: string): void
  retries(key: string): number
}

export interface RateLimiterOptions {
  readonly baseMs?: number
  readonly maxMs?: number
  /** Attempts per second over all keys, after a burst. */
  readonly perSecond?: number
  readonly burst?: number
}

const BASE_MS = 5

/** Defaults are client-go's: 5 ms doubling up to 1000 s, and 10 per second after a burst of 100. */
export function createRateLimiter(
  clock: Clock,
  { baseMs = BASE_MS, maxMs = 1_000_000, perSecond = 10, burst = 100 }: RateLimiterOptions = {},
): RateLimiter {
  const failures = new Map<string, number>()
  const bucket = createTokenBucket(clock, perSecond, burst)
  return {
    next(key, soon = false) {
      const count = failures.get(key) ?? 0
      failures.set(key, count + 1)
      const firstMs = soon ? Math.min(baseMs, BASE_MS) : baseMs
      return Math.max(Math.min(firstMs * 2 ** count, maxMs), bucket.reserve())
    },
    forget(key) {
      failures.delete(key)
    },
    retries: key => failures.get(key) ?? 0,
  }
}

export interface TokenBucket {
  /** Takes a token even if none is there yet. @returns milliseconds until it is. */
  reserve(): number
  /** Takes a token if one is there. */
  tryTake(): boolean
}

export function createTokenBucket(clock: Clock, perSecond: number, burst: number): TokenBucket {
  let tokens = burst
  let at = clock.monotonic()
  const refill = () => {
    const now = clock.monotonic()
    tokens = Math.min(burst, tokens + ((now - at) / 1000) * perSecond)
    at = now
  }
  return {
    reserve() {
      refill()
      tokens -= 1
      return tokens >= 0 ? 0 : (-tokens / perSecond) * 1000
    },
    tryTake() {
      refill()
      if (tokens < 1) return false
      tokens -= 1
      return true
    },
  }
}
