// Lets the event loop breathe while a question about many nodes or pods is answered.

const SLICE_MS = 6

export class Pace {
  #untilMs = performance.now() + SLICE_MS

  /** Call between pieces of work. */
  async breathe(): Promise<void> {
    if (performance.now() < this.#untilMs) return
    await new Promise<void>(resolve => setImmediate(resolve))
    this.#untilMs = performance.now() + SLICE_MS
  }
}
