// How an evaluation stops within a loop and goes on later: it begins anew, and what has taken long is not done again.
// Expressions change nothing, so what they do a second time comes out the same. What is kept of loops and expensive
// calls is found by the order in which they are reached.
import type { Pacer, Pieces } from '../pieces/pacer.ts'
import { CelError } from './errors.ts'
import type { Value } from './values.ts'

/** Thrown by whoever lets others have their turn; nothing inside an expression can catch it. */
export class Paused extends Error {
  override readonly name = 'Paused'
}
export const PAUSED = new Paused()

/** What is evaluated: its cost is part of what is kept. */
export interface Paying {
  cost: number
  /** Variables of comprehensions; an accumulator may hold an error until something needs its value. */
  readonly slots: (Value | CelError)[]
}

export type Entry = readonly [Value, Value]

interface Loop {
  readonly entries: Iterator<Entry>
  /** The one that it was at. */
  entry: Entry | undefined
  /** What it had by then, and what that had cost. */
  accumulated: Value | CelError
  cost: number
  isOver: boolean
}

/** A loop or a call: what it came to, or how far it has got. */
interface Part {
  readonly inner: Level
  loop?: Loop
  pieces?: Pieces<Value>
  finished?: { readonly value?: Value; readonly error?: CelError; readonly cost: number }
}

interface Level {
  parts: Part[]
  next: number
}

const level = (): Level => ({ parts: [], next: 0 })

/** What a comprehension does. */
interface Comprehending {
  /** Slot of the accumulator. */
  readonly accu: number
  begin(): Iterator<Entry>
  /** @returns false to end the loop */
  each(entry: Entry): boolean
  end(): Value
}

export class Turns {
  readonly #pacer: Pick<Pacer, 'due' | 'pause'>
  readonly #whole = level()
  #level = this.#whole
  /** Nobody pauses before getting further than the last time. */
  #hasMoved = false

  constructor(pacer: Pick<Pacer, 'due' | 'pause'>) {
    this.#pacer = pacer
  }

  /** Before each time that the expression is evaluated. */
  async pause(): Promise<void> {
    await this.#pacer.pause()
    this.#level = this.#whole
    this.#whole.next = 0
    this.#hasMoved = false
  }

  /** Does what takes long once. */
  once(run: Paying, work: () => Value): Value {
    return this.#part(run, work)
  }

  /** The same of what can be stopped in between. */
  inPieces(run: Paying, work: () => Pieces<Value>): Value {
    return this.#part(run, part => {
      const pieces = (part.pieces ??= work())
      for (;;) {
        this.#move()
        const { done, value } = pieces.next()
        if (done) return value
      }
    })
  }

  loop(run: Paying, { accu, begin, each, end }: Comprehending): Value {
    return this.#part(run, part => {
      const { inner } = part
      if (!part.loop) {
        const entries = begin()
        const accumulated = run.slots[accu] as Value
        part.loop = { entries, entry: undefined, accumulated, cost: run.cost, isOver: false }
        inner.parts = []
      }
      const { loop } = part
      run.slots[accu] = loop.accumulated
      run.cost = loop.cost
      while (!loop.isOver) {
        inner.next = 0
        loop.isOver = !this.#advance(loop) || !each(loop.entry as Entry)
        loop.entry = undefined
        loop.accumulated = run.slots[accu] as Value
        loop.cost = run.cost
        inner.parts = []
      }
      inner.next = 0
      return end()
    })
  }

  /** @returns whether the loop has another entry */
  #advance(loop: Loop): boolean {
    if (loop.entry) return true
    this.#move()
    const { done, value } = loop.entries.next()
    if (done) return false
    loop.entry = value
    return true
  }

  #move(): void {
    if (this.#hasMoved && this.#pacer.due) throw PAUSED
    this.#hasMoved = true
  }

  #part(run: Paying, work: (part: Part) => Value): Value {
    const outer = this.#level
    const part = (outer.parts[outer.next++] ??= { inner: level() })
    if (part.finished) {
      const { cost, error, value } = part.finished
      run.cost = cost
      if (error) throw error
      return value as Value
    }
    this.#level = part.inner
    part.inner.next = 0
    try {
      const value = work(part)
      part.finished = { value, cost: run.cost }
      return value
    } catch (error) {
      if (error instanceof CelError) part.finished = { error, cost: run.cost }
      throw error
    } finally {
      this.#level = outer
    }
  }
}
