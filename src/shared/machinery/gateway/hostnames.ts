// Host names of listeners and routes. `*.example.org` stands for one label or more in front; '' for every host.

const suffixOf = (pattern: string): string | undefined => (pattern.startsWith('*.') ? pattern.slice(1) : undefined)

/** @returns what both take, the narrower of the two; undefined when there is no such host */
export function intersectHostnames(one: string, other: string): string | undefined {
  if (one === '' || one === other) return other
  if (other === '') return one
  const [a, b] = [suffixOf(one), suffixOf(other)]
  if (a !== undefined && b !== undefined) return a.endsWith(b) ? one : b.endsWith(a) ? other : undefined
  if (a !== undefined) return other.endsWith(a) ? other : undefined
  if (b !== undefined) return one.endsWith(b) ? one : undefined
  return undefined
}

/** @returns the hosts of a route on a listener; none when no request can be for both */
export function hostnamesOn(listener: string | undefined, route: readonly string[] | undefined): string[] {
  const own = (listener ?? '').toLowerCase()
  if (!route || route.length === 0) return [own]
  return route.flatMap(name => intersectHostnames(own, name.toLowerCase()) ?? [])
}
