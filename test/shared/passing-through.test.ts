import { expect, test } from 'vitest'
import { PassingThrough } from '../../src/shared/machinery/passing-through.ts'
import { SharedTimer } from '../../src/shared/machinery/shared-timer.ts'
import { ManualClock } from '../support/manual-clock.ts'
import { cleanYoung, grownOldBy } from '../support/old-memory.ts'

test('members are told in the order in which they came, whoever of them has gone', () => {
  const group = new PassingThrough<string>()
  expect([...group]).toEqual([])
  expect(group.first).toBeUndefined()
  const [a, b, c, d] = ['a', 'b', 'c', 'd'].map(name => group.add(name))
  group.delete(b!)
  expect([...group]).toEqual(['a', 'c', 'd'])
  group.delete(a!)
  group.delete(d!)
  expect([...group]).toEqual(['c'])
  expect(group.first).toBe(c)
  group.delete(c!)
  group.add('e')
  expect([...group]).toEqual(['e'])
})

test('who has gone already goes no second time', () => {
  const group = new PassingThrough<string>()
  const first = group.add('first')
  group.add('second')
  group.delete(first)
  group.delete(first)
  expect(group.size).toBe(1)
  expect([...group]).toEqual(['second'])
})

test('members may go while they are walked through', () => {
  const group = new PassingThrough<string>()
  const places = ['a', 'b', 'c'].map(name => group.add(name))
  const seen: string[] = []
  for (const name of group) {
    seen.push(name)
    for (const place of places) group.delete(place)
  }
  expect(seen).toEqual(['a', 'b', 'c'])
  expect(group.size).toBe(0)
})

test('a call that was cancelled leaves nothing behind that only a full collection of garbage would find', async () => {
  const calls = 4_000
  const numbers = 500
  const timer = new SharedTimer(new ManualClock(), 60_000)
  const open: (() => void)[] = []
  const grown = await grownOldBy(() => {
    for (let i = 0; i < calls; i++) {
      const held = new Array<number>(numbers).fill(i + 0.5)
      open.push(timer.after(() => held.reverse()))
      if (open.length > 16) open.shift()?.()
      if (i % 500 === 0) cleanYoung()
    }
    for (const cancel of open.splice(0)) cancel()
  })
  expect(grown).toBeLessThan((calls * numbers * 8) / 4)
})
