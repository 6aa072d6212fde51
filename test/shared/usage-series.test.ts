// Hours of measurements, compactly.
import { describe, expect, it } from 'vitest'
import { UsageSeries } from '../../src/shared/machinery/usage-series.ts'

const reading = (cpu: number, memory = 0) => ({ cpu, memory })

describe('UsageSeries', () => {
  it('keeps the newest measurements, oldest first', () => {
    const series = new UsageSeries(3)
    for (let at = 1; at <= 5; at++) series.add(at, [['a', reading(at)]])
    expect(series.samples('a').map(({ at, cpu }) => [at, cpu])).toEqual([
      [3, 3],
      [4, 4],
      [5, 5],
    ])
    expect(series.samples('a', 2)).toHaveLength(2)
  })

  it('leaves out the moments at which something was not there', () => {
    const series = new UsageSeries(4)
    series.add(1, [['a', reading(1)]])
    series.add(2, [['b', reading(9)]])
    series.add(3, [['a', reading(3)]])
    expect(series.samples('a').map(({ at }) => at)).toEqual([1, 3])
    expect(series.samples('b').map(({ at }) => at)).toEqual([2])
  })

  it('tells as the latest only what is not older than two readings', () => {
    const series = new UsageSeries(10)
    series.add(1, [['a', reading(1)]])
    series.add(2, [])
    expect(series.latest('a')).toMatchObject({ cpu: 1 })
    series.add(3, [])
    expect(series.latest('a')).toBeUndefined()
  })

  it('forgets what has been gone for its whole length, so that churn does not fill memory', () => {
    const series = new UsageSeries(3)
    for (let at = 0; at < 100; at++) series.add(at, [[`pod-${at}`, reading(1)]])
    expect(series.size).toBe(3)
  })

  it('tells one reading in so many, the newest among them, and the same ones of all things', () => {
    const series = new UsageSeries(8)
    for (let at = 1; at <= 10; at++) series.add(at, at < 5 ? [['a', reading(at)]] : [['a', reading(at)], ['b', reading(at)]]) // prettier-ignore
    expect(series.length).toBe(8)
    expect(series.samples('a', 8, 3).map(({ at }) => at)).toEqual([4, 7, 10])
    expect(series.samples('b', 8, 3).map(({ at }) => at)).toEqual([7, 10])
    expect(new UsageSeries(8).samples('a', 8, 3)).toEqual([])
  })

  it('keeps so many things, and of more than that those that were seen last', () => {
    const series = new UsageSeries(10, 2)
    series.add(1, [
      ['a', reading(1)],
      ['b', reading(1)],
    ])
    series.add(2, [['a', reading(2)]])
    series.add(3, [['c', reading(3)]])
    expect(['a', 'b', 'c'].map(key => series.samples(key).length)).toEqual([2, 0, 1])
  })
})
