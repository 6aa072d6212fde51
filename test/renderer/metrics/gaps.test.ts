// Where lines of measurements break off.
import { describe, expect, it } from 'vitest'
import { isAfterGap } from '@/metrics/gaps.ts'

const MINUTE = 60_000
const gapsOf = (...minutes: number[]) => {
  const samples = minutes.map(minute => ({ at: minute * MINUTE }))
  return minutes.filter((_, index) => isAfterGap(samples, index))
}

describe('a line of measurements', () => {
  it('goes on over readings that are as far apart as a window reads them', () =>
    expect(gapsOf(0, 2, 4, 4.25, 4.5)).toEqual([]))
  it('breaks off where nothing was measured', () => expect(gapsOf(0, 2, 4, 30, 30.25)).toEqual([30]))
  it('goes on over hours that are told coarsely, into what is read finely', () =>
    expect(gapsOf(0, 10, 20, 30, 30.25, 30.5)).toEqual([]))
  it('breaks off within such hours as well', () => expect(gapsOf(0, 10, 20, 120, 130)).toEqual([120]))
})
