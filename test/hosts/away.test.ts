// When a host was away, as its status tells it.
import { expect, test } from 'vitest'
import { awayAfter } from '../../src/main/provisioning/link/host-links.ts'

const at = (hour: number) => `2026-01-01T0${hour}:00:00Z`
const earlier = { from: at(0), until: at(1), reason: 'cut' }

test('an interval begins when the host goes, and ends when it is back', () => {
  const gone = awayAfter([earlier], false, at(2), 'cut again')
  expect(gone).toEqual([earlier, { from: at(2), reason: 'cut again' }])
  expect(awayAfter(gone, true, at(3), '')).toEqual([earlier, { from: at(2), until: at(3), reason: 'cut again' }])
})
test('one that went twice has been away since the first time', () => {
  const gone = awayAfter([earlier], false, at(2), 'cut again')
  expect(awayAfter(gone, false, at(3), 'and again')).toEqual(gone)
})
test.each([
  ['is cut off still', {}],
  ['is back already', { until: at(9) }],
])('a sleep that is noticed late takes in what was noted after it, where the host %s', (_what, more) => {
  const noted = { from: at(8), reason: 'the connection ended', ...more }
  expect(awayAfter([earlier, noted], false, at(2), 'slept')).toEqual([earlier, { from: at(2), reason: 'slept' }])
})
test('one that came back without having gone was not away', () => {
  expect(awayAfter([earlier], true, at(3), '')).toEqual([earlier])
})
