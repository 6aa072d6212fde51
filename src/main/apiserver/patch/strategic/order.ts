// The order of a merged list: what the patch names stands in the patch's order, the rest where the server had it.

/** What identifies an element: its merge key's value, or itself when it is a primitive. */
export type Identity = (item: unknown) => string

const indexOf = (items: readonly unknown[], identity: Identity): Map<string, number> => {
  const index = new Map<string, number>()
  items.forEach((item, i) => {
    const id = identity(item)
    if (!index.has(id)) index.set(id, i)
  })
  return index
}

/**
 * @param merged all elements
 * @param wanted elements, or at least their identities, in the order that the patch asks for
 * @param server the list as it was before
 */
export function orderMerged(
  merged: readonly unknown[],
  wanted: readonly unknown[],
  server: readonly unknown[],
  identity: Identity,
): unknown[] {
  const inPatch = indexOf(wanted, identity)
  const inServer = indexOf(server, identity)
  const rank = (index: Map<string, number>) => (item: unknown) => index.get(identity(item)) ?? Infinity
  const by = (of: (item: unknown) => number) => (a: unknown, b: unknown) => {
    const difference = of(a) - of(b)
    return Number.isNaN(difference) ? 0 : difference
  }
  const named = merged.filter(item => inPatch.has(identity(item))).sort(by(rank(inPatch)))
  const others = merged.filter(item => !inPatch.has(identity(item))).sort(by(rank(inServer)))

  // Two sorted lists become one; an element that the server did not know goes in front.
  const result: unknown[] = []
  let i = 0
  let j = 0
  while (i < others.length || j < named.length) {
    const serverAt = i < others.length ? inServer.get(identity(others[i])) : undefined
    const patchAt = j < named.length ? inServer.get(identity(named[j])) : undefined
    const takeOther =
      j >= named.length || (i < others.length && serverAt !== undefined && patchAt !== undefined && serverAt < patchAt)
    result.push(takeOther ? others[i++] : named[j++])
  }
  return result
}
