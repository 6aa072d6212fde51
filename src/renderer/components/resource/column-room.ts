// Which columns a list has room for, and how wide they are: each takes what stands in it, and where that is too much, those
// of the least worth leave rather than that any is cut.
import type { Row } from '../../api/sources.ts'
import type { Columns, ResourceColumn } from '../../kinds/column.ts'
import { type Font, textWidth } from './text-room.ts'

/** Padding at both sides. */
export const CELL_PADDING = 16
/** Marks and the menu. */
export const EDGE_PX = 36
const MOST_NEEDED = 220
/** More of a text is read in the details. */
const MOST_WANTED = 900
/** The arrow of the column by which the list is sorted. */
const ARROW_PX = 16
const SAMPLE = 100

/** Px that what stands in each column wants, by its id. */
export type Wants = ReadonlyMap<string, number>

const fontOf = ({ mono, strong }: ResourceColumn): Font => (mono ? 'mono' : strong ? 'strong' : 'plain')

function widestText(column: ResourceColumn, rows: readonly Row[]): number {
  const { drawn, cell, value } = column
  if (cell && !drawn) return 0
  const text = drawn?.text ?? (row => String(value(row)))
  const around = CELL_PADDING + (drawn?.aroundPx ?? 0)
  const step = Math.max(1, Math.ceil(rows.length / SAMPLE))
  let most = 0
  for (let at = 0; at < rows.length; at += step) {
    const row = rows[at]
    if (row) most = Math.max(most, around + textWidth(text(row), drawn?.font ?? fontOf(column), MOST_WANTED))
  }
  return Math.min(most, MOST_WANTED)
}

/** @param before wants as they were: a column that was wide once does not jump */
export function wantsOf(
  columns: Columns,
  rows: readonly Row[],
  title: (column: ResourceColumn) => string,
  before?: Wants,
): Wants {
  return new Map(
    columns.map(column => {
      const ofTitle = CELL_PADDING + ARROW_PX + Math.min(MOST_WANTED, textWidth(title(column), 'badge', MOST_WANTED))
      // Rounded, so that a character more or less moves nothing.
      const wanted = Math.ceil(Math.max(column.least, ofTitle, widestText(column, rows)) / 8) * 8
      return [column.id, Math.max(wanted, before?.get(column.id) ?? 0)]
    }),
  )
}

export interface Place {
  readonly column: ResourceColumn
  readonly track: string
  readonly leastPx: number
}

const worthOf = ({ worth = 1 }: ResourceColumn) => (worth === 'always' ? Infinity : worth)

/** @returns the columns that have room: the first one, and those that always stay, have it in any case */
function staying(columns: Columns, need: (column: ResourceColumn) => number, room: number): Columns {
  const kept = [...columns]
  let sum = kept.reduce((px, column) => px + need(column), 0)
  while (sum > room) {
    let least = -1
    // The one on the right of two that are worth the same.
    for (let at = 1; at < kept.length; at++) {
      const [column, other] = [kept[at], kept[least]]
      if (column && worthOf(column) < Infinity && (!other || worthOf(column) <= worthOf(other))) least = at
    }
    const [gone] = least < 0 ? [] : kept.splice(least, 1)
    if (!gone) break
    sum -= need(gone)
  }
  return kept
}

/** What there is to spare, for those that lack least first: as many as can be are seen whole. */
function shared(
  columns: Columns,
  lack: (column: ResourceColumn) => number,
  spare: number,
): Map<ResourceColumn, number> {
  let left = Math.floor(spare)
  const gained = new Map<ResourceColumn, number>()
  for (const column of columns.toSorted((a, b) => lack(a) - lack(b))) {
    const px = Math.max(0, Math.min(lack(column), left))
    gained.set(column, px)
    left -= px
  }
  return gained
}

/**
 * @param room px of the list; 0 = not known yet, there is room for all
 * @param chosen px that the user gave to columns
 */
export function placeColumns(
  columns: Columns,
  wants: Wants,
  room: number,
  chosen: Readonly<Record<string, number>> = {},
): readonly Place[] {
  const inner = room > 0 ? room - 2 * EDGE_PX : Infinity
  const want = ({ id, least }: ResourceColumn) => wants.get(id) ?? least
  const need = (column: ResourceColumn) =>
    chosen[column.id] ?? Math.max(column.least, Math.min(want(column), column.most ?? MOST_NEEDED))
  const kept = staying(columns, need, inner)
  const over = kept.reduce((px, column) => px + need(column), 0) - inner
  const [first] = kept
  // Names are read by their beginning: they give way before the rest is cut.
  const gives = first && !chosen[first.id] ? Math.min(Math.max(0, over), need(first) - first.least) : 0
  const isCut = over > gives
  const grows = (column: ResourceColumn) => Boolean(column.grows) && !chosen[column.id]
  const gained = Number.isFinite(over)
    ? shared(kept.filter(grows), column => want(column) - need(column), -over)
    : undefined
  return kept.map(column => {
    const least = column === first ? need(first) - gives : isCut ? (chosen[column.id] ?? column.least) : need(column)
    const leastPx = least + (gained?.get(column) ?? 0)
    return { column, leastPx, track: grows(column) ? `minmax(${leastPx}px, ${want(column)}fr)` : `${leastPx}px` }
  })
}
