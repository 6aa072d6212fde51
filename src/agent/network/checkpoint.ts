// Keeps what a view knew last on the node's disk, so that a restarted node works without the API server.
import { type Clock } from '../../shared/machinery/clock.ts'
import type { Log } from '../../shared/machinery/log.ts'
import { readState, writeState } from './state-file.ts'

export interface Remembered {
  /** Takes what was saved; anything else than what it once gave away counts as nothing. */
  restore(saved: unknown): void
  /** @returns what can be saved as JSON */
  snapshot(): unknown
  /** @returns a function that removes the handler */
  onChange(changed: () => void): () => void
}

export interface CheckpointOptions {
  readonly path: string
  readonly view: Remembered
  readonly clock: Clock
  readonly log: Log
}

/** Changes within this time share one write. */
const WRITE_DELAY_MS = 2_000

export class Checkpoint implements AsyncDisposable {
  readonly #options: CheckpointOptions
  readonly #forget: () => void
  #cancel: (() => void) | undefined
  #writing: Promise<void> = Promise.resolve()

  /** Restores the view at once, then follows it. */
  constructor(options: CheckpointOptions) {
    this.#options = options
    options.view.restore(readState(options.path))
    this.#forget = options.view.onChange(() => this.#schedule())
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#forget()
    if (this.#cancel) {
      this.#cancel()
      this.#cancel = undefined
      this.#write()
    }
    await this.#writing
  }

  #schedule(): void {
    this.#cancel ??= this.#options.clock.after(WRITE_DELAY_MS, () => {
      this.#cancel = undefined
      this.#write()
    })
  }

  #write(): void {
    const { path, view, log } = this.#options
    this.#writing = this.#writing
      .then(() => writeState(path, JSON.stringify(view.snapshot())))
      .catch((error: unknown) => log.warn({ err: error, path }, 'cannot save what the network knows of the cluster'))
  }
}
