import { expect, test } from 'vitest'
import type { Toleration } from '../../src/shared/api/core/v1.ts'
import { withoutNarrower } from '../../src/shared/machinery/taints.ts'

const [equal, exists] = [
  { key: 'gpu', operator: 'Equal', value: 'a', effect: 'NoExecute' },
  { key: 'gpu', operator: 'Exists' },
]
const all = { operator: 'Exists' }
const other = { key: 'vm', operator: 'Exists', effect: 'NoSchedule' }
const awhile = (tolerationSeconds: number) => ({ ...equal, tolerationSeconds })

test.each<[string, Toleration[], Toleration[]]>([
  ['one that exists covers those with a value', [equal, exists, other], [exists, other]],
  ['one without a key covers all', [equal, exists, all, other], [all]],
  ['one that is for longer covers those that are for a while', [awhile(5), equal, awhile(9)], [equal]],
  ['the longest covers the shorter', [awhile(5), awhile(9), awhile(-1)], [awhile(9)]],
  ['one for a while does not cover those for ever', [{ ...exists, effect: 'NoExecute', tolerationSeconds: 5 }, equal], [{ ...exists, effect: 'NoExecute', tolerationSeconds: 5 }, equal]],
  ['one of an effect does not cover those of any', [other, { ...other, effect: '' }], [{ ...other, effect: '' }]],
  ['of equal ones the first stays', [other, exists, { ...other }], [other, exists]],
  ['of those that mean the same otherwise the last stays', [{ ...exists, value: 'b' }, other, exists], [other, exists]],
  ['one without an operator covers those that say Equal, which do not cover it', [{ ...equal, operator: undefined }, equal], [{ ...equal, operator: undefined }]],
])('%s', (_, given, kept) => expect(withoutNarrower(given)).toEqual(kept)) // prettier-ignore

test('tens of thousands are looked through as well', () => {
  const many = Array.from({ length: 50_000 }, (_, i) => ({ ...equal, value: `value-${i}` }))
  expect(withoutNarrower(many)).toHaveLength(many.length)
  expect(withoutNarrower([...many, exists])).toEqual([exists])
})
