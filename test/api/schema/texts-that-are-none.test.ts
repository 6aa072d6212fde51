// What is said of times and bytes that cannot be read: the words of Go's standard library, which clients show.
import { expect, test } from 'vitest'
import { decodeObject } from '../../../src/main/apiserver/schema/decode.ts'
import { timeProblem } from '../../../src/main/apiserver/schema/time.ts'

const LAYOUT = '2006-01-02T15:04:05Z07:00'
test.each<[value: string, why: string]>([
  ['10.0.0.0/8', `parsing time "10.0.0.0/8" as "${LAYOUT}": cannot parse "10.0.0.0/8" as "2006"`],
  ['2026-01-01', `parsing time "2026-01-01" as "${LAYOUT}": cannot parse "" as "T"`],
  ['2026/01/01', `parsing time "2026/01/01" as "${LAYOUT}": cannot parse "/01/01" as "-"`],
  ['2026-01-01T00:00:00', `parsing time "2026-01-01T00:00:00" as "${LAYOUT}": cannot parse "" as "Z07:00"`],
  ['2026-01-01T00:00:00Z ', 'parsing time "2026-01-01T00:00:00Z ": extra text: " "'],
  ['2026-13-01T00:00:00Z', 'parsing time "2026-13-01T00:00:00Z": month out of range'],
  ['2026-02-29T00:00:00Z', 'parsing time "2026-02-29T00:00:00Z": day out of range'],
  ['2026-01-01T24:00:00Z', 'parsing time "2026-01-01T24:00:00Z": hour out of range'],
  ['2026-01-01T00:60:00Z', 'parsing time "2026-01-01T00:60:00Z": minute out of range'],
  ['2026-01-01T00:00:60Z', 'parsing time "2026-01-01T00:00:60Z": second out of range'],
  ['2026-01-01T00:00:00+25:00', 'parsing time "2026-01-01T00:00:00+25:00": time zone offset hour out of range'],
  ['2026-01-01T00:00:00-00:61', 'parsing time "2026-01-01T00:00:00-00:61": time zone offset minute out of range'],
  ['\0é"', `parsing time "\\x00\\xc3\\xa9\\"" as "${LAYOUT}": cannot parse "\\x00\\xc3\\xa9\\"" as "2006"`],
])('%j is no time', (value, why) => {
  expect(timeProblem(value)).toBe(why)
})

test.each([
  '2026-01-01T00:00:00Z',
  '2024-02-29T23:59:59.123456789012345+14:00',
  '2026-01-01T00:00:00,5Z',
  '2026-01-01T00:00:00-24:60',
])('%s is a time', value => expect(timeProblem(value)).toBeUndefined())

test.each<[value: string, at: number]>([
  ['a\nb', 1],
  ['a b', 1],
  ['ab=', 3],
  ['ab=c', 2],
  ['=', 0],
  ['YQ==YQ==', 4],
  ['YWI=\nx', 5],
  ['YWJj\nZ', 5],
])('%j is no base64 from byte %i on', (value, at) => {
  const { errors } = decodeObject('core.v1.ConfigMap', { binaryData: { a: value } })
  expect(errors).toEqual([expect.stringMatching(new RegExp(`: illegal base64 data at input byte ${at}$`))])
})
