// Writes an operation's status: changes at once, output at most a few times a second.
import { HostOperation, type HostOperationStatus } from '../../../shared/api/flotilla/v1.ts'
import type { Client } from '../../../shared/client/client.ts'
import type { Clock } from '../../../shared/machinery/clock.ts'
import type { Log } from '../../../shared/machinery/log.ts'
import { isNotFound } from '../../../shared/machinery/status.ts'

const EVERY_MS = 300

export class StatusWriter {
  readonly #client: Client
  readonly #name: string
  readonly #clock: Clock
  readonly #log: Log
  readonly status: HostOperationStatus
  #writing: Promise<void> = Promise.resolve()
  #cancelTimer: (() => void) | undefined

  constructor(parts: { client: Client; name: string; clock: Clock; log: Log; status: HostOperationStatus }) {
    this.#client = parts.client
    this.#name = parts.name
    this.#clock = parts.clock
    this.#log = parts.log
    this.status = structuredClone(parts.status)
  }

  /** Resolves when it is written. Never rejects: an operation does not fail because nobody can be told. */
  set(change: Partial<HostOperationStatus>): Promise<void> {
    Object.assign(this.status, change)
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
      } catch (error) {
        if (!isNotFound(error)) this.#log.warn({ err: error, operation: this.#name }, 'status not written')
      }
    })
    return this.#writing
  }
}
