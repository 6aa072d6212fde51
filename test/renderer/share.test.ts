// What a changed object takes over from its former self.
import { describe, expect, it } from 'vitest'
import { share } from '@/api/share.ts'

const pod = (phase: string) => ({
  metadata: { name: 'web', labels: { app: 'web' } },
  spec: { containers: [{ name: 'main', args: ['-v', '1'] }], hostname: null },
  status: { phase },
})

describe('share()', () => {
  it('keeps the parts that are equal, and says what is new', () => {
    const before = pod('Pending')
    const after = share(before, pod('Running'))
    expect(after).toEqual(pod('Running'))
    expect(after).not.toBe(before)
    expect(after.metadata).toBe(before.metadata)
    expect(after.spec).toBe(before.spec)
    expect(before).toEqual(pod('Pending'))
  })
  it('is the former one where nothing differs', () => {
    const before = pod('Running')
    expect(share(before, pod('Running'))).toBe(before)
  })
  it.each([
    ['one came', [1], [1, 2]],
    ['one went', [1, 2], [1]],
    ['another order', [1, 2], [2, 1]],
    ['a name came', { a: 1 }, { a: 1, b: undefined }],
    ['a name went', { a: 1, b: undefined }, { a: 1 }],
    ['another name', { a: undefined }, { b: undefined }],
    ['a list in the place of an object', { 0: 'a' }, ['a']],
    ['nothing in the place of an object', {}, null],
    ['an object in the place of nothing', undefined, {}],
    ['a number in the place of its text', '1', 1],
  ])('%s: it is the new one', (_, before, after) => {
    const copy = structuredClone(after)
    expect(share({ part: before }, { part: after })).toStrictEqual({ part: copy })
    expect(share({ part: before }, { part: after }).part).toBe(after)
  })
  it('knows a name that every object has from one that this object has', () =>
    expect(JSON.stringify(share({}, { constructor: {}, toString: {} }))).toBe('{"constructor":{},"toString":{}}'))
})
