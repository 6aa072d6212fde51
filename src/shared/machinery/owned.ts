// What a part started, ended in reverse order. (AsyncDisposableStack is not in Node 20.)

export class Owned implements AsyncDisposable {
  readonly #ends: (() => unknown)[] = []

  /** @returns the resource, which is now disposed of with this. */
  use<T extends Disposable | AsyncDisposable>(resource: T): T {
    this.defer(() => (Symbol.asyncDispose in resource ? resource[Symbol.asyncDispose]() : resource[Symbol.dispose]()))
    return resource
  }

  defer(end: () => unknown): void {
    this.#ends.push(end)
  }

  /** Ends everything even when some ends fail. @throws the first failure */
  async [Symbol.asyncDispose](): Promise<void> {
    const failures: unknown[] = []
    for (let end = this.#ends.pop(); end; end = this.#ends.pop()) {
      try {
        await end()
      } catch (error) {
        failures.push(error)
      }
    }
    if (failures.length > 0) throw failures[0]
  }
}
