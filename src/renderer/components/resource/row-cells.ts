// The cells of a row as one component, so that what is on screen is some dozens of components and not a thousand. Only
// a row that changed is drawn again.
import { type FunctionalComponent, createTextVNode, h } from 'vue'
import type { Row } from '../../api/sources.ts'
import type { Columns, ResourceColumn } from '../../kinds/column.ts'
import { fits } from './text-room.ts'

const TEXT = 'min-w-0 px-2'
const DRAWN = 'flex min-w-0 items-center px-2 [&>*]:min-w-0'
/** The line runs the other way, what stands in it does not: dots are at the start. */
const CUT_START = 'truncate text-left [direction:rtl]'
/** What tells one from its like stays in sight at the end: of pods of one controller, only that. */
const CUT_MIDDLE = 'flex'
/** The last word of a name; of one that is a single long word there is none. */
const LAST_WORD = /[-.][^-.]{1,10}$/
/** Px for what stands in each column, by its id. */
export type Rooms = ReadonlyMap<string, number>

const look = (base: string, { mono, strong, align }: ResourceColumn) =>
  `${base}${mono ? ' font-mono text-xs' : ''}${strong ? ' font-medium text-ink' : ''}${align ? ' justify-end text-right' : ''}`

/** Only what may not fit is cut: to cut costs something in every frame of a list that moves. */
function base(column: ResourceColumn, row: Row, room: number, text: string | undefined): string {
  if (text === undefined) return column.fits?.(row, room) ? DRAWN : `${DRAWN} overflow-hidden`
  const isWhole = fits(text, column.mono ? 'mono' : column.strong ? 'strong' : 'plain', room)
  if (isWhole) return `${TEXT} whitespace-nowrap`
  if (column.strong && LAST_WORD.test(text)) return `${TEXT} ${CUT_MIDDLE}`
  return column.cutsStart ? `${TEXT} ${CUT_START}` : `${TEXT} truncate`
}

function cell(column: ResourceColumn, row: Row, room: number) {
  const content = column.cell ? column.cell(row, room) : column.value(row)
  const text = typeof content === 'string' || typeof content === 'number' ? String(content) : undefined
  const shape = base(column, row, room, text)
  const attributes = {
    key: column.id,
    class: look(shape, column),
    role: 'gridcell',
    'data-column': column.id,
  }
  // No element more than is needed: a list that is scrolled makes the browser style all of them. A text is a node that
  // stays and says something else, where the element's own text would be another node each time.
  if (text === undefined) return h('span', attributes, [content])
  return h('span', attributes, cutText(text, shape))
}

function cutText(text: string, shape: string) {
  if (shape.endsWith(CUT_START)) return [h('bdi', { dir: 'ltr' }, text)]
  if (!shape.endsWith(` ${CUT_MIDDLE}`)) return [createTextVNode(text)]
  const at = text.search(LAST_WORD)
  return [
    h('span', { class: 'truncate' }, text.slice(0, at)),
    h('span', { class: 'whitespace-nowrap' }, text.slice(at)),
  ]
}

export const RowCells: FunctionalComponent<{ columns: Columns; row: Row; rooms: Rooms }> = ({ columns, row, rooms }) =>
  columns.map(column => cell(column, row, rooms.get(column.id) ?? 0))
RowCells.props = ['columns', 'row', 'rooms']

/** What does not fit can be read by pointing at it: told while the pointer is there, for in no cell else it is needed. */
export function tellWhatIsCut({ target, type }: Event): void {
  const cell = target instanceof HTMLElement ? target.closest<HTMLElement>('[data-column]') : null
  const text = cell?.matches('.truncate') ? cell : cell?.querySelector<HTMLElement>('.truncate')
  if (!cell || !text || text.closest('[data-tone]')) return
  if (type === 'pointerover' && text.scrollWidth > text.clientWidth) cell.title = cell.textContent
  else cell.removeAttribute('title')
}
