// A syntax tree as instructions of an automaton, and the characters sorted into kinds that it cannot tell apart.
import { type CodePoints, includes, MAX_CODE_POINT, NEWLINE, WORD } from './code-points.ts'
import { type Node, PatternError, type Place } from './syntax.ts'

export type Instruction =
  /** A character of the set, then `next`. */
  | { readonly does: 'read'; readonly set: number; next: number }
  /** Where the place is so, `next`. */
  | { readonly does: 'assert'; readonly place: Place; next: number }
  /** `next`, or else `other`. */
  | { readonly does: 'fork'; next: number; other: number }
  | { readonly does: 'match' }

const MAX_INSTRUCTIONS = 20_000

export interface Program {
  readonly instructions: readonly Instruction[]
  readonly start: number
  readonly alphabet: Alphabet
}

/** Characters by kind: two of a kind are in the same sets. */
export class Alphabet {
  /** Where the ranges begin that are each of one kind. */
  readonly #starts: readonly number[]
  readonly #kinds: readonly number[]
  readonly #ascii: Uint16Array
  /** By set, whether a kind belongs to it. */
  readonly #members: readonly Uint8Array[]
  readonly #word: Uint8Array
  readonly #newline: Uint8Array
  readonly size: number

  constructor(sets: readonly CodePoints[]) {
    const all = [...sets, WORD, NEWLINE]
    const starts = new Set([0])
    for (const set of all)
      for (let i = 0; i < set.length; i += 2) {
        starts.add(set[i] ?? 0)
        if ((set[i + 1] ?? 0) < MAX_CODE_POINT) starts.add((set[i + 1] ?? 0) + 1)
      }
    this.#starts = [...starts].sort((a, b) => a - b)
    const known = new Map<string, number>()
    const memberships: Uint8Array[] = []
    this.#kinds = this.#starts.map(start => {
      const membership = Uint8Array.from(all, set => (includes(set, start) ? 1 : 0))
      const key = membership.join('')
      const kind = known.get(key) ?? memberships.push(membership) - 1
      known.set(key, kind)
      return kind
    })
    this.size = memberships.length
    const column = (at: number) => Uint8Array.from(memberships, membership => membership[at] ?? 0)
    this.#members = sets.map((_, at) => column(at))
    this.#word = column(sets.length)
    this.#newline = column(sets.length + 1)
    this.#ascii = Uint16Array.from({ length: 128 }, (_, codePoint) => this.#search(codePoint))
  }

  #search(codePoint: number): number {
    let low = 0
    let high = this.#starts.length - 1
    while (low < high) {
      const middle = (low + high + 1) >> 1
      if ((this.#starts[middle] ?? 0) <= codePoint) low = middle
      else high = middle - 1
    }
    return this.#kinds[low] ?? 0
  }

  kindOf = (codePoint: number): number => (codePoint < 128 ? (this.#ascii[codePoint] ?? 0) : this.#search(codePoint))
  belongs = (kind: number, set: number): boolean => this.#members[set]?.[kind] === 1
  isWord = (kind: number): boolean => this.#word[kind] === 1
  isNewline = (kind: number): boolean => this.#newline[kind] === 1
}

/** What a node needs behind it is known first, so the program is written from its end. */
class Writer {
  readonly instructions: Instruction[] = [{ does: 'match' }]
  readonly sets: CodePoints[] = []
  readonly #setNumbers = new Map<string, number>()

  #add(instruction: Instruction): number {
    if (this.instructions.length >= MAX_INSTRUCTIONS)
      throw new PatternError('error parsing regexp: expression too large')
    return this.instructions.push(instruction) - 1
  }

  #setNumber(set: CodePoints): number {
    const key = set.join()
    const known = this.#setNumbers.get(key) ?? this.sets.push(set) - 1
    this.#setNumbers.set(key, known)
    return known
  }

  /** @returns where the node begins, if it goes on at `next` */
  write(node: Node, next: number): number {
    switch (node.is) {
      case 'set':
        return this.#add({ does: 'read', set: this.#setNumber(node.set), next })
      case 'place':
        return this.#add({ does: 'assert', place: node.place, next })
      case 'sequence':
        return node.parts.reduceRight((after, part) => this.write(part, after), next)
      case 'either': {
        const [last, ...others] = [...node.parts].reverse()
        return others.reduce(
          (other, part) => this.#add({ does: 'fork', next: this.write(part, next), other }),
          last ? this.write(last, next) : next,
        )
      }
      case 'repeat':
        return this.#repeat(node, next)
    }
  }

  #fork(more: number, enough: number, lazy: boolean): number {
    return this.#add({ does: 'fork', next: lazy ? enough : more, other: lazy ? more : enough })
  }

  #repeat({ of, min, max, lazy }: Node & { is: 'repeat' }, next: number): number {
    let start = next
    if (max === undefined) start = min === 0 ? this.#any(of, next, lazy) : this.#some(of, next, lazy)
    else for (let count = max; count > min; count--) start = this.#fork(this.write(of, start), next, lazy)
    for (let count = max === undefined ? Math.max(min - 1, 0) : min; count > 0; count--) start = this.write(of, start)
    return start
  }

  /** What may be empty is tried once before it is left out, as in `(|a)*`. */
  #any(of: Node, next: number, lazy: boolean): number {
    return this.#fork(this.#some(of, next, lazy), next, lazy)
  }

  #some(of: Node, next: number, lazy: boolean): number {
    const fork = this.#fork(0, next, lazy)
    const start = this.write(of, fork)
    this.instructions[fork] = { does: 'fork', next: lazy ? next : start, other: lazy ? start : next }
    return start
  }
}

/** @throws PatternError for one that would be too large */
export function compileProgram(tree: Node): Program {
  const writer = new Writer()
  const start = writer.write(tree, 0)
  return { instructions: writer.instructions, start, alphabet: new Alphabet(writer.sets) }
}
