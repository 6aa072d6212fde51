// Those who are there for a while, in the order in which they came; each is taken out in constant time.
//
// For what comes and goes with every request, instead of a Set: that replaces its table again and again, and a table
// that has become old by then keeps alive whoever was in it, and the tables after it, until the next full collection of
// garbage. A third of what requests are made of stayed in memory that way.

/** Where somebody stands; for `delete`. */
export interface Place<T> {
  /** Undefined for one that is left. */
  readonly member: T
  readonly isLeft: boolean
}

class Link<T> implements Place<T> {
  member: T
  before: Link<T> | undefined
  after: Link<T> | undefined
  isLeft = false

  constructor(member: T, before: Link<T> | undefined) {
    this.member = member
    this.before = before
    if (before) before.after = this
  }
}

export class PassingThrough<T> implements Iterable<T> {
  #first: Link<T> | undefined
  #last: Link<T> | undefined
  #size = 0

  get size(): number {
    return this.#size
  }

  get first(): Place<T> | undefined {
    return this.#first
  }

  get last(): Place<T> | undefined {
    return this.#last
  }

  add(member: T): Place<T> {
    const link = new Link(member, this.#last)
    this.#first ??= link
    this.#last = link
    this.#size++
    return link
  }

  /** @param place that `add` gave; one that is left already stays so */
  delete(place: Place<T>): void {
    const link = place as Link<T>
    if (link.isLeft) return
    const { before, after } = link
    if (before) before.after = after
    else this.#first = after
    if (after) after.before = before
    else this.#last = before
    // Whoever still holds the place keeps nothing else alive by it.
    link.before = link.after = undefined
    link.member = undefined as T
    link.isLeft = true
    this.#size--
  }

  /** Of those who are there now: they may go meanwhile. */
  [Symbol.iterator](): IterableIterator<T> {
    const members: T[] = []
    for (let link = this.#first; link; link = link.after) members.push(link.member)
    return members.values()
  }
}
