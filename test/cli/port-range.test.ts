// The range of node ports, from the command line to what Services get.
import { expect, test } from 'vitest'
import { parsePortRange } from '../../src/main/cli/port-range.ts'

test.each([
  ['30000-32767', [30_000, 32_767]],
  ['8000+99', [8000, 8099]],
  ['65000+5000', [65_000, 65_535]],
  ['80-80', [80, 80]],
] as const)('%s', (text, range) => expect(parsePortRange(text)).toEqual(range))

test.each(['', '30000', '32767-30000', '0-100', '1-65536', '30000-32767,40000-40001', '-1-5', 'a-b'])(
  'refuses %j',
  text => expect(() => parsePortRange(text)).toThrow('--service-node-port-range wants ports such as 30000-32767'),
)
