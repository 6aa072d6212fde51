// The cells of a row as one component, so that what is on screen is some dozens of components and not a thousand. Only
// a row that changed is drawn again.
import { type FunctionalComponent, h } from 'vue'
import type { Row } from '../../api/sources.ts'
import type { Columns, ResourceColumn } from '../../kinds/column.ts'

function contentOf(column: ResourceColumn, row: Row) {
  const content = column.cell ? column.cell(row) : column.value(row)
  if (typeof content !== 'string' && typeof content !== 'number') return content
  // What does not fit can be read by pointing at it.
  return h('span', { class: 'truncate', title: String(content) }, content)
}

export const RowCells: FunctionalComponent<{ columns: Columns; row: Row }> = ({ columns, row }) =>
  columns.map(column =>
    h(
      'span',
      {
        key: column.id,
        class: ['flex min-w-0 items-center overflow-hidden px-2', '[&>*]:min-w-0', column.mono && 'font-mono text-xs'],
        role: 'gridcell',
        'data-column': column.id,
      },
      [contentOf(column, row)],
    ),
  )
RowCells.props = ['columns', 'row']
