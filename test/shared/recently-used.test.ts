import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { describe, expect, test } from 'vitest'
import { RecentlyUsed } from '../../src/shared/machinery/recently-used.ts'
import { grownOldBy } from '../support/old-memory.ts'

const nothing = () => {
  throw new Error('it is there')
}

describe('RecentlyUsed', () => {
  test('forgets the entry that was unused for longest, again and again', () => {
    const entries = new RecentlyUsed<number>(2)
    entries.set('a', 1)
    entries.set('b', 2)
    expect(entries.use('a', nothing)).toBe(1)
    entries.set('c', 3)
    expect(['a', 'b', 'c'].map(key => entries.get(key))).toEqual([1, undefined, 3])
    expect(entries.use('d', () => 4)).toBe(4)
    entries.set('c', 5)
    entries.set('e', 6)
    expect(['a', 'b', 'c', 'd', 'e'].map(key => entries.get(key))).toEqual([undefined, undefined, 5, undefined, 6])
    expect(entries.size).toBe(2)
  })

  test('goes on after entries were taken out, and after all of them were', () => {
    const entries = new RecentlyUsed<number>(2)
    for (const [i, key] of ['a', 'b', 'c'].entries()) entries.set(key, i)
    entries.delete('b')
    entries.set('d', 3)
    entries.set('e', 4)
    expect(['c', 'd', 'e'].map(key => entries.get(key))).toEqual([undefined, 3, 4])
    entries.clear()
    for (const [i, key] of ['f', 'g', 'h'].entries()) entries.set(key, i)
    expect(['e', 'f', 'g', 'h'].map(key => entries.get(key))).toEqual([undefined, undefined, 1, 2])
  })

  test('keeps nothing of what was forgotten, also where no more comes than there is room for', async () => {
    setFlagsFromString('--expose-gc')
    const collect = runInNewContext('gc') as () => void
    const entries = new RecentlyUsed<object>(16)
    for (let i = 0; i <= 16; i++) entries.set(String(i), {})
    const use = () => {
      for (let i = 0; i < 1_000; i++) entries.use(String(1 + (i % 15)), nothing)
    }
    use()
    const forgotten = new WeakRef(entries.use('16', nothing))
    use()
    entries.delete('16')
    use()
    await new Promise(resolve => setImmediate(resolve)) // what was asked of a WeakRef stays until then
    collect()
    expect(forgotten.deref()).toBeUndefined()
  })

  test('is the same as a list in the order of last use, whatever is done with it', () => {
    const entries = new RecentlyUsed<number>(50)
    let order: [string, number][] = []
    let seed = 7
    const random = (below: number) => (seed = (seed * 48_271) % 2_147_483_647) % below
    for (let i = 0; i < 20_000; i++) {
      const key = String(random(120))
      const known = order.find(([name]) => name === key)
      order = order.filter(entry => entry !== known)
      if (random(10) === 0) entries.delete(key)
      else {
        order = [...order, [key, known?.[1] ?? i] as [string, number]].slice(-50)
        expect(entries.use(key, () => i)).toBe(known?.[1] ?? i)
      }
      expect(entries.size).toBe(order.length)
    }
    expect(order.map(([key]) => entries.get(key))).toEqual(order.map(([, value]) => value))
  })

  test('holds nothing else, however often what is there is used while nothing is forgotten', async () => {
    const most = 256
    const entries = new RecentlyUsed<number>(most)
    for (let i = 0; i <= most; i++) entries.set(String(i), i)
    const bytes = await grownOldBy(() => {
      for (let i = 0; i < 400_000; i++) entries.use(String(1 + (i % most)), nothing)
    })
    expect(bytes).toBeLessThan(5_000_000)
  })
})
