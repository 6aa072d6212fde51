// Filter and sort of lists.
import { describe, expect, it } from 'vitest'
import { type Row, rowOf } from '@/api/sources.ts'
import { createSorter, sortRows } from '@/components/resource/sort-rows.ts'
import {
  createHaystack,
  filterRows,
  isShown,
  moveColumn,
  orderColumns,
  readAhead,
  toggled,
} from '@/components/resource/table-model.ts'
import type { Columns } from '@/kinds/column.ts'
import { parseLabelLine } from '@/kinds/label-line.ts'
import type { AnyObject } from '../../src/shared/machinery/object.ts'

const row = (name: string, namespace = 'default', labels: Record<string, string> = {}, restarts = 0): Row =>
  rowOf({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace, labels, uid: name },
    restarts,
  } as unknown as AnyObject)
const columns: Columns = [
  { id: 'name', title: 'Name', value: ({ name }) => name, least: 100, grows: true },
  { id: 'restarts', title: 'Restarts', value: ({ object }) => object.restarts as number, least: 100, grows: true },
]
const names = (rows: readonly Row[]) => rows.map(({ name }) => name)
const rows = [row('web-10', 'shop', { app: 'web' }, 2), row('web-9', 'shop', { app: 'web' }), row('db', 'data', {}, 11)]
const filter = (text: string) => names(filterRows(rows, text, createHaystack(columns)))

describe('isShown()', () => {
  const nothing = { shown: [], hidden: [] }
  const column = (hidden?: boolean | 'narrow') => ({ ...columns[1]!, ...(hidden === undefined ? {} : { hidden }) })
  it.each([
    [undefined, true, true],
    ['narrow', false, true],
    [true, false, false],
  ] as const)(
    'hides what is hidden (%s) until it is asked for, some of it only where there is no room',
    (hidden, narrow, wide) => {
      expect([false, true].map(isWide => isShown(column(hidden), nothing, isWide))).toEqual([narrow, wide])
    },
  )
  it.each([undefined, 'narrow', true] as const)(
    'keeps what the user chose (%s), however wide the window is',
    hidden => {
      const each = column(hidden)
      for (const isWide of [false, true]) {
        const was = isShown(each, nothing, isWide)
        const once = toggled(each, nothing, isWide)
        expect(isShown(each, once, isWide)).toBe(!was)
        expect(isShown(each, toggled(each, once, isWide), isWide)).toBe(was)
      }
      const away = toggled(each, toggled(each, nothing, false), false)
      expect(toggled(each, away, true).hidden.length + toggled(each, away, true).shown.length).toBe(1)
    },
  )
})

describe('readAhead()', () => {
  const many = Array.from({ length: 50 }, (_, index) => row(`web-${index}`))
  /** Each row takes longer than one slice. */
  const slow = (seen: Row[]) => (each: Row) => {
    const end = performance.now() + 5
    while (performance.now() < end);
    seen.push(each)
    return ''
  }
  it('makes the texts of all rows before a key is typed, and lets others work between', async () => {
    const seen: Row[] = []
    let pauses = 0
    await readAhead(many, slow(seen), new AbortController().signal, async () => void pauses++)
    expect(seen).toEqual(many)
    expect(pauses).toBe(49)
  })
  it('goes no further once its list is gone', async () => {
    const seen: Row[] = []
    const leaving = new AbortController()
    await readAhead(many, slow(seen), leaving.signal, async () => leaving.abort())
    expect(seen).toHaveLength(1)
  })
})

describe('filterRows()', () => {
  it('wants every word, in any place, whatever the case', () => {
    expect(filter('WEB')).toEqual(['web-10', 'web-9'])
    expect(filter('shop 9')).toEqual(['web-9'])
    expect(filter('app=web 10')).toEqual(['web-10'])
  })
  it('leaves out what is excluded', () => {
    expect(filter('-web')).toEqual(['db'])
    expect(filter('!data web')).toEqual(['web-10', 'web-9'])
  })
  it('gives the very same rows back when there is no filter', () =>
    expect(filterRows(rows, '  ', createHaystack(columns))).toBe(rows))
  it('makes the text of a row once, however often it is searched', () => {
    let made = 0
    const counting = {
      id: 'counted',
      title: 'Counted',
      value: ({ name }: Row) => (made++, name),
      least: 100,
      grows: true,
    }
    const haystack = createHaystack([counting])
    for (const text of ['web', 'web 9', '']) filterRows(rows, text, haystack)
    expect(made).toBe(rows.length)
  })
})

describe('sortRows()', () => {
  it('sorts numbers in names as numbers', () =>
    expect(names(sortRows(rows, columns[0], false))).toEqual(['db', 'web-9', 'web-10']))
  it('sorts number columns as numbers, both ways', () => {
    expect(names(sortRows(rows, columns[1], false))).toEqual(['web-9', 'web-10', 'db'])
    expect(names(sortRows(rows, columns[1], true))).toEqual(['db', 'web-10', 'web-9'])
  })
  it('puts numbers before longer ones, letters after digits, and letters with marks beside those without', () => {
    const texts = ['b', 'a10', 'Ä', 'a-1', 'a9', 'a', '10', '9', 'a09b']
    const sorted = names(
      sortRows(
        texts.map(text => row(text, '')),
        columns[0],
        false,
      ),
    )
    expect(sorted).toEqual(['9', '10', 'a', 'Ä', 'a-1', 'a9', 'a09b', 'a10', 'b'])
  })
  it('does not change what it was given', () => {
    const before = [...rows]
    sortRows(rows, columns[0], true)
    expect(rows).toEqual(before)
  })
})

describe('createSorter()', () => {
  const many = Array.from({ length: 200 }, (_, index) => row(`pod-${(index * 37) % 200}`, 'shop', {}, index % 7))
  const [byName, byRestarts] = columns

  it('puts what changed, came and went in its place, as if all were sorted anew', () => {
    const sorter = createSorter()
    sorter(many, byRestarts, false)
    const changed = many
      .filter((_, index) => index % 50)
      .map((each, index) => (index % 20 ? each : row(each.name, 'shop', {}, 40 - index)))
      .concat(row('pod-new', 'shop', {}, 3))
    expect(sorter(changed, byRestarts, false)).toEqual(sortRows(changed, byRestarts, false))
    expect(sorter(many, byRestarts, true)).toEqual(sortRows(many, byRestarts, true))
    expect(sorter([], byName, false)).toEqual([])
  })
  it.each([false, true])('puts rows that change again and again in their places, descending %s', descending => {
    const sorter = createSorter()
    let now: readonly Row[] = many
    sorter(now, byRestarts, descending)
    for (let turn = 1; turn <= 30; turn++) {
      now = now.map((each, at) => ((at * turn) % 23 ? each : row(each.name, 'shop', {}, (at * 7 + turn) % 9)))
      expect(sorter(now, byRestarts, descending)).toEqual(sortRows(now, byRestarts, descending))
    }
  })
  it('asks for the value of a row once, and again only for one that changed', () => {
    const asked: string[] = []
    const column = {
      id: 'asked',
      title: 'Asked',
      value: ({ name }: Row) => (asked.push(name), name),
      least: 100,
      grows: true,
    }
    const sorter = createSorter()
    sorter(many, column, false)
    expect(asked).toHaveLength(many.length)
    const next = [row('pod-7', 'shop', {}, 99), ...many.filter(({ name }) => name !== 'pod-7')]
    sorter(next, column, false)
    expect(asked.slice(many.length)).toEqual(['pod-7'])
  })
  it('asks anew for what moves by itself', () => {
    let turn = 1
    const use = {
      id: 'use',
      title: 'Use',
      value: ({ name }: Row) => turn * name.length,
      least: 100,
      grows: true,
      isMoving: true,
    }
    const sorter = createSorter()
    const two = [row('a'), row('bb')]
    expect(names(sorter(two, use, false))).toEqual(['a', 'bb'])
    turn = -1
    expect(names(sorter(two, use, false))).toEqual(['bb', 'a'])
  })
})

describe('orderColumns() and moveColumn()', () => {
  const ids = (columns: Columns) => columns.map(({ id }) => id).join(' ')
  const columns = ['name', 'status', 'node', 'age'].map(id => ({
    id,
    title: id,
    value: () => '',
    least: 100,
    grows: true,
  }))

  it('keeps the order given, and puts a column that is new beside its neighbour', () => {
    expect(ids(orderColumns(columns, ['name', 'age', 'status']))).toBe('name age status node')
    expect(ids(orderColumns(columns))).toBe('name status node age')
  })
  it('moves a column to the place of another, but nothing before the name', () => {
    expect(moveColumn(columns, 'age', 'status')).toEqual(['name', 'age', 'status', 'node'])
    expect(moveColumn(columns, 'status', 'age')).toEqual(['name', 'node', 'age', 'status'])
    expect(moveColumn(columns, 'node', 'name')).toEqual(['name', 'node', 'status', 'age'])
    expect(moveColumn(columns, 'name', 'age')).toEqual(['name', 'status', 'node', 'age'])
  })
})

describe('parseLabelLine()', () => {
  it('reads what kubectl label takes', () =>
    expect(parseLabelLine('team=shop, example.com/tier=web old-')).toMatchObject({
      labels: { team: 'shop', 'example.com/tier': 'web', old: null },
      problem: undefined,
    }))
  it.each(['team', '=x', 'a=b c', 'bad key=', 'k=-x'])('refuses “%s”', line =>
    expect(parseLabelLine(line).problem).toBeTruthy(),
  )
})
