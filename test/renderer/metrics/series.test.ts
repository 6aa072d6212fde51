// Hours of measurements, compactly.
import { describe, expect, it } from 'vitest'
import { UsageHistory } from '@/metrics/series.ts'
import { amountText } from '@/metrics/amount.ts'

const reading = (cpu: number, memory = 0) => ({ cpu, memory })

describe('UsageHistory', () => {
  const hours = (from: number, to: number) => (to - from) / 3_600_000

  it('keeps an hour as it was read, and one reading in two minutes for eight', () => {
    const history = new UsageHistory()
    const end = 24 * 240
    for (let reading = 0; reading <= end; reading++) history.add(reading * 15_000, [['a', { cpu: reading, memory: 0 }]])
    const samples = history.samples('a')
    const fine = samples.slice(-240)
    expect(hours(fine[0]?.at ?? 0, end * 15_000)).toBeCloseTo(1, 1)
    expect(hours(samples[0]?.at ?? 0, end * 15_000)).toBeCloseTo(8, 1)
    const steps = samples.slice(1).map(({ at }, index) => at - (samples[index]?.at ?? 0))
    expect(Math.min(...steps)).toBeGreaterThan(0)
    expect(Math.max(...steps)).toBe(120_000)
    expect(history.samples('a', 40)).toEqual(samples.slice(-40))
    expect(history.latest('a')).toMatchObject({ cpu: end })
  })

  it('keeps one in two minutes also where readings are rare', () => {
    const history = new UsageHistory()
    for (let minute = 0; minute < 300; minute++) history.add(minute * 60_100, [['a', reading(minute)]])
    const old = history.samples('a').slice(0, -240)
    expect(old.length).toBeGreaterThan(20)
    expect(new Set(old.slice(1).map(({ at }, index) => Math.round((at - (old[index]?.at ?? 0)) / 1000)))).toEqual(
      new Set([120]),
    )
  })
})

describe('amountText()', () => {
  it.each([
    ['cpu', 0, '0m'],
    ['cpu', 0.0002, '<1m'],
    ['cpu', 0.25, '250m'],
    ['cpu', 2.018, '2.02'],
    ['memory', 0, '0 B'],
    ['memory', 340 * 2 ** 20, '340 MiB'],
  ] as const)('%s %d → %s', (resource, amount, text) => expect(amountText(resource, amount)).toBe(text))
})
