// Sets of characters: sorted ranges of code points, and the named ones that RE2 knows.

/** Sorted, apart from each other: `[from, to, from, to, …]`, both ends belong to it. */
export type CodePoints = readonly number[]

export const MAX_CODE_POINT = 0x10ffff
export const EVERYTHING: CodePoints = [0, MAX_CODE_POINT]

/** @param ranges in any order, overlapping or not */
export function union(...ranges: readonly CodePoints[]): CodePoints {
  const pairs: [number, number][] = []
  for (const set of ranges) for (let i = 0; i < set.length; i += 2) pairs.push([set[i] ?? 0, set[i + 1] ?? 0])
  pairs.sort(([a], [b]) => a - b)
  const merged: number[] = []
  for (const [from, to] of pairs) {
    const last = merged.at(-1)
    if (last === undefined || from > last + 1) merged.push(from, to)
    else if (to > last) merged[merged.length - 1] = to
  }
  return merged
}

export function complement(set: CodePoints): CodePoints {
  const others: number[] = []
  let next = 0
  for (let i = 0; i < set.length; i += 2) {
    const from = set[i] ?? 0
    if (from > next) others.push(next, from - 1)
    next = (set[i + 1] ?? 0) + 1
  }
  if (next <= MAX_CODE_POINT) others.push(next, MAX_CODE_POINT)
  return others
}

export function includes(set: CodePoints, codePoint: number): boolean {
  let low = 0
  let high = set.length / 2 - 1
  while (low <= high) {
    const middle = (low + high) >> 1
    if (codePoint < (set[2 * middle] ?? 0)) high = middle - 1
    else if (codePoint > (set[2 * middle + 1] ?? 0)) low = middle + 1
    else return true
  }
  return false
}

/** The ranges of ASCII as they are written between brackets: `a-z_`. */
function ascii(text: string): CodePoints {
  const ranges: number[][] = []
  for (let i = 0; i < text.length; i++) {
    const isRange = text[i + 1] === '-' && i + 2 < text.length
    ranges.push([text.charCodeAt(i), text.charCodeAt(isRange ? i + 2 : i)])
    if (isRange) i += 2
  }
  return union(...ranges)
}

export const DIGITS = ascii('0-9')
export const WORD = ascii('0-9A-Za-z_')
/** Perl's space has no `\v`. */
export const SPACE = ascii('\t\n\f\r ')
export const NEWLINE: CodePoints = [10, 10]

/** ASCII only. */
export const POSIX: ReadonlyMap<string, CodePoints> = new Map([
  ['alnum', ascii('0-9A-Za-z')],
  ['alpha', ascii('A-Za-z')],
  ['ascii', [0, 0x7f]],
  ['blank', ascii('\t ')],
  ['cntrl', [0, 0x1f, 0x7f, 0x7f]],
  ['digit', DIGITS],
  ['graph', ascii('!-~')],
  ['lower', ascii('a-z')],
  ['print', ascii(' -~')],
  ['punct', [0x21, 0x2f, 0x3a, 0x40, 0x5b, 0x60, 0x7b, 0x7e]],
  ['space', [9, 13, 32, 32]],
  ['upper', ascii('A-Z')],
  ['word', WORD],
  ['xdigit', ascii('0-9A-Fa-f')],
])

/** Pieces that hold every assigned character; between and after them all are alike. A surrogate pair is never made. */
const PIECES: CodePoints = [0, 0xdbff, 0xdc00, 0xffff, 0x10000, 0x1ffff, 0x20000, 0x33fff, 0x34000, 0x34000, 0xe0000, 0xe0fff, 0xf0000, 0xf0000, 0xffffe, 0xffffe, 0x100000, 0x100000, 0x10fffe, 0x10fffe] // prettier-ignore
/** What a piece of one character stands for. */
const ALIKE: ReadonlyMap<number, CodePoints> = new Map([
  [0x34000, [0x34000, 0xdffff, 0xe1000, 0xeffff]],
  [0xf0000, [0xf0000, 0xffffd]],
  [0xffffe, [0xffffe, 0xfffff]],
  [0x100000, [0x100000, 0x10fffd]],
  [0x10fffe, [0x10fffe, 0x10ffff]],
])

/** Arguments of one call. */
const AT_ONCE = 8192

/** The characters as a text. */
function allFrom(from: number, to: number): string {
  const width = from > 0xffff ? 2 : 1
  const units = new Uint16Array((to + 1 - from) * width)
  for (let codePoint = from, at = 0; codePoint <= to; codePoint++) {
    if (width === 2) units[at++] = 0xd7c0 + (codePoint >> 10)
    units[at++] = width === 2 ? 0xdc00 + (codePoint & 0x3ff) : codePoint
  }
  let text = ''
  for (let at = 0; at < units.length; at += AT_ONCE) text += String.fromCharCode(...units.subarray(at, at + AT_ONCE))
  return text
}

/** @param property a JavaScript regular expression of one character, global and with the flag `u` */
function allThatFit(property: RegExp): CodePoints {
  const found: number[] = []
  const add = (from: number, to: number) => {
    if (found.at(-1) === from - 1) found[found.length - 1] = to
    else found.push(from, to)
  }
  const pieces: number[] = []
  for (let i = 0; i < PIECES.length; i += 2) {
    const [from = 0, to = 0] = [PIECES[i], PIECES[i + 1]]
    const alike = ALIKE.get(from)
    if (alike) {
      if (property.test(String.fromCodePoint(from))) pieces.push(...alike)
      property.lastIndex = 0
      continue
    }
    const width = from > 0xffff ? 2 : 1
    for (const { index, 0: run } of allFrom(from, to).matchAll(property))
      add(from + index / width, from + (index + run.length) / width - 1)
  }
  return union(found, pieces)
}

const properties = new Map<string, CodePoints | undefined>()

function javaScriptProperty(name: string): CodePoints | undefined {
  for (const property of [`gc=${name}`, `sc=${name}`]) {
    try {
      return allThatFit(new RegExp(`\\p{${property}}+`, 'gu'))
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error
    }
  }
  return undefined
}

/** @returns a general category (`L`, `Lu`) or script (`Greek`); undefined where there is none of that name */
export function unicodeClass(name: string): CodePoints | undefined {
  if (name === 'Any') return EVERYTHING
  if (name === 'ASCII') return [0, 0x7f]
  if (name === 'Assigned') return complement(unicodeClass('Cn') ?? [])
  if (!/^\w+$/.test(name)) return undefined
  if (!properties.has(name)) properties.set(name, javaScriptProperty(name))
  return properties.get(name)
}

/** The last character that has another case lies below. */
const CASED_END = 0x1e944

const onePoint = (text: string): number | undefined => {
  const codePoint = text.codePointAt(0) ?? 0
  return text.length === (codePoint > 0xffff ? 2 : 1) ? codePoint : undefined
}

/** Characters whose simple case folding is the same, without themselves: for `k` `K` and the sign of Kelvin. */
function otherCases(codePoint: number): number[] {
  const text = String.fromCodePoint(codePoint)
  const near = [text.toLowerCase(), text.toUpperCase(), text.toUpperCase().toLowerCase(), text.toLowerCase().toUpperCase(), ...(FOLDED_FROM.get(codePoint) ?? [])] // prettier-ignore
  const candidates = new Set(near.map(onePoint))
  candidates.delete(codePoint)
  candidates.delete(undefined)
  if (candidates.size === 0) return []
  const alike = new RegExp(`^\\u{${codePoint.toString(16)}}$`, 'iu')
  return [...candidates].filter(other => other !== undefined && alike.test(String.fromCodePoint(other))) as number[]
}

/** Families of which neither case leads to all members. */
const FAMILIES = ['kK\u212a', 'sS\u017f', 'åÅ\u212b', 'ωΩ\u2126', 'µμΜ', 'βΒϐ', 'εΕϵ', 'θΘϑϴ', 'ιΙ\u0345\u1fbe', 'κΚϰ', 'πΠϖ', 'ρΡϱ', 'σΣς', 'φΦϕ', 'ṡṠẛ', 'ß\u1e9e', 'ǆǅǄ', 'ǉǈǇ', 'ǌǋǊ', 'ǳǲǱ', 'вВ\u1c80', 'дД\u1c81', 'оО\u1c82', 'сС\u1c83', 'тТ\u1c84\u1c85', 'ъЪ\u1c86', 'ѣѢ\u1c87', '\u1c88ꙋꙊ'] // prettier-ignore
const FOLDED_FROM: ReadonlyMap<number, readonly string[]> = new Map(
  FAMILIES.flatMap(family => [...family].map(member => [member.codePointAt(0) ?? 0, [...family]] as const)),
)

/** @returns the set with the other cases of its members */
export function inAnyCase(set: CodePoints): CodePoints {
  if (set.length === 2 && set[0] === 0 && set[1] === MAX_CODE_POINT) return set
  const more: number[] = []
  for (let i = 0; i < set.length; i += 2)
    for (let codePoint = set[i] ?? 0; codePoint <= Math.min(set[i + 1] ?? 0, CASED_END); codePoint++)
      for (const other of otherCases(codePoint)) more.push(other, other)
  return union(set, ...Array.from({ length: more.length / 2 }, (_, at) => more.slice(2 * at, 2 * at + 2)))
}
