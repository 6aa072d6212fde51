// Writes an operation's status: changes at once, output at most a few times a second. What the server would not take, as
// when it is overloaded, is written again: a question that nobody sees is never answered.
import { HostOperation, type HostOperationStatus } from '../../../shared/api/flotilla/v1.ts'
import type { Client } from '../../../shared/client/client.ts'
import type { Clock } from '../../../shared/machinery/clock.ts'
import type { Log } from '../../../shared/machinery/log.ts'
import { isNotFound } from '../../../shared/machinery/status.ts'

const EVERY_MS = 300
const RETRY_MS = 1_000
const MOST_RETRIES = 60

export class StatusWriter {
  readonly #client: Client
  readonly #name: string
  readonly #clock: Clock
  readonly #log: Log
  readonly status: HostOperationStatus
  #writing: Promise<void> = Promise.resolve()
  #cancelTimer: (() => void) | undefined
  /** Since it was written last. */
  #failures = 0

  constructor(parts: { client: Client; name: string; clock: Clock; log: Log; status: HostOperationStatus }) {
    this.#client = parts.client
    this.#name = parts.name
    this.#clock = parts.clock
    this.#log = parts.log
    this.status = structuredClone(parts.status)
  }

  /**
   * Resolves when it was tried. Never rejects: an operation does not fail because nobody can be told. What a message is made
   * of goes with it.
   */
  set(change: Partial<HostOperationStatus>): Promise<void> {
    Object.assign(this.status, change.message === undefined ? {} : { said: [] }, change)
    return this.#write()
  }

  /** Something inside the status changed that can wait a moment. */
  soon(): void {
    this.#cancelTimer ??= this.#clock.after(EVERY_MS, () => void this.#write())
  }

  #write(): Promise<void> {
    this.#cancelTimer?.()
    this.#cancelTimer = undefined
    this.#writing = this.#writing.then(async () => {
      const status = structuredClone(this.status)
      try {
        await this.#client.patch(
          HostOperation,
          { name: this.#name },
          { status },
          { type: 'merge', subresource: 'status' },
        )
        this.#failures = 0
      } catch (error) {
        if (isNotFound(error)) return
        this.#log.warn({ err: error, operation: this.#name }, 'status not written')
        if (++this.#failures <= MOST_RETRIES)
          this.#cancelTimer ??= this.#clock.after(RETRY_MS, () => void this.#write())
      }
    })
    return this.#writing
  }
}
