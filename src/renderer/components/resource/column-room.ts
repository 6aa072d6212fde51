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
const MOST_WANTED = 1_600
/** The arrow of the column by which the list is sorted. */
const ARROW_PX = 16
const SAMPLE = 100
const USUAL = 0.75

/** Px that what stands in a column wants, for all of it to be seen whole. */
interface Want {
  readonly whole: number
  /** For three of four rows: one long name is not worth that all others are cut. */
  readonly usual: number
}
/** By the columns' ids. */
export type Wants = ReadonlyMap<string, Want>

const fontOf = ({ mono, strong }: ResourceColumn): Font => (mono ? 'mono' : strong ? 'strong' : 'plain')

function textWidths(column: ResourceColumn, rows: readonly Row[]): number[] {
  const { drawn, cell, value } = column
  if (cell && !drawn) return []
  const text = drawn?.text ?? (row => String(value(row)))
  const around = CELL_PADDING + (drawn?.aroundPx ?? 0)
  const step = Math.max(1, Math.ceil(rows.length / SAMPLE))
  return rows
    .filter((_, at) => at % step === 0)
    .map(row => Math.min(MOST_WANTED, around + textWidth(text(row), drawn?.font ?? fontOf(column), MOST_WANTED)))
    .sort((a, b) => a - b)
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
      const wanted = (px = 0) => Math.ceil(Math.max(column.least, ofTitle, px) / 8) * 8
      const widths = textWidths(column, rows)
      const was = before?.get(column.id)
      const whole = Math.max(wanted(widths.at(-1)), was?.whole ?? 0)
      return [
        column.id,
        { whole, usual: Math.max(wanted(widths[Math.floor((widths.length - 1) * USUAL)]), was?.usual ?? 0) },
      ]
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

/** @param lacks px by column; who lacks least is given first, as many as can be are to be seen whole */
function share(lacks: ReadonlyMap<ResourceColumn, number>, room: number): ReadonlyMap<ResourceColumn, number> {
  let left = room
  const given = new Map<ResourceColumn, number>()
  for (const [column, lack] of [...lacks].sort(([, a], [, b]) => a - b)) {
    const px = Math.max(0, Math.min(lack, left))
    given.set(column, px)
    left -= px
  }
  return given
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
  const want = ({ id, least }: ResourceColumn): Want => wants.get(id) ?? { whole: least, usual: least }
  const need = (column: ResourceColumn) =>
    chosen[column.id] ?? Math.max(column.least, Math.min(want(column).whole, column.most ?? MOST_NEEDED))
  const kept = staying(columns, need, inner)
  const over = kept.reduce((px, column) => px + need(column), 0) - inner
  const [first] = kept
  // Names are read by their beginning: they give way before the rest is cut.
  const gives = first && !chosen[first.id] ? Math.min(Math.max(0, over), need(first) - first.least) : 0
  const isCut = over > gives
  const given = new Map(
    kept.map(column => {
      const px = column === first ? need(first) - gives : isCut ? (chosen[column.id] ?? column.least) : need(column)
      return [column, px]
    }),
  )
  const growing = kept.filter(({ id, grows }) => grows && !chosen[id])
  // What is left goes to what most rows want first, and then to the longest texts.
  for (const part of ['usual', 'whole'] as const) {
    const left = Math.floor(inner - [...given.values()].reduce((sum, px) => sum + px, 0))
    if (isCut || !Number.isFinite(left)) break
    const lacks = new Map(growing.map(column => [column, want(column)[part] - (given.get(column) ?? 0)]))
    for (const [column, px] of share(lacks, left)) given.set(column, (given.get(column) ?? 0) + px)
  }
  return kept.map(column => {
    const leastPx = given.get(column) ?? 0
    const grows = growing.includes(column)
    return { column, leastPx, track: grows ? `minmax(${leastPx}px, ${want(column).whole}fr)` : `${leastPx}px` }
  })
}
