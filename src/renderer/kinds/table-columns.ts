// Columns out of the server's Table, for kinds without columns of their own.
import { encodeJson } from '../../shared/machinery/json-text.ts'
import { h } from 'vue'
import type { Row, TableColumnDefinition } from '../api/sources.ts'
import { AgeText } from '../components/age-text.ts'
import { plainText } from '../plain-text.ts'
import { nameColumn, namespaceColumn } from './cells.ts'
import type { Columns, ResourceColumn } from './column.ts'

const asText = (cell: unknown): string =>
  cell === null || cell === undefined ? '' : plainText(typeof cell === 'object' ? encodeJson(cell) : String(cell))

/** @param isAlone there is no other but the name: a kind without printer of its own says when its objects were made */
function columnOf(definition: TableColumnDefinition, index: number, isAlone: boolean): ResourceColumn {
  const isCreation = definition.name === 'Age' || (isAlone && definition.name === 'Created At')
  const isDate = definition.type === 'date' || isCreation
  const isNumber = definition.type === 'integer' || definition.type === 'number'
  const created: ResourceColumn = {
    id: `c${index}`,
    title: 'Age',
    value: row => -Date.parse(row.object.metadata.creationTimestamp || '0'),
    cell: row => h(AgeText, { time: row.object.metadata.creationTimestamp }),
    fits: () => true,
    least: 60,
    worth: 2,
  }
  // The server prints ages when it answers; the object's own timestamp keeps growing on screen.
  if (isCreation) return created
  return {
    id: `c${index}`,
    title: definition.name,
    value: row => {
      const cell = row.cells?.[index]
      return typeof cell === 'number' ? cell : asText(cell)
    },
    cell: row => {
      const text = asText(row.cells?.[index])
      if (isDate && !Number.isNaN(Date.parse(text))) return h(AgeText, { time: text })
      return text || '–'
    },
    ...(isDate ? {} : { drawn: { text: (row: Row) => asText(row.cells?.[index]) || '–' } }),
    least: 64,
    ...(isNumber ? { align: 'right' } : { grows: true }),
    hidden: (definition.priority ?? 0) > 0,
  }
}

/** Columns of its own by which a kind is read. */
const FIRST_OWN = 2

export function columnsFromTable(definitions: readonly TableColumnDefinition[], namespaced: boolean): Columns {
  const rest = definitions.map((definition, index) => ({ definition, index }))
  const others = rest.filter(({ definition }) => definition.format !== 'name' && definition.name !== 'Name')
  return [
    nameColumn(),
    ...(namespaced ? [namespaceColumn()] : []),
    // What a kind is about stands first: it stays as long as its age does.
    ...others.map(({ definition, index }, at) => ({
      ...columnOf(definition, index, others.length === 1),
      ...(at < FIRST_OWN ? { worth: 2 } : {}),
    })),
  ]
}
