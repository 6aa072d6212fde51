// The cells of a row as one component, so that what is on screen is some dozens of components and not a thousand. Only
// a row that changed is drawn again.
import { type FunctionalComponent, createTextVNode, h } from 'vue'
import type { Row } from '../../api/sources.ts'
import type { Columns, ResourceColumn } from '../../kinds/column.ts'

const TEXT = 'min-w-0 truncate px-2'
const DRAWN = 'flex min-w-0 items-center overflow-hidden px-2 [&>*]:min-w-0'
const look = (base: string, { mono, strong }: ResourceColumn) =>
  `${base}${mono ? ' font-mono text-xs' : ''}${strong ? ' font-medium text-ink' : ''}`

function cell(column: ResourceColumn, row: Row) {
  const content = column.cell ? column.cell(row) : column.value(row)
  const isText = typeof content === 'string' || typeof content === 'number'
  const attributes = {
    key: column.id,
    class: look(isText ? TEXT : DRAWN, column),
    role: 'gridcell',
    'data-column': column.id,
  }
  // No element more than is needed: a list that is scrolled makes the browser style all of them. A text is a node that
  // stays and says something else, where the element's own text would be another node each time.
  return h('span', attributes, [isText ? createTextVNode(String(content)) : content])
}

export const RowCells: FunctionalComponent<{ columns: Columns; row: Row }> = ({ columns, row }) =>
  columns.map(column => cell(column, row))
RowCells.props = ['columns', 'row']

/** What does not fit can be read by pointing at it: told while the pointer is there, for in no cell else it is needed. */
export function tellWhatIsCut({ target, type }: Event): void {
  const text = target instanceof HTMLElement ? target.closest<HTMLElement>('.truncate') : undefined
  if (!text || text.closest('[data-tone]')) return
  if (type === 'pointerover' && text.scrollWidth > text.clientWidth) text.title = text.textContent
  else text.removeAttribute('title')
}
