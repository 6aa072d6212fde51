// Columns out of the server's Table, for kinds without columns of their own.
import { encodeJson } from '../../shared/machinery/json-text.ts'
import { h } from 'vue'
import type { Row, TableColumnDefinition } from '../api/sources.ts'
import { AgeText } from '../components/age-text.ts'
import { nameColumn, namespaceColumn } from './cells.ts'
import type { Columns, ResourceColumn } from './column.ts'

const asText = (cell: unknown): string =>
  cell === null || cell === undefined ? '' : typeof cell === 'object' ? encodeJson(cell) : String(cell)

const ROUGH_CHARACTER_PX = 7.4
const PADDING_PX = 18
/** A text that is longer than that is read in the details. */
const MOST_CHARACTERS = 40

const LEAST_NAME = 20

/** Room for what stands in a column, as long as there is room, and shared by how much does. */
function trackOf(title: string, texts: readonly string[], least: number, most: number): string {
  const characters = Math.min(MOST_CHARACTERS, Math.max(title.length + 2, ...texts.map(({ length }) => length)))
  const wanted = Math.round(characters * ROUGH_CHARACTER_PX + PADDING_PX)
  return `minmax(${Math.max(least, Math.min(wanted, most))}px, ${characters}fr)`
}

function columnOf(definition: TableColumnDefinition, index: number, sample: readonly Row[]): ResourceColumn {
  const isDate = definition.type === 'date' || definition.name === 'Age'
  const created: ResourceColumn = {
    id: `c${index}`,
    title: definition.name,
    value: row => -Date.parse(row.object.metadata.creationTimestamp || '0'),
    cell: row => h(AgeText, { time: row.object.metadata.creationTimestamp }),
    fits: () => true,
    width: '84px',
  }
  // The server prints ages when it answers; the object's own timestamp keeps growing on screen.
  if (definition.name === 'Age') return created
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
    width: trackOf(definition.name, isDate ? [] : sample.map(({ cells }) => asText(cells?.[index])), 80, 170),
    hidden: (definition.priority ?? 0) > 0,
  }
}

/** @param sample rows whose texts tell how wide the columns want to be */
export function columnsFromTable(
  definitions: readonly TableColumnDefinition[],
  namespaced: boolean,
  sample: readonly Row[] = [],
): Columns {
  const rest = definitions.map((definition, index) => ({ definition, index }))
  const others = rest.filter(({ definition }) => definition.format !== 'name' && definition.name !== 'Name')
  const names = ['x'.repeat(LEAST_NAME), ...sample.map(({ name }) => name)]
  const namespaces = sample.map(({ namespace }) => namespace)
  return [
    { ...nameColumn(), width: trackOf('', names, 170, 170) },
    ...(namespaced ? [{ ...namespaceColumn(), width: trackOf('Namespace', namespaces, 92, 120) }] : []),
    ...others.map(({ definition, index }) => columnOf(definition, index, sample)),
  ]
}
