// The writes of the scheduler that are under way, of which there is a limit: past it no further pod is placed.

const MAX_WRITING = 256

export class Writes {
  readonly #underWay = new Set<Promise<void>>()
  readonly #onRoom: () => void
  readonly #onError: ((error: unknown) => void) | undefined
  #writing = 0

  /** `onRoom`: the limit was reached, and a place is free again. */
  constructor(onRoom: () => void, onError?: (error: unknown) => void) {
    this.#onRoom = onRoom
    this.#onError = onError
  }

  get hasRoom(): boolean {
    return this.#writing < MAX_WRITING
  }

  start(work: () => Promise<void>): void {
    this.#writing++
    const tracked = work()
      .catch((error: unknown) => this.#onError?.(error))
      .finally(() => {
        this.#underWay.delete(tracked)
        this.#leave()
      })
    this.#underWay.add(tracked)
  }

  /** A write that waits for others, such as for volumes, does not count meanwhile. */
  async aside<T>(wait: Promise<T>): Promise<T> {
    this.#leave()
    try {
      return await wait
    } finally {
      this.#writing++
    }
  }

  async settled(): Promise<void> {
    await Promise.allSettled(this.#underWay)
  }

  #leave(): void {
    if (this.#writing-- === MAX_WRITING) this.#onRoom()
  }
}
