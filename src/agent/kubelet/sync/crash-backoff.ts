// Back-off of restarts and pulls: 10 s, doubled each time, at most 5 min; forgotten after 10 min of peace.
import type { Clock } from '../../../shared/machinery/clock.ts'

const INITIAL_MS = 10_000
const MAX_MS = 300_000
const RESET_AFTER_MS = 600_000

interface Entry {
  delayMs: number
  /** When the last attempt failed or was made. */
  at: number
}

export class CrashBackoff {
  readonly #clock: Clock
  readonly #entries = new Map<string, Entry>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /**
   * @param sinceMs when the last attempt ended; wall clock
   * @returns how long to wait before the next one, and the delay it stands for; 0 = now
   */
  remaining(key: string, sinceMs: number): { waitMs: number; delayMs: number } {
    const entry = this.#entries.get(key)
    const now = this.#clock.now()
    if (!entry || now - entry.at > RESET_AFTER_MS + entry.delayMs) return { waitMs: 0, delayMs: 0 }
    // A clock that was set back must not stretch the wait beyond the delay.
    const waitMs = Math.min(entry.delayMs, Math.max(0, sinceMs + entry.delayMs - now))
    return { waitMs, delayMs: entry.delayMs }
  }

  /** An attempt is made: the next wait is longer, unless the last one was long ago. */
  next(key: string): void {
    const now = this.#clock.now()
    const entry = this.#entries.get(key)
    const fresh = !entry || now - entry.at > RESET_AFTER_MS + entry.delayMs
    this.#entries.set(key, { delayMs: fresh ? INITIAL_MS : Math.min(entry.delayMs * 2, MAX_MS), at: now })
  }

  forget(prefix: string): void {
    for (const key of this.#entries.keys()) if (key.startsWith(prefix)) this.#entries.delete(key)
  }
}
