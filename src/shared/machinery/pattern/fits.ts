// Whether a pattern fits somewhere in a text: an automaton whose states are made when a text first leads to them.
import type { Program } from './program.ts'
import { type Budget, CHARACTERS_AT_ONCE, Closure, type Searching } from './threads.ts'

interface State {
  /** Instructions that may come next, sorted. */
  readonly threads: readonly number[]
  /** Kind of the character before, where the program asks for it; undefined at the start of the text. */
  readonly before: number | undefined
  /** By the kind of the next character. */
  readonly next: (State | undefined)[]
}

/** From here on everything fits. */
const FITS: State = { threads: [], before: undefined, next: [] }

/** Numbers kept in states of one pattern; beyond them the states are forgotten and made anew. */
const MAX_KEPT = 50_000

export class Fits {
  readonly #program: Program
  readonly #closure: Closure
  readonly #asksBefore: boolean
  readonly #onlyAtStart: boolean
  readonly #states = new Map<string, State>()
  readonly #initial: State
  #kept = 0

  constructor(program: Program) {
    this.#program = program
    this.#closure = new Closure(program)
    this.#asksBefore = program.instructions.some(({ does }) => does === 'assert')
    const first = program.instructions[program.start]
    this.#onlyAtStart = first?.does === 'assert' && first.place === 'textStart'
    this.#initial = this.#state([program.start], undefined)
  }

  *in(text: string, budget: Budget): Searching<boolean> {
    const { alphabet } = this.#program
    let state = this.#initial
    let pauseAt = CHARACTERS_AT_ONCE
    for (let at = 0; at < text.length; at++) {
      if (at > pauseAt || budget.pauses()) {
        yield
        pauseAt = at + CHARACTERS_AT_ONCE
      }
      const codePoint = text.codePointAt(at) ?? 0
      if (codePoint > 0xffff) at++
      const kind = alphabet.kindOf(codePoint)
      state = state.next[kind] ?? this.#step(state, kind, budget)
      if (state === FITS) return true
      if (state.threads.length === 0) return false
    }
    return this.#reach(state, undefined, budget) === undefined
  }

  /** @returns instructions that read the character; undefined where the pattern fits before it */
  #reach({ threads, before }: State, after: number | undefined, budget: Budget): number[] | undefined {
    this.#closure.begin()
    const reading: number[] = []
    for (const thread of threads)
      for (const at of this.#closure.from(thread, { before, after }, budget)) {
        if (this.#program.instructions[at]?.does === 'match') return undefined
        reading.push(at)
      }
    return reading
  }

  #step(state: State, kind: number, budget: Budget): State {
    const { alphabet, instructions, start } = this.#program
    const next = new Set<number>()
    const reading = this.#reach(state, kind, budget)
    for (const at of reading ?? []) {
      const instruction = instructions[at]
      if (instruction?.does === 'read' && alphabet.belongs(kind, instruction.set)) next.add(instruction.next)
    }
    if (!this.#onlyAtStart) next.add(start)
    const found = reading
      ? this.#state(
          [...next].sort((a, b) => a - b),
          kind,
        )
      : FITS
    state.next[kind] = found
    return found
  }

  #state(threads: readonly number[], kind: number | undefined): State {
    const before = this.#asksBefore ? kind : undefined
    const key = `${before ?? ''}:${threads.join()}`
    const known = this.#states.get(key)
    if (known) return known
    this.#kept += threads.length + this.#program.alphabet.size
    if (this.#kept > MAX_KEPT) this.#forget()
    const state: State = { threads, before, next: [] }
    this.#states.set(key, state)
    return state
  }

  #forget(): void {
    for (const state of this.#states.values()) state.next.length = 0
    this.#states.clear()
    this.#initial.next.length = 0
    this.#kept = 0
  }
}
