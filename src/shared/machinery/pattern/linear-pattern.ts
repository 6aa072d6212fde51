// Patterns that users write run on V8's linear-time engine, never on the backtracking one. It has no counted
// repetition, so `x{2,4}` is written out first, within bounds.
import { type Member, namedClass, SPACE, specialMember } from './pattern-classes.ts'

const MAX_EXPANDED = 10_000
const MAX_KEPT = 2000

export class PatternError extends Error {
  override readonly name = 'PatternError'
}

/** @param lazy prefers fewer: it makes no difference to whether a text fits, only to what of it is found */
function repeat(atom: string, min: number, max: number | undefined, lazy: string): string {
  if (atom.length * Math.max(min, max ?? 0, 1) > MAX_EXPANDED) throw new PatternError('invalid repeat count')
  if (max === undefined) return atom.repeat(min) + `${atom}*${lazy}`
  return atom.repeat(min) + `(?:${atom}`.repeat(max - min) + `)?${lazy}`.repeat(max - min)
}

/** An atom of the pattern: how long it is there, and how the engine has to be told it. */
interface Atom {
  readonly length: number
  readonly text: string
}

/** The longest name of a class and the longest code are shorter. */
const LOOK_AHEAD = 20

function told({ length, text }: Member): Atom {
  if (text === undefined) throw new PatternError('invalid or unsupported character class')
  return { length, text }
}

/** Where an escape ends. @throws PatternError where it means something else, or nothing, in one of the two languages */
function escapeEnd(text: string, start: number): number {
  const letter = text[start + 1] ?? ''
  if (letter === '' || (/[a-zA-Z1-9]/.test(letter) && !/[bBdDwWzAfnrtvx]/.test(letter)))
    throw new PatternError('invalid or unsupported escape sequence')
  if (letter !== 'x') return start + 2
  if (!/^[0-9A-Fa-f]{2}/.test(text.slice(start + 2, start + 4)))
    throw new PatternError('invalid or unsupported escape sequence')
  return start + 4
}

function classAt(text: string, start: number): Atom {
  let at = start + (text[start + 1] === '^' ? 2 : 1)
  // The first bracket is a member for RE2 and an empty class for JavaScript: neither reading is safe.
  if (text[at] === ']') throw new PatternError('an unescaped ] at the start of a class')
  let written = text.slice(start, at)
  while (at < text.length && text[at] !== ']') {
    const ahead = text.slice(at, at + LOOK_AHEAD)
    const special = namedClass(ahead) ?? specialMember(ahead)
    const end = text[at] === '\\' && !special ? escapeEnd(text, at) : at + 1
    const member = special ? told(special) : { length: end - at, text: text.slice(at, end) }
    written += member.text
    at += member.length
  }
  if (at >= text.length) throw new PatternError('missing closing ]')
  return { length: at + 1 - start, text: `${written}]` }
}

function atomAt(text: string, start: number): Atom {
  if (text[start] === '[') return classAt(text, start)
  if (text[start] !== '\\') return { length: 1, text: text[start] ?? '' }
  if (text.startsWith('\\S', start)) return { length: 2, text: `[^${SPACE}]` }
  const special = specialMember(text.slice(start, start + LOOK_AHEAD))
  if (special) return { length: special.length, text: `[${told(special).text}]` }
  const atom = text.slice(start, escapeEnd(text, start))
  return { length: atom.length, text: atom }
}

/** What `(?i)`, `(?m)` and `(?s)` ask for, up to the end of the group that they stand in. */
interface Flags {
  readonly anyCase: boolean
  readonly dotAll: boolean
  readonly lines: boolean
}

const NO_FLAGS: Flags = { anyCase: false, dotAll: false, lines: false }

/** `(?i)`, `(?s-i)`, `(?i:`; `(?U)` cannot be written out. */
const FLAGS = /^\(\?(?=[-ims])([ims]*)(?:-([ims]+))?([:)])/

const withFlags = (flags: Flags, on = '', off = ''): Flags => ({
  anyCase: (flags.anyCase || on.includes('i')) && !off.includes('i'),
  dotAll: (flags.dotAll || on.includes('s')) && !off.includes('s'),
  lines: (flags.lines || on.includes('m')) && !off.includes('m'),
})

/** Letters that RE2 folds with an ASCII letter, beside its other case. */
const FOLDED: Readonly<Record<string, string>> = { k: '\u212a', s: '\u017f' }

function otherCases(letter: string): string {
  const lower = letter.toLowerCase()
  const all = `${lower}${letter.toUpperCase()}${FOLDED[lower] ?? ''}`
  return [...new Set(all)].filter(other => other !== letter && other.length === letter.length).join('')
}

/** The ASCII letters of a range in their other case, as ranges. */
function otherRanges(from: string, to: string): string {
  const shared = (first: string, last: string) => [from > first ? from : first, to < last ? to : last] as const
  const [a, z] = shared('a', 'z')
  const [A, Z] = shared('A', 'Z')
  const upper = a <= z ? `${a.toUpperCase()}-${z.toUpperCase()}` : ''
  const lower = A <= Z ? `${A.toLowerCase()}-${Z.toLowerCase()}` : ''
  const folded = Object.entries(FOLDED).filter(([letter]) => (a <= letter && letter <= z) || (A <= letter.toUpperCase() && letter.toUpperCase() <= Z)) // prettier-ignore
  return upper + lower + folded.map(([, other]) => other).join('')
}

/** A class or control escape; the ends of a range; one member. */
const MEMBERS = /\\[A-Za-z]|(\\[^A-Za-z]|[^\\])-(\\[^A-Za-z]|[^\\])|\\?([^])/g

/** An atom as it reads where the case of letters makes no difference. */
function inAnyCase(atom: string): string {
  if (/\\[xu]/.test(atom)) throw new PatternError('a coded character under (?i) is not supported')
  if (!atom.startsWith('[')) {
    const others = otherCases(atom)
    return atom.length === 1 && others ? `[${atom}${others}]` : atom
  }
  const members = atom.slice(atom[1] === '^' ? 2 : 1, -1)
  let more = ''
  for (const [, from, to, one] of members.matchAll(MEMBERS)) {
    if (from !== undefined && to !== undefined) more += otherRanges(from.slice(-1), to.slice(-1))
    else if (one !== undefined) more += otherCases(one)
  }
  // In front, so that a hyphen at the end stays one; one at the start must be kept from making a range.
  return `${atom.slice(0, atom.length - members.length - 1)}${more}${members.replace(/^-/, '\\-')}]`
}

function written(atom: string, { anyCase, dotAll }: Flags): string {
  if (atom === '\\A') return '^'
  if (atom === '\\z') return '$'
  if (atom === '.') return dotAll ? '[^]' : '[^\\n]'
  return anyCase ? inAnyCase(atom) : atom
}

/** Anchors of lines are a matter of the whole expression for the engine. */
class Anchors {
  readonly #seen = new Set<boolean>()
  note(atom: string, lines: boolean): void {
    if (atom === '^' || atom === '$') this.#seen.add(lines)
    else if (atom === '\\A' || atom === '\\z') this.#seen.add(false)
  }
  get lines(): boolean {
    if (this.#seen.size > 1) throw new PatternError('(?m) for some of the anchors is not supported')
    return this.#seen.has(true)
  }
}

function expand(pattern: string): { readonly text: string; readonly lines: boolean } {
  const levels: string[][] = [[]]
  const flags: Flags[] = [NO_FLAGS]
  const now = () => flags[flags.length - 1] ?? NO_FLAGS
  const top = () => levels[levels.length - 1] ?? []
  const anchors = new Anchors()
  let size = 0
  for (let at = 0; at < pattern.length;) {
    const counted = /^\{(\d+)(?:(,)(\d*))?\}(\??)([*+?]?)/.exec(pattern.slice(at, at + 24))
    if (counted) {
      const min = Number(counted[1])
      const max = counted[2] === undefined ? min : counted[3] ? Number(counted[3]) : undefined
      const atom = top().pop()
      if (counted[5]) throw new PatternError('invalid nested repetition operator')
      if (atom === undefined || min > 1000 || (max !== undefined && (max > 1000 || max < min)))
        throw new PatternError('invalid repeat count')
      const text = repeat(atom, min, max, counted[4] ?? '')
      top().push(`(?:${text})`)
      size += text.length
      at += counted[0].length
    } else if (pattern[at] === '(') {
      const flagged = FLAGS.exec(pattern.slice(at, at + 12))
      if (flagged) {
        const [{ length }, on, off, end] = flagged
        const next = withFlags(now(), on, off)
        if (end === ':') levels.push(['(?:'])
        if (end === ':') flags.push(next)
        else flags[flags.length - 1] = next
        at += length
        continue
      }
      const named = /^\(\?P?<[A-Za-z]\w*>/.exec(pattern.slice(at, at + 80))
      if (!named && pattern[at + 1] === '?' && pattern[at + 2] !== ':')
        throw new PatternError('invalid or unsupported Perl syntax')
      levels.push(['(?:'])
      flags.push(now())
      at += named ? named[0].length : pattern.startsWith('(?:', at) ? 3 : 1
    } else if (pattern[at] === ')') {
      if (levels.length < 2) throw new PatternError('unexpected )')
      const group = `${(levels.pop() ?? []).join('')})`
      flags.pop()
      top().push(group)
      at++
    } else {
      const { length, text } = atomAt(pattern, at)
      anchors.note(text, now().lines)
      const atom = written(text, now())
      top().push(atom)
      size += atom.length
      at += length
    }
    if (size > MAX_EXPANDED * 4) throw new PatternError('expression is too large')
  }
  if (levels.length > 1) throw new PatternError('missing closing )')
  const text = top().join('')
  if (text.length > MAX_EXPANDED * 4) throw new PatternError('expression is too large')
  return { text, lines: anchors.lines }
}

/** @throws PatternError for what the linear-time engine does not take */
export type CompilePattern = (pattern: string) => RegExp

/** @param enable switches the engine on, which only the process can; called once, before the first pattern */
export function patternCompiler(enable: () => void): CompilePattern {
  const compiled = new Map<string, RegExp>()
  let isEnabled = false
  return pattern => {
    const known = compiled.get(pattern)
    if (known) return known
    if (!isEnabled) enable()
    isEnabled = true
    try {
      const { text, lines } = expand(pattern)
      const regex = new RegExp(text, lines ? 'lm' : 'l')
      if (compiled.size > MAX_KEPT) compiled.clear()
      compiled.set(pattern, regex)
      return regex
    } catch (error) {
      if (error instanceof PatternError) throw error
      throw new PatternError(error instanceof Error ? error.message : String(error))
    }
  }
}
