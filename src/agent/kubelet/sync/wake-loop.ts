// One loop that is woken: passes never overlap, a wake during a pass means one more, and a pass that fails is repeated
// later and later. A nudge counts as a wake only while all is well: what a failing pass stirs up itself, such as the
// events of a container that was made and removed again, must not repeat it at once.
import type { Clock } from '../../../shared/machinery/clock.ts'

const RETRY_MS = 2_000
const MAX_RETRY_MS = 60_000
const MOST_DOUBLINGS = 5

const retryMs = (failures: number): number => Math.min(MAX_RETRY_MS, RETRY_MS * 2 ** Math.min(failures, MOST_DOUBLINGS))

export interface WakeLoopOptions {
  readonly pass: () => Promise<void>
  readonly onError: (error: unknown) => void
  /** Whether a nudge is worth a pass. Default: each is. */
  readonly hasNews?: () => boolean
  readonly clock: Clock
}

export class WakeLoop {
  readonly #options: WakeLoopOptions
  #failures = 0
  #wanted = false
  #nudged = false
  /** Monotonic: until then, nudges wait. */
  #quietUntil = 0
  #isClosed = false
  #running: Promise<void> | undefined
  /** To be done beside the passes, by none of them. */
  #errand: (() => Promise<void>) | undefined
  #cancelTimer: () => void = () => undefined
  #timerAt = Number.POSITIVE_INFINITY

  constructor(options: WakeLoopOptions) {
    this.#options = options
  }

  /** Asks for a pass; returns at once. */
  wake(): void {
    this.#wanted = true
    this.#begin()
  }

  /** Asks for a pass, unless the last one failed: then the pass that repeats it will do. */
  nudge(): void {
    this.#nudged = true
    if (this.#isDue) this.#begin()
  }

  /** Does something that must not overlap with a pass, and needs none. What was asked for before and not begun is dropped. */
  errand(work: () => Promise<void>): void {
    this.#errand = work
    this.#begin()
  }

  get #isDue(): boolean {
    if (this.#wanted) return true
    const { clock, hasNews } = this.#options
    return this.#nudged && clock.monotonic() >= this.#quietUntil && (hasNews?.() ?? true)
  }

  #begin(): void {
    // Begun in a later microtask: a pass that wakes its own loop must find it running.
    this.#running ??= Promise.resolve()
      .then(() => this.#run())
      .finally(() => {
        this.#running = undefined
        // Woken after the last look.
        if ((this.#isDue || this.#errand) && !this.#isClosed) this.#begin()
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
    while ((this.#isDue || this.#errand) && !this.#isClosed) {
      if (this.#isDue) await this.#pass()
      else await this.#runErrand()
    }
  }

  async #pass(): Promise<void> {
    this.#wanted = false
    this.#nudged = false
    this.#cancelTimer()
    this.#timerAt = Number.POSITIVE_INFINITY
    try {
      await this.#options.pass()
      this.#failures = 0
      this.#quietUntil = 0
    } catch (error) {
      if (this.#isClosed) return
      this.#options.onError(error)
      const waitMs = retryMs(this.#failures++)
      this.#quietUntil = this.#options.clock.monotonic() + waitMs
      this.wakeIn(waitMs)
    }
  }

  async #runErrand(): Promise<void> {
    const errand = this.#errand
    this.#errand = undefined
    try {
      await errand?.()
    } catch (error) {
      if (!this.#isClosed) this.#options.onError(error)
    }
  }
}
