// What a list shows out of all rows: filter, then sort. Pure, and fast enough to run on every frame with changes.
import type { Row } from '../../api/sources.ts'
import type { Columns, ResourceColumn } from '../../kinds/column.ts'

export interface Sort {
  readonly id: string
  readonly descending: boolean
}

/** Everything of a row that the filter looks at; kept per row object, since rows do not change. */
export function createHaystack(columns: Columns): (row: Row) => string {
  const texts = new WeakMap<Row, string>()
  return row => {
    let text = texts.get(row)
    if (text === undefined) {
      const labels = Object.entries(row.object.metadata.labels ?? {}).map(([key, value]) => `${key}=${value}`)
      const cells = columns
        .filter(({ id, isMoving }) => id !== 'age' && !isMoving)
        .map(column => String(column.value(row)))
      text = [row.name, row.namespace, ...cells, ...labels].join('\n').toLowerCase()
      texts.set(row, text)
    }
    return text
  }
}

/** Every word must occur; a word that starts with `-` or `!` must not. */
export function filterRows(rows: readonly Row[], filter: string, haystack: (row: Row) => string): readonly Row[] {
  const words = filter.toLowerCase().split(/\s+/).filter(Boolean)
  if (words.length === 0) return rows
  const wanted = words.filter(word => !/^[-!]./.test(word))
  const unwanted = words.filter(word => /^[-!]./.test(word)).map(word => word.slice(1))
  return rows.filter(row => {
    const text = haystack(row)
    return wanted.every(word => text.includes(word)) && !unwanted.some(word => text.includes(word))
  })
}

/** Columns in the order that the user gave them; those not named keep their place after their neighbour. */
export function orderColumns(columns: Columns, order: readonly string[] = []): Columns {
  const named = order.flatMap(id => columns.find(column => column.id === id) ?? [])
  const result = [...named]
  columns.forEach((column, index) => {
    if (named.includes(column)) return
    const before = columns[index - 1]
    result.splice(before ? result.indexOf(before) + 1 : 0, 0, column)
  })
  return result
}

/** @returns ids in their new order; the first column keeps its place */
export function moveColumn(columns: Columns, id: string, to: string): string[] {
  const ids = columns.map(column => column.id)
  const from = ids.indexOf(id)
  const target = Math.max(1, ids.indexOf(to))
  if (from < 1 || from === target) return ids
  ids.splice(target, 0, ...ids.splice(from, 1))
  return ids
}

const collator = new Intl.Collator('en', { numeric: true })

/** Rows with equal values stay in the order of namespace and name. */
export function sortRows(rows: readonly Row[], column: ResourceColumn | undefined, descending: boolean): Row[] {
  const keyed = rows.map(row => ({ row, value: column?.value(row) ?? row.key }))
  const sign = descending ? -1 : 1
  keyed.sort((a, b) => {
    const order =
      typeof a.value === 'number' && typeof b.value === 'number'
        ? a.value - b.value || 0
        : collator.compare(String(a.value), String(b.value))
    return sign * order || (a.row.key < b.row.key ? -1 : a.row.key > b.row.key ? 1 : 0)
  })
  return keyed.map(({ row }) => row)
}
