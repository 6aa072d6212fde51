// What is told of a pod while its loop waits for something long, such as containers that stop: one report after the
// other, and none once the wait is over.

export class SideReports {
  readonly #onError: (error: unknown) => void
  #report: (() => Promise<void>) | undefined
  #told: Promise<void> = Promise.resolve()

  constructor(onError: (error: unknown) => void) {
    this.#onError = onError
  }

  /** @param report what `tell` does until `work` is done */
  async during<T>(report: () => Promise<void>, work: () => Promise<T>): Promise<T> {
    this.#report = report
    try {
      return await work()
    } finally {
      this.#report = undefined
      await this.#told
    }
  }

  /** @returns false when nothing is waited for: then the loop is there to report */
  tell(): boolean {
    const report = this.#report
    if (!report) return false
    this.#told = this.#told.then(report).catch(this.#onError)
    return true
  }
}
