// What changed from one revision to another, as a JSON patch that takes bounded work however large the lists are.
import { isDeepStrictEqual } from 'node:util'
import { createPatch } from 'rfc6902'

/** A longer list that changed is told as a whole. */
const LONGEST_LIST = 100
/** Pairs of values that are compared in the lists of one object; lists beyond that are told as a whole. */
const MOST_PAIRS = 100_000

export function changesBetween(before: object, after: object): ReturnType<typeof createPatch> {
  let left = MOST_PAIRS
  return createPatch(before, after, (from: unknown, to: unknown, pointer) => {
    if (!Array.isArray(from) || !Array.isArray(to)) return undefined
    // Each value of one list, however deep, meets each of the other at most once.
    const pairs = valuesIn(from) * valuesIn(to)
    if (Math.max(from.length, to.length) <= LONGEST_LIST && pairs <= left) {
      left -= pairs
      return undefined
    }
    return isDeepStrictEqual(from, to) ? [] : [{ op: 'replace', path: pointer.toString(), value: to }]
  })
}

function valuesIn(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 1
  return Object.values(value).reduce((sum: number, each) => sum + valuesIn(each), 1)
}
