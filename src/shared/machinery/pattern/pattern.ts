// Patterns that users write: RE2's syntax, matched in time that grows with the text and never explodes.
import { Finder, type Found, widthAt } from './find.ts'
import { Fits } from './fits.ts'
import { compileProgram, type Program } from './program.ts'
import { parsePattern, PatternError } from './syntax.ts'
import { Budget, type Searching } from './threads.ts'

/** A fifth of a second, as measured. */
const MAX_STEPS = 2_000_000
/** Of all patterns that are kept compiled. */
const MAX_INSTRUCTIONS = 400_000

function atOnce<T>(search: Searching<T>): T {
  for (;;) {
    const { done, value } = search.next()
    if (done) return value
  }
}

export class Pattern {
  readonly #program: Program
  readonly #fits: Fits
  readonly #finder: Finder

  /** @throws PatternError in the words of Go's package regexp */
  constructor(text: string) {
    this.#program = compileProgram(parsePattern(text))
    this.#fits = new Fits(this.#program)
    this.#finder = new Finder(this.#program)
  }

  get size(): number {
    return this.#program.instructions.length
  }

  /** @returns whether it fits somewhere @throws PatternError where that takes too many steps */
  test(text: string): boolean {
    return atOnce(this.testInTurns(text))
  }

  testInTurns(text: string): Searching<boolean> {
    return this.#fits.in(text, new Budget(MAX_STEPS))
  }

  /** @returns whether it is known to fit; what takes too many steps is not */
  fits(text: string): boolean {
    return atOnce(this.fitsInTurns(text))
  }

  *fitsInTurns(text: string): Searching<boolean> {
    try {
      return yield* this.testInTurns(text)
    } catch (error) {
      if (error instanceof PatternError) return false
      throw error
    }
  }

  /** @returns what fits, one behind the other @throws PatternError where that takes too many steps */
  *findAllInTurns(text: string, limit = Infinity): Searching<string[]> {
    const budget = new Budget(MAX_STEPS)
    if (!(yield* this.#fits.in(text, budget))) return []
    const all: string[] = []
    let at = 0
    let last: Found | undefined
    while (all.length < limit && at <= text.length) {
      const found = yield* this.#finder.in(text, at, budget)
      if (!found) break
      // As in Go, nothing at the very end of what was found does not count.
      const counts = found.to > found.from || found.from !== last?.to
      if (counts) all.push(text.slice(found.from, found.to))
      last = counts ? found : last
      at = found.to > found.from ? found.to : found.to + widthAt(text, found.to)
    }
    return all
  }
}

const compiled = new Map<string, Pattern>()
let kept = 0

/** @throws PatternError for what is no pattern, or too large a one */
export function compilePattern(text: string): Pattern {
  const known = compiled.get(text)
  if (known) return known
  const pattern = new Pattern(text)
  kept += pattern.size
  if (kept > MAX_INSTRUCTIONS) {
    compiled.clear()
    kept = pattern.size
  }
  compiled.set(text, pattern)
  return pattern
}
