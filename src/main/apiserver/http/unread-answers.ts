// Answers that are made, and wait for clients to read them. A client has its time for each part of an answer; where
// all that waits is too much, those go first that have waited longest. Watches and other streams are bounded elsewhere.
import type { Clock } from '../../../shared/machinery/clock.ts'
import { PassingThrough, type Place } from '../../../shared/machinery/passing-through.ts'
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
  readonly #held = new PassingThrough<Held>()
  #bytes = 0

  constructor(clock: Clock, limits: UnreadLimits = UNREAD_LIMITS) {
    this.#limits = limits
    this.#timer = new SharedTimer(clock, limits.waitMs)
  }

  /** @param cutOff ends what the client does not read @returns is called when it has been read, or the client is gone */
  hold(bytes: number, cutOff: () => void): () => void {
    const held: Place<Held> = this.#held.add({ bytes, cutOff, cancel: this.#timer.after(() => this.#cutOff(held)) })
    this.#bytes += bytes
    for (let oldest = this.#held.first; oldest && this.#bytes > this.#limits.bytes; oldest = this.#held.first)
      this.#cutOff(oldest)
    return () => this.#release(held)
  }

  #release(held: Place<Held>): void {
    if (held.isLeft) return
    this.#bytes -= held.member.bytes
    held.member.cancel()
    this.#held.delete(held)
  }

  #cutOff(held: Place<Held>): void {
    if (held.isLeft) return
    const { cutOff } = held.member
    this.#release(held)
    cutOff()
  }
}
