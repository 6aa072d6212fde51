// Lines between cards. One that would run behind the cards of a column between goes through the gap that is nearest.
import type { Box } from './arrange.ts'

/** From a gap to the cards above and below it. */
const CLEAR = 5

export interface Point {
  readonly x: number
  readonly y: number
}

export interface Way {
  /** As SVG draws it. */
  readonly path: string
  /** On it, and beside the cards: for what is written there. */
  readonly middle: Point
}

const bendOf = (from: Point, to: Point) => Math.max(24, (to.x - from.x) / 2)
const curve = (from: Point, to: Point) => {
  const bend = bendOf(from, to)
  return `C${from.x + bend} ${from.y} ${to.x - bend} ${to.y} ${to.x} ${to.y}`
}
const startOf = ({ x, y, width, height }: Box): Point => ({ x: x + width, y: y + height / 2 })
const endOf = ({ x, y, height }: Box): Point => ({ x, y: y + height / 2 })

/** The height of a curve where it is at `x`: it goes to the right all the way. */
function heightAt(from: Point, to: Point, x: number): number {
  const bend = bendOf(from, to)
  const bezier = (a: number, b: number, c: number, d: number, at: number) => {
    const rest = 1 - at
    return rest ** 3 * a + 3 * rest ** 2 * at * b + 3 * rest * at ** 2 * c + at ** 3 * d
  }
  let [low, high] = [0, 1]
  for (let step = 0; step < 16; step++) {
    const middle = (low + high) / 2
    if (bezier(from.x, from.x + bend, to.x - bend, to.x, middle) < x) low = middle
    else high = middle
  }
  return bezier(from.y, from.y, to.y, to.y, low)
}

/** @param column from top to bottom @returns the index of the first card that ends below `y` */
function firstBelow(column: readonly Box[], y: number): number {
  let [low, high] = [0, column.length]
  while (low < high) {
    const middle = (low + high) >> 1
    const box = column[middle]
    if (box && box.y + box.height <= y) low = middle + 1
    else high = middle
  }
  return low
}

/** @returns where a line passes a column without a card in its way, as near to `wish` as there is room */
function gapNear(column: readonly Box[], wish: number): number {
  const at = firstBelow(column, wish)
  const box = column[at]
  if (!box || box.y > wish) return wish
  const [above, below] = [box.y - CLEAR, box.y + box.height + CLEAR]
  return wish - above < below - wish ? above : below
}

const blocks = (column: readonly Box[], top: number, bottom: number) => {
  const box = column[firstBelow(column, top)]
  return box !== undefined && box.y < bottom
}

/** How far a line between cards of one column leaves it. */
const ASIDE = 32

/** From the left of a card to the left of another one above or below it. */
function besideColumn(from: Box, to: Box): Way {
  const [start, end] = [endOf(from), endOf(to)]
  const x = start.x - ASIDE
  return {
    path: `M${start.x} ${start.y}C${x} ${start.y} ${x} ${end.y} ${end.x} ${end.y}`,
    middle: { x: start.x - ASIDE * 0.75, y: (start.y + end.y) / 2 },
  }
}

/**
 * The ways from the right of one of these cards to the left of another, whichever is meant to lead to which, or along
 * their column; each is found once.
 */
export function waysBetween(boxes: Iterable<Box>): (from: Box, to: Box) => Way {
  const columns = new Map<number, Box[]>()
  for (const box of boxes) {
    const column = columns.get(box.x)
    if (column) column.push(box)
    else columns.set(box.x, [box])
  }
  const sorted = [...columns.values()].sort((a, b) => (a[0]?.x ?? 0) - (b[0]?.x ?? 0))
  for (const column of sorted) column.sort((a, b) => a.y - b.y)
  const known = new Map<Box, Map<Box, Way>>()

  function find(from: Box, to: Box): Way {
    if (from.x === to.x) return besideColumn(from, to)
    const end = endOf(to)
    let start = startOf(from)
    let path = `M${start.x} ${start.y}`
    const curves: [from: Point, to: Point][] = []
    const bendTo = (next: Point) => {
      path += curve(start, next)
      curves.push([start, next])
    }
    for (const column of sorted) {
      const [first] = column
      if (!first || first.x <= start.x || first.x >= to.x) continue
      const [left, right] = [first.x, first.x + first.width]
      const [enters, leaves] = [heightAt(start, end, left), heightAt(start, end, right)]
      if (!blocks(column, Math.min(enters, leaves), Math.max(enters, leaves))) continue
      const y = gapNear(column, (enters + leaves) / 2)
      bendTo({ x: left, y })
      path += `H${right}`
      start = { x: right, y }
    }
    bendTo(end)
    const [a, b] = curves[curves.length >> 1] ?? [start, end]
    return { path, middle: { x: (a.x + b.x) / 2, y: (a.y + b.y) / 2 } }
  }
  return function wayOf(from, to) {
    if (to.x < from.x) return wayOf(to, from)
    let ways = known.get(from)
    if (!ways) known.set(from, (ways = new Map()))
    let way = ways.get(to)
    if (way === undefined) ways.set(to, (way = find(from, to)))
    return way
  }
}
