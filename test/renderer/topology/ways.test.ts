// Lines of the map lead to cards, and never behind one on their way.
import { describe, expect, it } from 'vitest'
import type { Box } from '@/topology/arrange.ts'
import { waysBetween } from '@/topology/ways.ts'

const WIDTH = 200
const GAP = 50
const card = (column: number, y: number): Box => ({ x: column * (WIDTH + GAP), y, width: WIDTH, height: 60 })
/** Cards with the smallest gap between them. */
const column = (at: number, count: number, top = 0) =>
  Array.from({ length: count }, (_, row) => card(at, top + row * 70))

/** Points along a path of `M`, `C` and `H`. */
function pointsOf(path: string): { x: number; y: number }[] {
  const points: { x: number; y: number }[] = []
  let at = { x: Number.NaN, y: Number.NaN }
  for (const [, command, rest] of path.matchAll(/([MCH])([^MCH]*)/g)) {
    const [a = 0, b = 0, c = 0, d = 0, x = 0, y = 0] = (rest ?? '').split(' ').map(Number)
    const { x: fromX, y: fromY } = at
    const bezier = (p: number, q: number, r: number, s: number, t: number) =>
      (1 - t) ** 3 * p + 3 * (1 - t) ** 2 * t * q + 3 * (1 - t) * t * t * r + t ** 3 * s
    for (let step = 0; step <= 100; step++) {
      const t = step / 100
      if (command === 'C') points.push({ x: bezier(fromX, a, c, x, t), y: bezier(fromY, b, d, y, t) })
      else if (command === 'H') points.push({ x: fromX + (a - fromX) * t, y: fromY })
    }
    at = command === 'M' ? { x: a, y: b } : command === 'H' ? { x: a, y: fromY } : { x, y }
  }
  return points
}
const isBehind = ({ x, y, width, height }: Box) => {
  return (point: { x: number; y: number }) => point.x > x && point.x < x + width && point.y > y && point.y < y + height
}

/** Where there is nothing else. */
const plain = (from: Box, to: Box) => waysBetween([from, to])(from, to)

describe('waysBetween()', () => {
  const dense = [...column(0, 6), ...column(1, 6), ...column(2, 6, 35), ...column(3, 6)]
  const pairs = dense.flatMap(from => dense.filter(to => to.x > from.x).map(to => [from, to] as const))

  it('leads from card to card, behind none', () => {
    const way = waysBetween(dense)
    for (const [from, to] of pairs) {
      const points = pointsOf(way(from, to).path)
      expect(points[0]).toEqual({ x: from.x + from.width, y: from.y + from.height / 2 })
      expect(points.at(-1)).toEqual({ x: to.x, y: to.y + to.height / 2 })
      for (const other of dense)
        expect(points.filter(isBehind(other)), `${from.x},${from.y} to ${to.x},${to.y}`).toEqual([])
    }
  })

  it('has its middle on itself, where no card is', () => {
    const way = waysBetween(dense)
    for (const [from, to] of pairs) {
      const { path, middle } = way(from, to)
      const far = Math.min(...pointsOf(path).map(({ x, y }) => Math.hypot(x - middle.x, y - middle.y)))
      expect(far, path).toBeLessThan(2)
      expect(
        dense.filter(card => isBehind(card)(middle)),
        path,
      ).toEqual([])
    }
  })

  it('is the plain curve to the next column, and wherever nothing is in its way', () => {
    const way = waysBetween(dense)
    for (const [from, to] of pairs) if (to.x === from.x + WIDTH + GAP) expect(way(from, to)).toEqual(plain(from, to))
    const [from, aside, to] = [card(0, 0), card(1, 300), card(2, 0)]
    expect(waysBetween([from, aside, to])(from, to)).toEqual(plain(from, to))
  })

  it('runs beside the column between cards of one', () => {
    const way = waysBetween(dense)
    for (const [from, to] of [
      [card(1, 0), card(1, 210)],
      [card(1, 140), card(1, 70)],
    ] as const) {
      const { path, middle } = way(from, to)
      const points = pointsOf(path)
      expect(points[0]).toEqual({ x: from.x, y: from.y + from.height / 2 })
      expect(points.at(-1)).toEqual({ x: to.x, y: to.y + to.height / 2 })
      for (const { x } of [...points, middle]) expect(x > from.x - GAP && x <= from.x).toBe(true)
      expect(Math.min(...points.map(({ x, y }) => Math.hypot(x - middle.x, y - middle.y)))).toBeLessThan(2)
    }
  })

  it('passes on the side that is nearer', () => {
    const way = (y: number) => {
      const [from, between, to] = [card(0, 100), card(1, y), card(2, 100)]
      return pointsOf(waysBetween([from, between, to])(from, to).path).find(({ x }) => x === between.x)?.y ?? 0
    }
    expect(way(80)).toBe(145)
    expect(way(120)).toBe(115)
  })
})
