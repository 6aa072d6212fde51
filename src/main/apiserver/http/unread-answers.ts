// Answers that are made, and wait for clients to read them. A client has its time for each part of an answer; where
// all that waits is too much, those go first that have waited longest. Watches and other streams are bounded elsewhere.
import type { Clock } from '../../../shared/machinery/clock.ts'
import { SharedTimer } from '../../../shared/machinery/shared-timer.ts'

export interface UnreadLimits {
  /** How long a client may take nothing. */
  readonly waitMs: number
  /** Of all that waits. */
  readonly bytes: number
}

/** The first is how long upstream gives a whole request. */
const UNREAD_LIMITS: UnreadLimits = { waitMs: 60_000, bytes: 256 * 1024 * 1024 }

interface Held {
  readonly bytes: number
  readonly cutOff: () => void
  readonly cancel: () => void
}

export class UnreadAnswers {
  readonly #limits: UnreadLimits
  readonly #timer: SharedTimer
  /** The oldest first. */
  readonly #held = new Set<Held>()
  #bytes = 0

  constructor(clock: Clock, limits: UnreadLimits = UNREAD_LIMITS) {
    this.#limits = limits
    this.#timer = new SharedTimer(clock, limits.waitMs)
  }

  /** @param cutOff ends what the client does not read @returns is called when it has been read, or the client is gone */
  hold(bytes: number, cutOff: () => void): () => void {
    const held: Held = { bytes, cutOff, cancel: this.#timer.after(() => this.#cutOff(held)) }
    this.#held.add(held)
    this.#bytes += bytes
    for (const oldest of this.#held) {
      if (this.#bytes <= this.#limits.bytes) break
      this.#cutOff(oldest)
    }
    return () => this.#release(held)
  }

  #release(held: Held): void {
    if (!this.#held.delete(held)) return
    this.#bytes -= held.bytes
    held.cancel()
  }

  #cutOff(held: Held): void {
    this.#release(held)
    held.cutOff()
  }
}
