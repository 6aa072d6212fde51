// Where every card stands: fixed columns by rank, one band per group. What would be too tall to be read at once is set
// in several strips beside each other, as a newspaper is, so that the whole has the shape of the window.
// Pure, deterministic, and n log n: 2,000 cards take a few milliseconds.
import {
  type Arranged,
  type Box,
  CARD_WIDTH,
  type Column,
  type Links,
  arrange,
  byTitle,
  collator,
  cut,
  heightOf,
  linksOf,
  order,
  stand,
} from './arrange.ts'
import { RANKS, type GraphEdge, type Rank } from './graph.ts'
import type { Card } from './picture.ts'

export const overlap = (a: Box, b: Box): boolean =>
  a.x < b.x + b.width && a.x + a.width > b.x && a.y < b.y + b.height && a.y + a.height > b.y

export interface Band extends Box {
  readonly group: string
  /** Of a group that is cut, which part it is, and of how many. */
  readonly part: number
  readonly parts: number
}

export interface Layout extends Box {
  readonly boxes: ReadonlyMap<string, Box>
  readonly bands: readonly Band[]
  readonly columns: readonly { readonly rank: Rank; readonly x: number }[]
  /** What is connected, but for what would run across other strips: that is for who looks at one of its ends. */
  readonly lines: readonly GraphEdge[]
  /** As wide as what one reads from top to bottom. */
  readonly stripWidth: number
}

const COLUMN_GAP = 52
const BAND_GAP = 18
const BAND_PADDING = 16
const BAND_TITLE = 30
export const HEADER = 34
const STRIP_GAP = COLUMN_GAP - BAND_PADDING
/** Lower than this, all of it can be read on a large screen: one strip is easier to follow than several. */
const ONE_STRIP = 2_400

/** What fills columns of at most this height, from the left. */
function columnsOf(cards: readonly Card[], room: number): Card[][] {
  const columns: Card[][] = []
  let left = 0
  for (const card of cards) {
    const height = heightOf(card) + BAND_GAP
    const column = columns.at(-1)
    if (column && height <= left) column.push(card)
    else {
      columns.push([card])
      left = room
    }
    left -= height
  }
  return columns
}

interface Group {
  readonly title: string
  readonly columns: readonly Column[]
  readonly whole: Arranged
  /** Where its cards begin. */
  readonly top: number
}

interface Packed {
  readonly boxes: Map<string, Box>
  readonly bands: readonly Band[]
  /** In which strip a card is. */
  readonly strips: ReadonlyMap<string, number>
  readonly count: number
  readonly height: number
}

/** Sets groups one below the other, in strips of about this height; what does not fit is cut or begins the next one. */
function pack(groups: readonly Group[], width: number, room: number, left: Links, right: Links): Packed {
  const boxes = new Map<string, Box>()
  const strips = new Map<string, number>()
  const bands: Band[] = []
  let strip = 0
  let y = HEADER
  let height = HEADER
  const place = ({ title, top }: Group, arranged: Arranged, part = 1, parts = 1) => {
    const x = strip * (width + STRIP_GAP)
    for (const [id, box] of arranged.boxes) {
      boxes.set(id, { ...box, x: box.x + x, y: box.y + y + top })
      strips.set(id, strip)
    }
    const band = { group: title, part, parts, x, y, width, height: top + arranged.height + BAND_PADDING }
    bands.push(band)
    y += band.height + BAND_GAP
    height = Math.max(height, y)
  }
  const nextStrip = () => {
    if (y > HEADER) strip++
    y = HEADER
  }
  for (const group of groups) {
    const { columns, whole, top } = group
    const most = room - top - BAND_PADDING
    const free = () => HEADER + most - y
    if (whole.height > free() && (whole.height < room / 2 || free() < room / 4)) nextStrip()
    if (whole.height <= free()) {
      place(group, whole)
      continue
    }
    const parts = cut(columns, whole, left, right, free(), most)
    parts.forEach((part, index) => {
      if (index > 0) nextStrip()
      place(group, arrange(part, left, right), index + 1, parts.length)
    })
  }
  return { boxes, bands, strips, count: strip + 1, height }
}

/** @returns with how many strips all comes nearest to the shape @param beside what stands beside the strips */
function stripsFor(shape: number, height: number, width: number, beside: number): number {
  if (height <= ONE_STRIP) return 1
  const away = (count: number) => Math.abs(Math.log((count * width + beside) / (height / count) / shape))
  let count = 1
  while (away(count + 1) < away(count)) count++
  return count
}

/** @param shape how wide the room for it is, by how high */
export function layOut(cards: readonly Card[], edges: readonly GraphEdge[], shape = 1.6): Layout {
  const right = linksOf(edges, 'from', 'to')
  const left = linksOf(edges, 'to', 'from')
  const membersOf = new Map<string, Card[]>()
  const outside: Card[] = []
  for (const card of cards) {
    const members = card.group === undefined ? outside : membersOf.get(card.group)
    if (members) members.push(card)
    else membersOf.set(card.group ?? '', [card])
  }
  const used = new Set([...membersOf.values()].flat().map(({ rank }) => rank))
  const ranks = RANKS.filter(rank => used.has(rank))
  const xOf = (index: number) => BAND_PADDING + index * (CARD_WIDTH + COLUMN_GAP)
  const bandWidth = xOf(ranks.length - 1) + CARD_WIDTH + BAND_PADDING
  const stripWidth = bandWidth + STRIP_GAP

  const groups = [...membersOf.keys()].sort(collator.compare).map((title): Group => {
    const members = membersOf.get(title) ?? []
    const byRank = ranks.map(rank => members.filter(card => card.rank === rank))
    order(byRank, left, right)
    const columns = byRank.map((column, index): Column => ({ x: xOf(index), cards: column }))
    return { title, columns, whole: arrange(columns, left, right), top: title ? BAND_TITLE : BAND_PADDING }
  })
  const total = groups.reduce((sum, { whole, top }) => sum + top + whole.height + BAND_PADDING + BAND_GAP, 0)
  const wanted = stripsFor(shape, total, stripWidth, outside.length ? CARD_WIDTH + COLUMN_GAP : 0)
  let room = wanted === 1 ? Infinity : total / wanted
  let packed = pack(groups, bandWidth, room, left, right)
  // What is not cut leaves room at the end of a strip, which the strips have to be higher for.
  while (packed.count > wanted) packed = pack(groups, bandWidth, (room *= 1.1), left, right)
  const { boxes, bands, strips, count } = packed
  let { height } = packed
  const columns = Array.from({ length: count }, (_, at) =>
    ranks.map((rank, index) => ({ rank, x: at * stripWidth + xOf(index) })),
  ).flat()

  // What is in no group stands to the right of all, where there is one strip beside what it is connected with.
  let x = count * stripWidth
  const top = HEADER + BAND_TITLE
  for (const rank of RANKS) {
    const beside = outside.filter(card => card.rank === rank).sort(byTitle)
    for (const column of columnsOf(beside, count === 1 ? ONE_STRIP : room)) {
      const standing = new Map<string, Box>()
      const near = (id: string) => {
        const box = boxes.get(id)
        return box && { ...box, y: box.y - top }
      }
      const neighbours = (id: string) => [...(left.get(id) ?? []), ...(right.get(id) ?? [])].map(near)
      const bottom = stand({ x, cards: column }, standing, count === 1 ? neighbours : () => [])
      for (const [id, box] of standing) boxes.set(id, { ...box, y: box.y + top })
      height = Math.max(height, top + bottom + BAND_GAP)
      columns.push({ rank, x })
      x += CARD_WIDTH + COLUMN_GAP
    }
  }
  const width = (columns.at(-1)?.x ?? 0) + CARD_WIDTH + BAND_PADDING
  const isShort = ({ from, to }: GraphEdge) => strips.has(from) && strips.get(from) === strips.get(to)
  const lines = count === 1 ? edges : edges.filter(isShort)
  return { x: 0, y: 0, width, height, boxes, bands, columns, lines, stripWidth: count === 1 ? width : bandWidth }
}
