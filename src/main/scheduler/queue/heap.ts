// A binary heap with a key per item, so that an item can be replaced or taken out of the middle.

export class Heap<T> {
  readonly #items: T[] = []
  readonly #positions = new Map<string, number>()
  readonly #keyOf: (item: T) => string
  readonly #before: (a: T, b: T) => boolean

  /** @param before whether `a` comes out before `b` */
  constructor(keyOf: (item: T) => string, before: (a: T, b: T) => boolean) {
    this.#keyOf = keyOf
    this.#before = before
  }

  get size(): number {
    return this.#items.length
  }
  peek(): T | undefined {
    return this.#items[0]
  }
  get(key: string): T | undefined {
    const position = this.#positions.get(key)
    return position === undefined ? undefined : this.#items[position]
  }
  values(): readonly T[] {
    return this.#items
  }

  /** Adds the item, in place of one with the same key. */
  push(item: T): void {
    const key = this.#keyOf(item)
    const known = this.#positions.get(key)
    const position = known ?? this.#items.length
    this.#put(position, item)
    this.#up(position)
    if (known !== undefined) this.#down(this.#positions.get(key) ?? known)
  }

  pop(): T | undefined {
    const first = this.#items[0]
    return first === undefined ? undefined : this.delete(this.#keyOf(first))
  }

  delete(key: string): T | undefined {
    const position = this.#positions.get(key)
    if (position === undefined) return undefined
    const item = this.#items[position]
    this.#positions.delete(key)
    const last = this.#items.pop()
    if (last !== undefined && position < this.#items.length) {
      this.#put(position, last)
      this.#up(position)
      this.#down(this.#positions.get(this.#keyOf(last)) ?? position)
    }
    return item
  }

  #put(position: number, item: T): void {
    this.#items[position] = item
    this.#positions.set(this.#keyOf(item), position)
  }

  #up(start: number): void {
    let position = start
    while (position > 0) {
      const parent = (position - 1) >> 1
      const [item, above] = [this.#items[position], this.#items[parent]]
      if (item === undefined || above === undefined || !this.#before(item, above)) return
      this.#put(parent, item)
      this.#put(position, above)
      position = parent
    }
  }

  #down(start: number): void {
    let position = start
    for (;;) {
      const item = this.#items[position]
      const left = 2 * position + 1
      if (item === undefined || left >= this.#items.length) return
      const [a, b] = [this.#items[left], this.#items[left + 1]]
      const child = a !== undefined && b !== undefined && this.#before(b, a) ? left + 1 : left
      const below = this.#items[child]
      if (below === undefined || !this.#before(below, item)) return
      this.#put(child, item)
      this.#put(position, below)
      position = child
    }
  }
}
