// What cannot stand in a field is told there, as the server would refuse the whole object without saying where.
import { describe, expect, it } from 'vitest'
import { misfitOf } from '@/forms/misfit.ts'
import type { Shape } from '@/forms/schema.ts'

describe('misfitOf()', () => {
  it.each<[Shape, ...unknown[]]>([
    ['integer', 0, -3, 2n ** 60n],
    ['number', 1.5, 2],
    ['quantity', '500m', '1Gi', '1.5', 2, '2e3'],
    ['time', '2030-01-31T18:00:00Z', '2030-01-31T18:00:00.123456+01:00'],
    ['flag', true, false],
    ['numberOrText', 80, 'http', '25%'],
    ['text', 'anything'],
    ['integer', undefined, null, ''],
  ])('takes for a field of shape %s what fits there', (shape, ...values) => {
    for (const value of values) expect(misfitOf(shape, value), String(value)).toBeUndefined()
  })

  it.each<[Shape, RegExp, ...unknown[]]>([
    ['integer', /whole number/, '80a', 1.5, true],
    ['number', /number/, 'much', true],
    ['quantity', /such as 2, 500m or 1Gi/, '1 GB', '128MB', 'much', true],
    ['time', /2030-01-31T18:00:00Z/, 'tomorrow', '2030-01-31', '2030-13-31T18:00:00Z', 5],
    ['flag', /true or false/, 'maybe', 1],
  ])('tells for a field of shape %s what belongs there', (shape, wanted, ...values) => {
    for (const value of values) expect(misfitOf(shape, value), String(value)).toMatch(wanted)
  })
})
