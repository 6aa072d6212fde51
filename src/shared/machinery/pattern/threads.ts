// Where an automaton may be between two characters: instructions in order of preference.
import type { Program } from './program.ts'
import { PatternError, type Place } from './syntax.ts'

/** Kinds of the characters around a place; undefined at the ends of the text. */
export interface Around {
  readonly before: number | undefined
  readonly after: number | undefined
}

function holds(place: Place, { before, after }: Around, { alphabet }: Program): boolean {
  const isWord = (kind: number | undefined) => kind !== undefined && alphabet.isWord(kind)
  switch (place) {
    case 'textStart':
      return before === undefined
    case 'textEnd':
      return after === undefined
    case 'lineStart':
      return before === undefined || alphabet.isNewline(before)
    case 'lineEnd':
      return after === undefined || alphabet.isNewline(after)
    case 'wordEdge':
      return isWord(before) !== isWord(after)
    case 'noWordEdge':
      return isWord(before) === isWord(after)
  }
}

/** Steps, and characters that are only looked at, between two pauses: a millisecond or two. */
const STEPS_AT_ONCE = 20_000
export const CHARACTERS_AT_ONCE = 1 << 16

/** A program too slow on a text is stopped by what it has done, which is the same on every machine. */
export class Budget {
  #left: number
  #untilPause = STEPS_AT_ONCE
  constructor(steps: number) {
    this.#left = steps
  }
  spend(steps: number): void {
    this.#left -= steps
    this.#untilPause -= steps
    if (this.#left < 0) throw new PatternError('the search takes too many steps')
  }
  /** @returns whether so much was done since the last time that others may get their turn */
  pauses(): boolean {
    if (this.#untilPause > 0) return false
    this.#untilPause = STEPS_AT_ONCE
    return true
  }
}

/** A search that lets others have their turn. */
export type Searching<T> = Generator<void, T, void>

/** Follows forks and assertions; an instruction comes once, by its most preferred way. */
export class Closure {
  readonly #program: Program
  /** By instruction, the number of the last closure that it was part of. */
  readonly #seen: Uint32Array
  #count = 0

  constructor(program: Program) {
    this.#program = program
    this.#seen = new Uint32Array(program.instructions.length)
  }

  begin(): void {
    this.#count++
  }

  /** @returns instructions that read or match, in order, which were not reached since `begin()` */
  from(start: number, around: Around, budget: Budget): number[] {
    const reached: number[] = []
    const stack = [start]
    for (let at = stack.pop(); at !== undefined; at = stack.pop()) {
      if (this.#seen[at] === this.#count) continue
      this.#seen[at] = this.#count
      budget.spend(1)
      const instruction = this.#program.instructions[at]
      if (instruction?.does === 'fork') stack.push(instruction.other, instruction.next)
      else if (instruction?.does !== 'assert') reached.push(at)
      else if (holds(instruction.place, around, this.#program)) stack.push(instruction.next)
    }
    return reached
  }
}
