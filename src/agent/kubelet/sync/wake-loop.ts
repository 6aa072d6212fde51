// One loop that is woken: passes never overlap, a wake during a pass means one more, and a pass that fails is repeated
// later and later.
import type { Clock } from '../../../shared/machinery/clock.ts'

const RETRY_MS = 2_000
const MAX_RETRY_MS = 60_000
const MOST_DOUBLINGS = 5

const retryMs = (failures: number): number => Math.min(MAX_RETRY_MS, RETRY_MS * 2 ** Math.min(failures, MOST_DOUBLINGS))

export interface WakeLoopOptions {
  readonly pass: () => Promise<void>
  readonly onError: (error: unknown) => void
  readonly clock: Clock
}

export class WakeLoop {
  readonly #options: WakeLoopOptions
  #failures = 0
  #wanted = false
  #isClosed = false
  #running: Promise<void> | undefined
  #cancelTimer: () => void = () => undefined
  #timerAt = Number.POSITIVE_INFINITY

  constructor(options: WakeLoopOptions) {
    this.#options = options
  }

  /** Asks for a pass; returns at once. */
  wake(): void {
    this.#wanted = true
    // Begun in a later microtask: a pass that wakes its own loop must find it running.
    this.#running ??= Promise.resolve()
      .then(() => this.#run())
      .finally(() => {
        this.#running = undefined
        // Woken after the last look at `wanted`.
        if (this.#wanted && !this.#isClosed) this.wake()
      })
  }

  /** Of several timers the earliest counts; the next pass forgets it. */
  wakeIn(delayMs: number): void {
    const { clock } = this.#options
    const at = clock.monotonic() + delayMs
    if (at >= this.#timerAt || this.#isClosed) return
    this.#cancelTimer()
    this.#timerAt = at
    this.#cancelTimer = clock.after(delayMs, () => this.wake())
  }

  /** Lets the pass under way end, and does no other. */
  async close(): Promise<void> {
    this.#isClosed = true
    this.#cancelTimer()
    await this.#running
  }

  async #run(): Promise<void> {
    while (this.#wanted && !this.#isClosed) {
      this.#wanted = false
      this.#cancelTimer()
      this.#timerAt = Number.POSITIVE_INFINITY
      try {
        await this.#options.pass()
        this.#failures = 0
      } catch (error) {
        if (this.#isClosed) return
        this.#options.onError(error)
        this.wakeIn(retryMs(this.#failures++))
      }
    }
  }
}
