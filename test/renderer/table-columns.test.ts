// Columns out of the server's Table: which of them leave first where there is no room for all, and
// which are numbers.
import { expect, it } from 'vitest'
import { columnsFromTable } from '@/kinds/table-columns.ts'

const named = (name: string) => ({ name, type: 'string', format: '', description: '', priority: 0 })

it('a kind that only says when its objects were made has their age', () => {
  const titles = (...names: string[]) => columnsFromTable(names.map(named), false).map(({ title }) => title)
  expect(titles('Name', 'Created At')).toEqual(['Name', 'Age'])
  expect(titles('Name', 'Role', 'Created At')).toEqual(['Name', 'Role', 'Created At'])
})

it('the first two columns of a kind are worth as much as its age, which stands at the end', () => {
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

it('what the server calls a number stands as one, and takes no room from texts', () => {
  const columns = columnsFromTable([{ ...named('Discount'), type: 'integer' }, named('Audience')], false)
  expect(columns.map(({ title, align, grows }) => [title, align, grows])).toEqual([
    ['Name', undefined, true],
    ['Discount', 'right', undefined],
    ['Audience', undefined, true],
  ])
})
