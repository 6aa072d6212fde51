// Rows in order. What a row is sorted by is made once per row, as code units or a number, so that comparing costs next
// to nothing; and of a list that was in order, only the rows that changed are put in their places.
import type { Row } from '../../api/sources.ts'
import type { ResourceColumn } from '../../kinds/column.ts'

export interface Sort {
  readonly id: string
  readonly descending: boolean
}

/** Longer numbers in texts are names rather than amounts. */
const MOST_DIGITS = 40
const ZERO = '0'.charCodeAt(0)
const plain = (text: string) => (/^[\x00-\x7f]*$/.test(text) ? text : text.normalize('NFD').replace(/\p{M}/gu, ''))

/**
 * A text whose code units sort as people do: numbers in it by their size, whatever the case, ä beside a. Each number is
 * led by its length: `web-9` → `web-19`, `web-10` → `web-210`.
 */
export const sortText = (text: string): string =>
  plain(text)
    .toLowerCase()
    .replace(/0*(\d+)/g, (_, digits: string) => {
      const length = Math.min(digits.length, MOST_DIGITS)
      return String.fromCharCode(ZERO + length) + digits
    })

type SortKey = string | number
const isBefore = (a: SortKey, b: SortKey) =>
  typeof a === typeof b ? a < b : typeof a === 'number' && typeof b === 'string'

type Compare = (a: Row, b: Row) => number

/** Rows with equal values stay in the order of namespace and name, both ways. */
function comparing(column: ResourceColumn | undefined, descending: boolean): Compare {
  const keys = new WeakMap<Row, SortKey>()
  const keyOf = (row: Row) => {
    let key = keys.get(row)
    if (key === undefined) {
      const value = column?.value(row) ?? row.key
      keys.set(row, (key = typeof value === 'number' ? value : sortText(value)))
    }
    return key
  }
  const sign = descending ? -1 : 1
  return (a, b) => {
    const [first, second] = [keyOf(a), keyOf(b)]
    if (isBefore(first, second)) return -sign
    if (isBefore(second, first)) return sign
    return a.key < b.key ? -1 : a.key > b.key ? 1 : 0
  }
}

export const sortRows = (rows: readonly Row[], column: ResourceColumn | undefined, descending: boolean): Row[] =>
  [...rows].sort(comparing(column, descending))

/** @param fresh @param ordered both in order */
function merge(ordered: readonly Row[], fresh: readonly Row[], compare: Compare): Row[] {
  const merged: Row[] = []
  let at = 0
  for (const row of fresh) {
    for (let next = ordered[at]; next && compare(next, row) <= 0; next = ordered[++at]) merged.push(next)
    merged.push(row)
  }
  for (let next = ordered[at]; next; next = ordered[++at]) merged.push(next)
  return merged
}

/** Sorts the same list again and again: rows that did not change keep what was found out about them. */
export function createSorter(): (
  rows: readonly Row[],
  column: ResourceColumn | undefined,
  descending: boolean,
) => Row[] {
  let last: { column: ResourceColumn | undefined; descending: boolean; compare: Compare; rows: Row[] } | undefined
  return (rows, column, descending) => {
    // What moves by itself is another value each time.
    const isSame = last?.column === column && last?.descending === descending && !column?.isMoving
    if (!last || !isSame) {
      const compare = comparing(column, descending)
      last = { column, descending, compare, rows: [...rows].sort(compare) }
      return last.rows
    }
    const { compare } = last
    const rest = new Set(rows)
    // Both at once: which of the old rows are still there, and which ones are not old.
    const ordered = last.rows.filter(row => rest.delete(row))
    last = { ...last, rows: merge(ordered, [...rest].sort(compare), compare) }
    return last.rows
  }
}
