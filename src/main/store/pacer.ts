// Lets the event loop breathe inside long loops.

/** Longest piece of work in one go. */
const SLICE_MS = 6

/** @returns a function that says when it is time to pause, and one that pauses. */
export class Pacer {
  #until = performance.now() + SLICE_MS

  get due(): boolean {
    return performance.now() >= this.#until
  }

  async pause(): Promise<void> {
    await new Promise(resolve => setImmediate(resolve))
    this.#until = performance.now() + SLICE_MS
  }
}
