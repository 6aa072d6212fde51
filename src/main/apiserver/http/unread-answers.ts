// Answers that are made, and wait for clients to read them. A client has its time for each part of an answer; where
// all that waits is too much, those of whoever has the most go first, the oldest before. Watches and other streams are
// bounded elsewhere.
import type { Clock } from '../../../shared/machinery/clock.ts'
import { SharedTimer } from '../../../shared/machinery/shared-timer.ts'
import { SharedBytes } from './shared-bytes.ts'

export interface UnreadLimits {
  /** How long a client may take nothing. */
  readonly waitMs: number
  /** Of all that waits. */
  readonly bytes: number
}

/** The first is how long upstream gives a whole request. */
const UNREAD_LIMITS: UnreadLimits = { waitMs: 60_000, bytes: 256 * 1024 * 1024 }

export class UnreadAnswers {
  readonly #timer: SharedTimer
  readonly #bytes: SharedBytes

  constructor(clock: Clock, { waitMs, bytes }: UnreadLimits = UNREAD_LIMITS) {
    this.#timer = new SharedTimer(clock, waitMs)
    this.#bytes = new SharedBytes(bytes, 'oldest')
  }

  /**
   * @param user whose answer it is
   * @param cutOff ends what the client does not read
   * @returns is called when it has been read, or the client is gone
   */
  hold(user: string, bytes: number, cutOff: () => void): () => void {
    const cancel = this.#timer.after(() => {
      held.release()
      cutOff()
    })
    const held = this.#bytes.hold(user, bytes, () => {
      cancel()
      cutOff()
    })
    return () => {
      cancel()
      held.release()
    }
  }
}
