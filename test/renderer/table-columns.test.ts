// Columns out of the server's Table: which of them leave first where there is no room for all.
import { expect, it } from 'vitest'
import { columnsFromTable } from '@/kinds/table-columns.ts'

it('the first two columns of a kind are worth as much as its age, which stands at the end', () => {
  const named = (name: string) => ({ name, type: 'string', format: '', description: '', priority: 0 })
  const columns = columnsFromTable(['Name', 'Phase', 'Size', 'Note', 'Age'].map(named), true)
  expect(columns.map(({ title, worth = 1 }) => [title, worth])).toEqual([
    ['Name', 'always'],
    ['Namespace', 2],
    ['Phase', 2],
    ['Size', 2],
    ['Note', 1],
    ['Age', 2],
  ])
})
