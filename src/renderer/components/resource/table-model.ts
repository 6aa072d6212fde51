// What a list shows out of all rows and columns. Pure, and fast enough to run on every frame with changes.
import type { Row } from '../../api/sources.ts'
import type { Columns, ResourceColumn } from '../../kinds/column.ts'

/** Everything of a row that the filter looks at; kept per row object, since rows do not change. */
export function createHaystack(columns: Columns): (row: Row) => string {
  const texts = new WeakMap<Row, string>()
  const searched = columns.filter(({ id, isMoving }) => id !== 'age' && !isMoving)
  return row => {
    let text = texts.get(row)
    if (text === undefined) {
      text = `${row.name}\n${row.namespace}`
      for (const column of searched) text += `\n${column.value(row)}`
      const { labels = {} } = row.object.metadata
      for (const key in labels) text += `\n${key}=${labels[key] ?? ''}`
      text = text.toLowerCase()
      texts.set(row, text)
    }
    return text
  }
}

const SLICE_MS = 4

/** Looks at all rows once, a little at a time, so that the first key typed finds their texts there. */
export async function readAhead(
  rows: readonly Row[],
  haystack: (row: Row) => string,
  signal: AbortSignal,
  pause: () => Promise<unknown> = () => new Promise(resolve => setTimeout(resolve)),
): Promise<void> {
  let from = performance.now()
  for (const row of rows) {
    if (performance.now() - from > SLICE_MS) {
      await pause()
      if (signal.aborted) return
      from = performance.now()
    }
    haystack(row)
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

export interface ShownColumns {
  readonly shown: readonly string[]
  readonly hidden: readonly string[]
}

const isHiddenAtFirst = ({ hidden }: ResourceColumn, isWide: boolean) =>
  hidden === true || (hidden === 'narrow' && !isWide)

/** @param choice what the user asked for and took away @param isWide the window has room to spare */
export const isShown = (column: ResourceColumn, choice: ShownColumns, isWide: boolean): boolean =>
  isHiddenAtFirst(column, isWide) ? choice.shown.includes(column.id) : !choice.hidden.includes(column.id)

/** @returns the choice with the column shown where it was hidden, and the other way round */
export function toggled(column: ResourceColumn, choice: ShownColumns, isWide: boolean): ShownColumns {
  const { id } = column
  const without = (ids: readonly string[]) => ids.filter(each => each !== id)
  const rest = { shown: without(choice.shown), hidden: without(choice.hidden) }
  return isShown(column, choice, isWide)
    ? { ...rest, hidden: [...rest.hidden, id] }
    : { ...rest, shown: [...rest.shown, id] }
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
