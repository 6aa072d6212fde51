// Ages as kubectl prints them.
import { describe, expect, test } from 'vitest'
import { humanDuration, humanSince } from '../../src/shared/machinery/human-duration.ts'

const SECOND = 1000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

describe('humanDuration()', () => {
  test.each([
    [-5 * SECOND, '<invalid>'],
    [-1 * SECOND, '0s'],
    [0, '0s'],
    [119 * SECOND, '119s'],
    [2 * MINUTE, '2m'],
    [9 * MINUTE + 59 * SECOND, '9m59s'],
    [10 * MINUTE + 5 * SECOND, '10m'],
    [179 * MINUTE, '179m'],
    [3 * HOUR, '3h'],
    [7 * HOUR + 30 * MINUTE, '7h30m'],
    [8 * HOUR + 30 * MINUTE, '8h'],
    [47 * HOUR, '47h'],
    [2 * DAY + HOUR, '2d1h'],
    [8 * DAY + HOUR, '8d'],
    [729 * DAY, '729d'],
    [730 * DAY, '2y'],
    [800 * DAY, '2y70d'],
    [9 * 365 * DAY, '9y'],
  ])('%d ms is %s', (ms, text) => expect(humanDuration(ms)).toBe(text))
})

describe('humanSince()', () => {
  test('is unknown without a time', () => expect(humanSince(undefined, 0)).toBe('<unknown>'))
  test('counts from the time', () => {
    expect(humanSince('2026-01-01T00:00:00Z', Date.parse('2026-01-01T00:00:42Z'))).toBe('42s')
  })
})
