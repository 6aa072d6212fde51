// Notices that this machine slept: the wall clock went on while nothing ran.
import type { Clock } from '../../shared/machinery/clock.ts'

const LOOK_MS = 5_000
const JUMP_MS = 10_000

export class SleepWatch implements Disposable {
  readonly #clock: Clock
  readonly #woke: (sinceMs: number) => void
  #cancel: () => void = () => undefined

  /** @param woke called after a jump of the wall clock, forward or back, with the moment when it was last awake */
  constructor(clock: Clock, woke: (sinceMs: number) => void) {
    this.#clock = clock
    this.#woke = woke
  }

  start(): void {
    const before = this.#clock.now()
    this.#cancel = this.#clock.after(LOOK_MS, () => {
      if (Math.abs(this.#clock.now() - before - LOOK_MS) > JUMP_MS) this.#woke(before)
      this.start()
    })
  }

  [Symbol.dispose](): void {
    this.#cancel()
  }
}
