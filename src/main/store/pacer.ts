// Lets the event loop breathe inside long loops.

/** Longest piece of work in one go. */
const SLICE_MS = 6

export class Pacer {
  readonly #sliceMs: number
  #until: number

  /** @param sliceMs how long others wait at most; less for what nobody waits for */
  constructor(sliceMs = SLICE_MS) {
    this.#sliceMs = sliceMs
    this.#until = performance.now() + sliceMs
  }

  get due(): boolean {
    return performance.now() >= this.#until
  }

  async pause(): Promise<void> {
    await new Promise(resolve => setImmediate(resolve))
    this.#until = performance.now() + this.#sliceMs
  }
}
