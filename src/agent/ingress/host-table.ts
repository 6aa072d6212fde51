// What belongs to a host name, found from the most special to the most general.

/** How many labels a wildcard stands for: one in an Ingress, any number in the Gateway API. */
export type WildcardDepth = 'one' | 'any'

export class HostTable<T> {
  readonly #exact = new Map<string, T>()
  /** `*.example.org` by `example.org` */
  readonly #wildcards = { one: new Map<string, T>(), any: new Map<string, T>() }
  #everyHost: T | undefined

  /**
   * @param pattern a host, `*.` and a host, or '' for every host
   * @returns what is kept for this very pattern; `make` makes it the first time
   */
  at(pattern: string, depth: WildcardDepth, make: () => T): T {
    if (pattern === '') return (this.#everyHost ??= make())
    const isWildcard = pattern.startsWith('*.')
    const map = isWildcard ? this.#wildcards[depth] : this.#exact
    const key = (isWildcard ? pattern.slice(2) : pattern).toLowerCase()
    const known = map.get(key)
    if (known !== undefined) return known
    const made = make()
    map.set(key, made)
    return made
  }

  values(): T[] {
    const { one, any } = this.#wildcards
    return [...this.#exact.values(), ...one.values(), ...any.values(), ...(this.#everyHost ? [this.#everyHost] : [])]
  }

  /** @param host without a port. @returns everything that takes it, the most special first */
  find(host: string): T[] {
    const name = host.toLowerCase()
    const found = [this.#exact.get(name)]
    for (let at = name.indexOf('.'), depth = 1; at >= 0; at = name.indexOf('.', at + 1), depth++) {
      const parent = name.slice(at + 1)
      if (depth === 1) found.push(this.#wildcards.one.get(parent))
      found.push(this.#wildcards.any.get(parent))
    }
    found.push(this.#everyHost)
    return found.filter(each => each !== undefined)
  }
}

/** @param authority as in a request, with or without a port */
export const hostOf = (authority: string): string => authority.replace(/:\d+$/, '').toLowerCase()
