// What a client says of its terminal's size, read as Go's decoder reads it.
import { expect, it } from 'vitest'
import { terminalSizes } from '../../src/agent/api/streams/terminal-sizes.ts'

const read = (...pieces: string[]) => {
  const sizesIn = terminalSizes()
  return pieces.flatMap(piece => sizesIn(Buffer.from(piece)))
}

it.each(['{"Width":123,"Height":45}', '{"width":123,"height":45}', '{"Height":45,"Width":123}\n'])(
  'takes %s, whatever the case of its names',
  text => expect(read(text)).toEqual([{ width: 123, height: 45 }]),
)

it('takes several that come at once, and one that comes in pieces', () => {
  const sizes = [
    { width: 80, height: 24 },
    { width: 90, height: 30 },
  ]
  expect(read('{"Width":80,"Height":24}\n{"Width":90,"Height":30}\n')).toEqual(sizes)
  expect(read('{"width":80,"height":24}{"wid', 'th":90,"height":', '30}')).toEqual(sizes)
})

it.each([
  '{}',
  '{"Width":80}',
  '{"Width":0,"Height":24}',
  '{"Width":80,"Height":65536}',
  '{"Width":"80","Height":"24"}',
  'x}',
])('leaves a terminal as it is for %s, and takes what comes next', text =>
  expect(read(text, '{"Width":80,"Height":24}')).toEqual([{ width: 80, height: 24 }]),
)

it('forgets what never becomes a size', () => {
  expect(read('x'.repeat(1000), '}', '{"Width":80,"Height":24}')).toEqual([{ width: 80, height: 24 }])
})
