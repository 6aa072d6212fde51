// The syntax of RE2 as Go's package regexp reads it, and what it says of what it cannot read.
// @see https://github.com/google/re2/wiki/Syntax
import { type CodePoints, complement, DIGITS, EVERYTHING, inAnyCase, NEWLINE, POSIX, SPACE, unicodeClass, union, WORD } from './code-points.ts' // prettier-ignore

export class PatternError extends Error {
  override readonly name = 'PatternError'
}

export type Place = 'textStart' | 'textEnd' | 'lineStart' | 'lineEnd' | 'wordEdge' | 'noWordEdge'

export type Node =
  | { readonly is: 'set'; readonly set: CodePoints }
  | { readonly is: 'place'; readonly place: Place }
  | { readonly is: 'sequence'; readonly parts: readonly Node[] }
  | { readonly is: 'either'; readonly parts: readonly Node[] }
  /** `max` is undefined where there is no limit; `lazy` prefers fewer. */
  | { readonly is: 'repeat'; readonly of: Node; readonly min: number; readonly max: number | undefined; readonly lazy: boolean } // prettier-ignore

/** What `(?i)`, `(?m)`, `(?s)` and `(?U)` ask for, up to the end of the group that they stand in. */
interface Flags {
  readonly anyCase: boolean
  readonly lines: boolean
  readonly dotAll: boolean
  readonly lazy: boolean
}
const FLAG_NAMES: Readonly<Record<string, keyof Flags>> = { i: 'anyCase', m: 'lines', s: 'dotAll', U: 'lazy' }

/** A group that is not closed yet: alternatives that are whole, and the one that goes on. */
interface Level {
  readonly flags: Flags
  readonly whole: Node[]
  parts: Node[]
}

const MAX_REPEAT = 1000
const MAX_DEPTH = 1000
const CONTROLS: Readonly<Record<string, number>> = { a: 7, f: 12, n: 10, r: 13, t: 9, v: 11 }
const PERL: Readonly<Record<string, CodePoints>> = { d: DIGITS, s: SPACE, w: WORD }
const EDGES: Readonly<Record<string, Place>> = { A: 'textStart', z: 'textEnd', b: 'wordEdge', B: 'noWordEdge' }

const fault = (what: string, text: string) => new PatternError(`error parsing regexp: ${what}: \`${text}\``)

/** How often what a repetition holds may come at most; nested repetitions multiply. */
function mostRepeats(node: Node): number {
  if (node.is === 'sequence' || node.is === 'either') return Math.max(1, ...node.parts.map(mostRepeats))
  if (node.is !== 'repeat') return 1
  return Math.max(1, node.min, node.max ?? 0) * mostRepeats(node.of)
}

class Parser {
  readonly #text: string
  readonly #levels: Level[] = [
    { flags: { anyCase: false, lines: false, dotAll: false, lazy: false }, whole: [], parts: [] },
  ]
  #flags = this.#top.flags
  #at = 0
  /** Where the repetition began that was read just before. */
  #repeatedAt: number | undefined

  constructor(text: string) {
    this.#text = text
  }

  get #top(): Level {
    const top = this.#levels.at(-1)
    if (!top) throw new Error('no level')
    return top
  }

  parse(): Node {
    while (this.#at < this.#text.length) {
      const before = this.#at
      const repeated = this.#repetition()
      if (!repeated) this.#one()
      this.#repeatedAt = repeated ? before : undefined
    }
    if (this.#levels.length > 1) throw fault('missing closing )', this.#text)
    return this.#closed(this.#top)
  }

  #closed({ whole, parts }: Level): Node {
    const last: Node = parts.length === 1 && parts[0] ? parts[0] : { is: 'sequence', parts }
    return whole.length === 0 ? last : { is: 'either', parts: [...whole, last] }
  }

  #add(node: Node): void {
    this.#top.parts.push(node)
  }

  /** Takes what begins with `written`, if the text goes on so. */
  #take(written: string): boolean {
    if (!this.#text.startsWith(written, this.#at)) return false
    this.#at += written.length
    return true
  }

  #next(): number {
    const codePoint = this.#text.codePointAt(this.#at) ?? 0
    this.#at += codePoint > 0xffff ? 2 : 1
    return codePoint
  }

  #one(): void {
    const { lines, dotAll } = this.#flags
    if (this.#text.startsWith('(?', this.#at)) this.#perlGroup()
    else if (this.#take('(')) this.#open()
    else if (this.#take('|')) this.#alternative()
    else if (this.#text.startsWith(')', this.#at)) this.#close()
    else if (this.#take('^')) this.#add({ is: 'place', place: lines ? 'lineStart' : 'textStart' })
    else if (this.#take('$')) this.#add({ is: 'place', place: lines ? 'lineEnd' : 'textEnd' })
    else if (this.#take('.')) this.#add({ is: 'set', set: dotAll ? EVERYTHING : complement(NEWLINE) })
    else if (this.#text.startsWith('[', this.#at)) this.#add({ is: 'set', set: this.#brackets() })
    else if (this.#text.startsWith('\\', this.#at)) this.#escaped()
    else this.#literal(this.#next())
  }

  #literal(codePoint: number): void {
    this.#add({ is: 'set', set: this.#folded([codePoint, codePoint]) })
  }

  #folded = (set: CodePoints) => (this.#flags.anyCase ? inAnyCase(set) : set)

  #open(): void {
    if (this.#levels.length > MAX_DEPTH) throw fault('expression nests too deeply', this.#text)
    this.#levels.push({ flags: this.#flags, whole: [], parts: [] })
  }

  #alternative(): void {
    this.#top.whole.push(this.#closed({ ...this.#top, whole: [] }))
    this.#top.parts = []
  }

  #close(): void {
    const level = this.#levels.pop()
    if (!level || this.#levels.length === 0) throw fault('unexpected )', this.#text)
    this.#at++
    this.#flags = level.flags
    this.#add({ is: 'sequence', parts: [this.#closed(level)] })
  }

  #perlGroup(): void {
    const rest = this.#text.slice(this.#at)
    const named = /^\(\?P?</.exec(rest)
    if (named) return this.#namedGroup(rest, named[0].length)
    const [whole, on = '', off, end] = /^\(\?([imsU]*)(?:-([imsU]+))?([:)])/.exec(rest) ?? []
    if (whole === undefined) {
      const [wrong = rest] = /^\(\?[imsU]*(?:-[imsU]*)?[^]?/u.exec(rest) ?? []
      throw fault('invalid or unsupported Perl syntax', wrong)
    }
    this.#at += whole.length
    const next = { ...this.#flags }
    for (const letter of on) Object.assign(next, { [FLAG_NAMES[letter] ?? '']: true })
    for (const letter of off ?? '') Object.assign(next, { [FLAG_NAMES[letter] ?? '']: false })
    if (end === ':') this.#open()
    this.#flags = next
  }

  #namedGroup(rest: string, start: number): void {
    const end = rest.indexOf('>')
    if (end < 0) throw fault('invalid named capture', rest)
    const name = rest.slice(start, end)
    if (!/^\w+$/.test(name)) throw fault('invalid named capture', rest.slice(0, end + 1))
    this.#at += end + 1
    this.#open()
  }

  /** @returns whether there was one */
  #repetition(): boolean {
    const start = this.#at
    const [written, from, comma, to] = /^(?:[*+?]|\{(0|[1-9]\d*)(?:(,)(0|[1-9]\d*)?)?\})/.exec(this.#text.slice(start, start + 40)) ?? [] // prettier-ignore
    if (written === undefined) return false
    this.#at += written.length
    const min = from === undefined ? (written === '+' ? 1 : 0) : Number(from)
    const most = comma === undefined && from !== undefined ? min : to === undefined ? undefined : Number(to)
    const max = written === '?' ? 1 : most
    if (min > MAX_REPEAT || (max ?? 0) > MAX_REPEAT || (max !== undefined && min > max)) throw fault('invalid repeat count', written) // prettier-ignore
    const swapped = this.#take('?')
    if (this.#repeatedAt !== undefined)
      throw fault('invalid nested repetition operator', this.#text.slice(this.#repeatedAt, this.#at))
    const of = this.#top.parts.pop()
    if (!of) throw fault('missing argument to repetition operator', this.#text.slice(start, this.#at))
    const node: Node = { is: 'repeat', of, min, max, lazy: this.#flags.lazy !== swapped }
    if (from !== undefined && mostRepeats(node) > MAX_REPEAT) throw fault('invalid repeat count', written)
    this.#add(node)
    return true
  }

  #escaped(): void {
    const letter = this.#text[this.#at + 1] ?? ''
    const place = EDGES[letter]
    if (place) {
      this.#at += 2
      return this.#add({ is: 'place', place })
    }
    if (letter === 'Q') return this.#quoted()
    const set = this.#namedSet()
    if (set) this.#add({ is: 'set', set })
    else this.#literal(this.#escape())
  }

  /** `\Q` up to `\E`, or to the end. */
  #quoted(): void {
    const end = this.#text.indexOf('\\E', this.#at)
    const stop = end < 0 ? this.#text.length : end
    this.#at += 2
    while (this.#at < stop) this.#literal(this.#next())
    if (end >= 0) this.#at = end + 2
  }

  /** `\d` and `\p{L}`; undefined where neither stands here. */
  #namedSet(): CodePoints | undefined {
    const rest = this.#text.slice(this.#at, this.#at + 80)
    const [perl, letter = ''] = /^\\([dswDSW])/.exec(rest) ?? []
    if (perl !== undefined) {
      this.#at += 2
      const set = this.#folded(PERL[letter.toLowerCase()] ?? [])
      return letter === letter.toLowerCase() ? set : complement(set)
    }
    const [unicode, which, caret, long, short] = /^\\([pP])(?:\{(\^?)([^}]*)\}|([^{]))/u.exec(rest) ?? []
    if (unicode === undefined) {
      if (/^\\[pP]/.test(rest)) throw fault('invalid character class range', rest)
      return undefined
    }
    const set = unicodeClass(long ?? short ?? '')
    if (!set) throw fault('invalid character class range', unicode)
    this.#at += unicode.length
    return (which === 'P') !== (caret === '^') ? complement(this.#folded(set)) : this.#folded(set)
  }

  /** One character behind a backslash. */
  #escape(): number {
    const rest = this.#text.slice(this.#at, this.#at + 20)
    if (rest === '\\') throw new PatternError('error parsing regexp: trailing backslash at end of expression: ``')
    const [coded, long, two, octal] = /^\\(?:x\{([0-9A-Fa-f]+)\}|x([0-9A-Fa-f]{2})|([1-7][0-7]{1,2}|0[0-7]{0,2}))/.exec(rest) ?? [] // prettier-ignore
    if (coded !== undefined) {
      const codePoint = octal === undefined ? parseInt(long ?? two ?? '', 16) : parseInt(octal, 8)
      if (codePoint > 0x10ffff) throw fault('invalid escape sequence', coded)
      this.#at += coded.length
      return codePoint
    }
    const [control] = /^\\[afnrtv]/.exec(rest) ?? []
    if (control !== undefined) {
      this.#at += 2
      return CONTROLS[control[1] ?? ''] ?? 0
    }
    const [plain = rest] = /^\\[^]/u.exec(rest) ?? []
    if (/^\\[0-9A-Za-z]|[^\0-\x7f]/.test(plain)) throw fault('invalid escape sequence', plain)
    this.#at += 2
    return plain.charCodeAt(1)
  }

  #brackets(): CodePoints {
    const start = this.#at++
    const negated = this.#take('^')
    const sets: CodePoints[] = []
    for (let first = true; first || this.#text[this.#at] !== ']'; first = false) {
      if (this.#at >= this.#text.length) throw fault('missing closing ]', this.#text.slice(start))
      sets.push(this.#member())
    }
    this.#at++
    return negated ? complement(union(...sets)) : union(...sets)
  }

  #member(): CodePoints {
    const rest = this.#text.slice(this.#at)
    const [posix, caret, name = ''] = /^\[:(\^?)([^]*?):\]/.exec(rest) ?? []
    if (posix !== undefined) {
      const set = POSIX.get(name)
      if (!set) throw fault('invalid character class range', posix)
      this.#at += posix.length
      return caret ? complement(this.#folded(set)) : this.#folded(set)
    }
    return (rest.startsWith('\\') ? this.#namedSet() : undefined) ?? this.#range(rest)
  }

  #range(rest: string): CodePoints {
    const from = this.#bracketed(rest)
    const isRange = this.#text[this.#at] === '-' && (this.#text[this.#at + 1] ?? ']') !== ']'
    if (!isRange) return this.#folded([from, from])
    this.#at++
    const to = this.#bracketed(this.#text.slice(this.#at))
    if (to < from) throw fault('invalid character class range', rest.slice(0, rest.length - (this.#text.length - this.#at))) // prettier-ignore
    return this.#folded([from, to])
  }

  #bracketed(rest: string): number {
    if (rest === '') throw fault('missing closing ]', this.#text)
    return rest.startsWith('\\') ? this.#escape() : this.#next()
  }
}

/** @throws PatternError in Go's words */
export const parsePattern = (text: string): Node => new Parser(text).parse()
