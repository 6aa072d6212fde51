// The order of a merged list: what the patch names stands in the patch's order, the rest where the server had it.
import { PIECE, slices } from '../../../pieces/large-json.ts'
import type { Pieces } from '../../../pieces/pacer.ts'

/** What identifies an element: its merge key's value, or itself when it is a primitive. */
export type Identity = (item: unknown) => string

function* indexOf(items: readonly unknown[], identity: Identity): Pieces<Map<string, number>> {
  const index = new Map<string, number>()
  let count = 0
  for (const some of slices(items)) {
    for (const item of some) {
      const id = identity(item)
      if (!index.has(id)) index.set(id, count)
      count++
    }
    yield
  }
  return index
}

export interface Merged {
  readonly id: string
  readonly item: unknown
}

interface Other {
  readonly item: unknown
  /** Where the server had it; behind all else what it did not know. */
  readonly at: number
}

interface Named {
  readonly item: unknown
  /** Where the patch has it. */
  readonly at: number
  /** Where the server had it; in front of all else what it did not know. */
  readonly serverAt: number
}

/**
 * @param result where they go, in order
 * @param merged all elements
 * @param wanted elements, or at least their identities, in the order that the patch asks for
 * @param server the list as it was before
 */
export function* orderMerged(
  result: unknown[],
  merged: readonly Merged[],
  wanted: readonly unknown[],
  server: readonly unknown[],
  identity: Identity,
): Pieces<void> {
  const inPatch = yield* indexOf(wanted, identity)
  const inServer = yield* indexOf(server, identity)
  const named: Named[] = []
  const others: Other[] = []
  for (const some of slices(merged)) {
    for (const { id, item } of some) {
      const patchAt = inPatch.get(id)
      const serverAt = inServer.get(id)
      if (patchAt === undefined) others.push({ item, at: serverAt ?? Infinity })
      else named.push({ item, at: patchAt, serverAt: serverAt ?? -1 })
    }
    yield
  }
  named.sort((a, b) => a.at - b.at)
  yield
  // Infinities are equal.
  others.sort((a, b) => a.at - b.at || 0)
  yield

  // Two sorted lists become one; an element that the server did not know goes in front.
  let j = 0
  for (const { item, at } of others) {
    for (let one = named[j]; one && at >= one.serverAt; one = named[++j]) result.push(one.item)
    result.push(item)
    if (result.length % PIECE === 0) yield
  }
  for (; j < named.length; j++) result.push(named[j]?.item)
}
