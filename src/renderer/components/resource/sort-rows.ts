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

/** More than that at once are merged. */
const MOST_REPLACED = 200

/**
 * @returns old and new of each row that changed, in a list that has the same objects in the same order as before;
 * undefined where some came, went or moved
 */
function replacedRows(before: readonly Row[], after: readonly Row[]): (readonly [Row, Row])[] | undefined {
  if (before.length !== after.length) return undefined
  const pairs: (readonly [Row, Row])[] = []
  for (let at = 0; at < after.length; at++) {
    const old = before[at]
    const row = after[at]
    if (old === row) continue
    if (!old || !row || old.key !== row.key || pairs.length === MOST_REPLACED) return undefined
    pairs.push([old, row])
  }
  return pairs
}

/** @returns where a row stands, or would stand, in rows that are in order */
function placeOf(row: Row, ordered: readonly Row[], compare: Compare): number {
  let [from, to] = [0, ordered.length]
  while (from < to) {
    const middle = (from + to) >> 1
    const other = ordered[middle]
    if (other !== undefined && compare(other, row) < 0) from = middle + 1
    else to = middle
  }
  return from
}

/** Copies what was in order, with some rows in the places of their former selves, or where they belong now. */
function replaceIn(ordered: readonly Row[], pairs: readonly (readonly [Row, Row])[], compare: Compare): Row[] {
  const rows = [...ordered]
  for (const [old, row] of pairs) {
    const at = placeOf(old, rows, compare)
    if (compare(old, row) === 0) rows[at] = row
    else {
      rows.splice(at, 1)
      rows.splice(placeOf(row, rows, compare), 0, row)
    }
  }
  return rows
}

interface Sorted {
  readonly column: ResourceColumn | undefined
  readonly descending: boolean
  readonly compare: Compare
  /** As they were given. */
  readonly given: readonly Row[]
  readonly rows: Row[]
}

/** Sorts the same list again and again: rows that did not change keep what was found out about them. */
export function createSorter(): (
  rows: readonly Row[],
  column: ResourceColumn | undefined,
  descending: boolean,
) => Row[] {
  let last: Sorted | undefined
  return (given, column, descending) => {
    // What moves by itself is another value each time.
    const isSame = last?.column === column && last?.descending === descending && !column?.isMoving
    if (!last || !isSame) {
      const compare = comparing(column, descending)
      last = { column, descending, compare, given, rows: [...given].sort(compare) }
      return last.rows
    }
    last = { ...last, given, rows: sortedAnew(last, given) }
    return last.rows
  }
}

function sortedAnew({ given: before, rows, compare }: Sorted, given: readonly Row[]): Row[] {
  const pairs = replacedRows(before, given)
  if (pairs) return replaceIn(rows, pairs, compare)
  const rest = new Set(given)
  // Both at once: which of the old rows are still there, and which ones are not old.
  const ordered = rows.filter(row => rest.delete(row))
  return merge(ordered, [...rest].sort(compare), compare)
}
