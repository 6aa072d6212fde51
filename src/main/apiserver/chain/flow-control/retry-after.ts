// How long those who are turned away are told to wait: twice as long wherever many still come, a second less wherever few
// do.
const MOST_SECONDS = 32
/** Turned away for each second of the wait. */
const MANY = 3

interface Second {
  readonly at: number
  count: number
}

export class RetryAfter {
  #seconds = 1
  #grownAt = 0
  #current: Second = { at: 0, count: 0 }
  #past: Second[] = []

  /**
   * One more is turned away.
   * @param nowMs by a clock that nobody sets back
   * @returns what it is told, in seconds
   */
  told(nowMs: number): number {
    const at = Math.floor(nowMs / 1000)
    if (this.#current.at !== at) {
      if (this.#current.count > 0) this.#past.push(this.#current)
      this.#past = this.#past.filter(second => at - second.at <= MOST_SECONDS)
      this.#current = { at, count: 0 }
      this.#adapt(at)
    }
    this.#current.count++
    return this.#seconds
  }

  #adapt(at: number): void {
    const recent = this.#past.filter(second => at - second.at <= this.#seconds)
    const count = recent.reduce((sum, second) => sum + second.count, 0)
    // It grows once for a wait, and not again for the same crowd.
    if (at - this.#grownAt >= this.#seconds && count >= MANY * this.#seconds) {
      this.#seconds = Math.min(2 * this.#seconds, MOST_SECONDS)
      this.#grownAt = at
    } else if (count < this.#seconds && this.#seconds > 1) this.#seconds--
  }
}
