// Cards of one band: in columns, beside what they are connected with. Pure, deterministic, and n log n.
import type { GraphEdge } from './graph.ts'
import type { Card } from './picture.ts'

export interface Box {
  readonly x: number
  readonly y: number
  readonly width: number
  readonly height: number
}

export interface Column {
  readonly x: number
  readonly cards: readonly Card[]
}

/** The cards of a band, or of a part of one, from its own top. */
export interface Arranged {
  readonly boxes: ReadonlyMap<string, Box>
  readonly height: number
}

export const CARD_WIDTH = 216
const ROW_GAP = 10

export const heightOf = ({ rank, counts }: Pick<Card, 'rank' | 'counts'>): number =>
  rank === 'pod' && !counts ? 42 : 60

export type Links = ReadonlyMap<string, readonly string[]>

export function linksOf(edges: readonly GraphEdge[], from: 'from' | 'to', to: 'from' | 'to'): Links {
  const links = new Map<string, string[]>()
  for (const edge of edges) {
    const list = links.get(edge[from])
    if (list) list.push(edge[to])
    else links.set(edge[from], [edge[to]])
  }
  return links
}

const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length

/**
 * Tops of boxes in the given order, as near to their wishes as they can be without touching: adjacent boxes that
 * would overlap are pooled, and a pool stands where the mean of its members wants it.
 */
export function stack(wishes: readonly { readonly top: number; readonly height: number }[]): number[] {
  const pools: { start: number; size: number; wish: number; count: number }[] = []
  for (const { top, height } of wishes) {
    let pool = { start: Math.max(0, top), size: height + ROW_GAP, wish: top, count: 1 }
    for (let last = pools.at(-1); last && last.start + last.size > pool.start; last = pools.at(-1)) {
      pools.pop()
      // Of every member, the wish is where the pool would have to start for that member to stand right.
      const wish = (last.wish * last.count + (pool.wish - last.size) * pool.count) / (last.count + pool.count)
      pool = { start: Math.max(0, wish), size: last.size + pool.size, wish, count: last.count + pool.count }
    }
    pools.push(pool)
  }
  const tops: number[] = []
  let index = 0
  for (const { start, count } of pools) {
    let top = start
    for (const end = index + count; index < end; index++) {
      tops.push(top)
      top += (wishes[index]?.height ?? 0) + ROW_GAP
    }
  }
  return tops
}

export const collator = new Intl.Collator('en', { numeric: true })
export const byTitle = (a: Card, b: Card) => collator.compare(a.title, b.title) || (a.id < b.id ? -1 : 1)

/** Orders each column by where the neighbours of its cards stand, so that few edges cross. */
export function order(columns: Card[][], left: Links, right: Links): void {
  const place = new Map<string, number>()
  const note = (column: readonly Card[]) => column.forEach(({ id }, index) => place.set(id, index / column.length))
  const sortBy = (column: Card[], links: Links) => {
    const keyed = column.map((card, index) => {
      const places = (links.get(card.id) ?? []).flatMap(id => place.get(id) ?? [])
      return { card, index, key: places.length ? mean(places) : index / column.length }
    })
    keyed.sort((a, b) => a.key - b.key || a.index - b.index)
    column.splice(0, column.length, ...keyed.map(({ card }) => card))
    note(column)
  }
  columns.forEach(column => note(column.sort(byTitle)))
  for (const column of columns) sortBy(column, left)
  for (const column of [...columns].reverse()) sortBy(column, right)
  for (const column of columns) sortBy(column, left)
}

/**
 * Stands a column's cards beside their neighbours that stand already.
 * @param neighbours where those are, if they are anywhere
 * @returns the lowest edge
 */
export function stand(
  { x, cards }: Column,
  boxes: Map<string, Box>,
  neighbours: (id: string) => readonly (Box | undefined)[],
): number {
  let next = 0
  const wished = cards.map(card => {
    const height = heightOf(card)
    const middles = neighbours(card.id).flatMap(box => (box ? [box.y + box.height / 2] : []))
    const top = middles.length ? mean(middles) - height / 2 : next
    next = Math.max(next, top + height + ROW_GAP)
    return { card, height, top }
  })
  wished.sort((a, b) => a.top - b.top)
  const tops = stack(wished)
  let bottom = 0
  wished.forEach(({ card, height }, index) => {
    const y = tops[index] ?? 0
    boxes.set(card.id, { x, y, width: CARD_WIDTH, height })
    bottom = Math.max(bottom, y + height)
  })
  return bottom
}

/** The longest column stands first; the others arrange themselves around it, the nearest first. */
export function arrange(columns: readonly Column[], left: Links, right: Links): Arranged {
  const boxes = new Map<string, Box>()
  const at = (id: string) => boxes.get(id)
  const before = (id: string) => (left.get(id) ?? []).map(at)
  const both = (id: string) => [...before(id), ...(right.get(id) ?? []).map(at)]
  const heights = columns.map(({ cards }) => cards.reduce((sum, card) => sum + heightOf(card) + ROW_GAP, 0))
  const anchor = heights.lastIndexOf(Math.max(...heights))
  const bottoms = [
    ...columns.slice(anchor, anchor + 1).map(column => stand(column, boxes, () => [])),
    ...columns.slice(anchor + 1).map(column => stand(column, boxes, before)),
    ...columns
      .slice(0, Math.max(0, anchor))
      .reverse()
      .map(column => stand(column, boxes, both)),
  ]
  return { boxes, height: Math.max(0, ...bottoms) }
}

/** The ids of what is connected with each other among these boxes. */
function connected(boxes: ReadonlyMap<string, Box>, left: Links, right: Links): string[][] {
  const seen = new Set<string>()
  return [...boxes.keys()].flatMap(start => {
    if (seen.has(start)) return []
    seen.add(start)
    const found = [start]
    for (const id of found)
      for (const other of [...(left.get(id) ?? []), ...(right.get(id) ?? [])])
        if (boxes.has(other) && !seen.has(other)) {
          seen.add(other)
          found.push(other)
        }
    return [found]
  })
}

/**
 * Cuts a band into parts. What is connected stays together, unless by itself it is half as high as a part.
 * @param first about how high the first part is to be
 * @param others the same of each after it
 */
export function cut(
  columns: readonly Column[],
  { boxes }: Arranged,
  left: Links,
  right: Links,
  first: number,
  others: number,
): readonly (readonly Column[])[] {
  const partAt = (y: number) => (y < first ? 0 : 1 + Math.floor((y - first) / others))
  const parts = new Map<string, number>()
  for (const ids of connected(boxes, left, right)) {
    const found = ids.flatMap(id => boxes.get(id) ?? [])
    const top = found.reduce((least, { y }) => Math.min(least, y), Infinity)
    const bottom = found.reduce((most, { y, height }) => Math.max(most, y + height), 0)
    const isSmall = bottom - top < others / 2
    ids.forEach((id, index) => {
      const { y = top, height = 0 } = found[index] ?? {}
      parts.set(id, partAt(isSmall ? (top + bottom) / 2 : y + height / 2))
    })
  }
  return [...new Set(parts.values())]
    .sort((a, b) => a - b)
    .map(part => columns.map(({ x, cards }) => ({ x, cards: cards.filter(({ id }) => parts.get(id) === part) })))
}
