// How long a request lasts. Most are over before anybody asks: a signal is only made for those that do.

export class RequestLife {
  #controller: AbortController | undefined
  #reason: Error | undefined
  #releases: (() => void)[] | undefined
  #isOver = false
  #onAnswered: (() => void) | undefined

  get ended(): boolean {
    return this.#reason !== undefined
  }

  get signal(): AbortSignal {
    if (!this.#controller) {
      this.#controller = new AbortController()
      if (this.#reason) this.#controller.abort(this.#reason)
    }
    return this.#controller.signal
  }

  end(reason: Error): void {
    this.#reason ??= reason
    this.#controller?.abort(reason)
  }

  /** @param release is called once nothing of the request is left */
  whenOver(release: (() => void) | undefined): void {
    if (this.#isOver) release?.()
    else if (release) (this.#releases ??= []).push(release)
  }

  /** Nothing of it is left. */
  over(): void {
    this.#isOver = true
    this.#releases?.forEach(release => release())
    this.answered()
  }

  get isOver(): boolean {
    return this.#isOver
  }

  /** @param run is called once the answer is made, or waits for its client */
  afterAnswer(run: () => void): void {
    if (this.#isOver) run()
    else this.#onAnswered = run
  }

  /** From here on the answer is the client's business. */
  answered(): void {
    const run = this.#onAnswered
    this.#onAnswered = undefined
    run?.()
  }
}
