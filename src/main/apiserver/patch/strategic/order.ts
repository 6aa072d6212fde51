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

interface Placed {
  readonly item: unknown
  /** Where the patch has it, and where the server had it. */
  readonly patchAt: number | undefined
  readonly serverAt: number | undefined
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
  const placed = merged.map((item): Placed => {
    const id = identity(item)
    return { item, patchAt: inPatch.get(id), serverAt: inServer.get(id) }
  })
  const by = (at: 'patchAt' | 'serverAt') => (a: Placed, b: Placed) => {
    const difference = (a[at] ?? Infinity) - (b[at] ?? Infinity)
    return Number.isNaN(difference) ? 0 : difference
  }
  const named = placed.filter(({ patchAt }) => patchAt !== undefined).sort(by('patchAt'))
  const others = placed.filter(({ patchAt }) => patchAt === undefined).sort(by('serverAt'))

  // Two sorted lists become one; an element that the server did not know goes in front.
  const result: unknown[] = []
  let i = 0
  let j = 0
  while (i < others.length || j < named.length) {
    const [other, one] = [others[i], named[j]]
    const isBefore = other?.serverAt !== undefined && one?.serverAt !== undefined && other.serverAt < one.serverAt
    const takeOther = j >= named.length || isBefore
    result.push((takeOther ? others[i++] : named[j++])?.item)
  }
  return result
}
