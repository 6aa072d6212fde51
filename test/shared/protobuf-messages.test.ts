// Messages by tables of fields, against another implementation of protobuf that reads the same schema.
import protobuf from 'protobufjs'
import { describe, expect, it } from 'vitest'
import {
  type Decoded,
  bool,
  bytes,
  integer,
  many,
  manyIntegers,
  manyTexts,
  message,
  messages,
  nested,
  text,
  texts,
} from '../../src/shared/protobuf/message.ts'

const part = message({ name: text(1), size: integer(2) })
const whole = message({
  title: text(1),
  isOpen: bool(2),
  count: integer(3),
  data: bytes(4),
  part: nested(5, part),
  parts: many(6, part),
  names: manyTexts(7),
  labels: texts(8),
  byName: messages(9, part),
  numbers: manyIntegers(10),
})

const theirs = protobuf
  .parse(
    `
  syntax = "proto3";
  message Part { string name = 1; int64 size = 2; }
  message Whole {
    string title = 1; bool isOpen = 2; int64 count = 3; bytes data = 4; Part part = 5; repeated Part parts = 6;
    repeated string names = 7; map<string, string> labels = 8; map<string, Part> byName = 9; repeated int32 numbers = 10;
  }`,
  )
  .root.lookupType('Whole')

const full = {
  title: 'größe',
  isOpen: true,
  count: 2 ** 40 + 1,
  data: Buffer.from([0, 255]),
  part: { name: 'x'.repeat(300), size: -1 },
  parts: [{ name: 'a', size: 0 }, { name: '', size: 7 }],
  names: ['one', '', 'three'],
  labels: { a: 'b', '__proto__x': '' },
  byName: { n: { name: 'in', size: 1 } },
  numbers: [0, 5, 300, -2],
} // prettier-ignore
const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value))

describe('message()', () => {
  it('encodes what others decode', () => {
    const read = theirs.toObject(theirs.decode(whole.encode(full)), { longs: Number, defaults: true, arrays: true })
    expect(plain(read)).toEqual(plain(full))
  })

  it('decodes what others encode, packed numbers too', () => {
    const written = Buffer.from(theirs.encode(theirs.fromObject(full)).finish())
    const read: Decoded<typeof whole> = whole.decode(written)
    expect(plain(read)).toEqual(plain(full))
  })

  it('gives zero values for what was left out, and no message', () => {
    expect(plain(whole.decode(Buffer.alloc(0)))).toEqual(
      plain({
        title: '', isOpen: false, count: 0, data: Buffer.alloc(0), parts: [], names: [], labels: {}, byName: {},
        numbers: [],
      }),
    ) // prettier-ignore
    expect(whole.encode({ title: '', count: 0, parts: [] })).toHaveLength(0)
  })

  it('passes over fields that it does not know', () => {
    const newer = message({ title: text(1), later: text(99) })
    expect(whole.decode(newer.encode({ title: 'a', later: 'b' })).title).toBe('a')
  })

  it('takes any name in a map as a name', () => {
    const read = whole.decode(
      whole.encode({ labels: JSON.parse('{"__proto__":"polluted"}') as Record<string, string> }),
    )
    expect(Object.entries(read.labels)).toEqual([['__proto__', 'polluted']])
  })

  it.each([
    ['cut off', whole.encode({ title: 'abc' }).subarray(0, 3)],
    ['a number where text belongs', Buffer.from([0x08, 0x01])],
    ['text where a number belongs', Buffer.from([0x1a, 0x01, 0x41])],
  ])('refuses bytes that are %s', (_what, wrong) => {
    expect(() => whole.decode(wrong)).toThrow(/EOF|belong/)
  })
})
