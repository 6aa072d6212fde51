// Where a pattern fits first in a text, and up to where: of several ways the one that Perl would prefer.
import type { Program } from './program.ts'
import { type Around, type Budget, Closure, type Searching } from './threads.ts'

export interface Found {
  readonly from: number
  readonly to: number
}

interface Thread {
  readonly at: number
  /** Where in the text it set out. */
  readonly from: number
}

/** All threads step together, so that time grows with the text and the program, never with their ways. */
export class Finder {
  readonly #program: Program
  readonly #closure: Closure

  constructor(program: Program) {
    this.#program = program
    this.#closure = new Closure(program)
  }

  /** @param offset where what fits may begin */
  *in(text: string, offset: number, budget: Budget): Searching<Found | undefined> {
    const { alphabet, start } = this.#program
    const kindAt = (at: number) => (at < text.length ? alphabet.kindOf(text.codePointAt(at) ?? 0) : undefined)
    let found: Found | undefined
    let threads: Thread[] = []
    let before = offset === 0 ? undefined : alphabet.kindOf(codePointBefore(text, offset))
    for (let at = offset; at <= text.length; at += widthAt(text, at)) {
      if (budget.pauses()) yield
      if (!found) threads.push({ at: start, from: at })
      const after = kindAt(at)
      const { next, matched } = this.#step(threads, { before, after }, budget)
      if (matched) found = { from: matched.from, to: at }
      if (found && next.length === 0) break
      threads = next
      before = after
    }
    return found
  }

  /** @returns the threads behind the next character, and the one that is through: those that it is preferred to end */
  #step(threads: readonly Thread[], around: Around, budget: Budget): { next: Thread[]; matched?: Thread } {
    const { alphabet, instructions } = this.#program
    const next: Thread[] = []
    this.#closure.begin()
    for (const thread of threads)
      for (const reached of this.#closure.from(thread.at, around, budget)) {
        const instruction = instructions[reached]
        if (instruction?.does === 'match') return { next, matched: thread }
        if (
          instruction?.does === 'read' &&
          around.after !== undefined &&
          alphabet.belongs(around.after, instruction.set)
        )
          next.push({ at: instruction.next, from: thread.from })
      }
    return { next }
  }
}

/** UTF-16 units of the character there. */
export const widthAt = (text: string, at: number): number => ((text.codePointAt(at) ?? 0) > 0xffff ? 2 : 1)

function codePointBefore(text: string, at: number): number {
  const low = text.charCodeAt(at - 1)
  return low >= 0xdc00 && low <= 0xdfff && at > 1 ? (text.codePointAt(at - 2) ?? low) : low
}
