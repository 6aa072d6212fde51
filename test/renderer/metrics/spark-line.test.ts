// The line of the last minutes in a list.
import { expect, it } from 'vitest'
import { sparkLine } from '@/metrics/spark-line.ts'

/** How high each point is, from 0 at the bottom to 1 at the top. */
function heights(values: readonly number[]): number[] {
  const svg = sparkLine(values)
  const [, line] = svg.children as unknown as { props: { points: string } }[]
  const room = Number(svg.props?.['height']) - 3
  return (line?.props.points ?? '').split(' ').map(point => 1 - (Number(point.split(',')[1]) - 2) / room)
}

it('runs along the middle where nothing changes, since nobody knows how much more there may be', () => {
  for (const height of heights([7, 7, 7])) expect(height).toBeCloseTo(0.5)
  for (const height of heights([0, 0])) expect(height).toBeCloseTo(0)
})

it('reaches the top where it was much less before', () => expect(heights([1, 4])).toEqual([expect.closeTo(0.25), 1]))
