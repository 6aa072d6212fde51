// How long a request lasts. Most are over before anybody asks: a signal is only made for those that do.

export class RequestLife {
  #controller: AbortController | undefined
  #reason: Error | undefined

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
}
