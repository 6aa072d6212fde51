// Domain of nodes → how many pods count there. Also those without any are known, and the fewest at once.

export class DomainCounts {
  readonly #counts = new Map<string, number>()
  /** Count → how many domains have it. */
  readonly #having = new Map<number, number>()
  #fewest: number | undefined

  add(domain: string, amount: number): void {
    const before = this.#counts.get(domain)
    if (before !== undefined && amount === 0) return
    const count = (before ?? 0) + amount
    this.#counts.set(domain, count)
    if (before !== undefined) this.#change(before, -1)
    this.#change(count, 1)
  }

  #change(count: number, by: 1 | -1): void {
    const domains = (this.#having.get(count) ?? 0) + by
    if (domains > 0) this.#having.set(count, domains)
    else this.#having.delete(count)
    if (by > 0 && this.#fewest !== undefined && count < this.#fewest) this.#fewest = count
    else if (domains === 0 && count === this.#fewest) this.#fewest = undefined
  }

  at(domain: string): number {
    return this.#counts.get(domain) ?? 0
  }

  /** Of the domain that has the fewest; 0 while there are fewer than so many domains. */
  least(minDomains: number): number {
    if (this.#counts.size === 0 || this.#counts.size < minDomains) return 0
    return (this.#fewest ??= [...this.#having.keys()].reduce((a, b) => Math.min(a, b)))
  }
}
