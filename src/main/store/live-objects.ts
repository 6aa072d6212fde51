// What is stored now, by key and in the keys' order: a map beside a sorted list of sorted chunks, so that neither a
// list nor a write touches everything.
import type { Stored } from './contract.ts'

/** Chunks are split beyond this; a splice inside one moves a few KiB at most. */
const MAX_CHUNK = 512

/** The first text after all that start with `prefix`, which ends in `/`. */
export const endOf = (prefix: string): string => `${prefix.slice(0, -1)}0`

interface Position {
  chunk: number
  index: number
}

export class LiveObjects {
  readonly #byKey = new Map<string, Stored>()
  readonly #chunks: Stored[][] = []

  get(key: string): Stored | undefined {
    return this.#byKey.get(key)
  }

  has(key: string): boolean {
    return this.#byKey.has(key)
  }

  /** Adds the object, or puts it in the place of the one with its key. */
  set(stored: Stored): void {
    const { key } = stored
    this.#byKey.set(key, stored)
    const at = this.#chunkFor(key)
    const chunk = this.#chunks[at]
    if (!chunk) {
      this.#chunks.push([stored])
      return
    }
    const index = lowerBound(chunk, key)
    if (chunk[index]?.key === key) chunk[index] = stored
    else chunk.splice(index, 0, stored)
    if (chunk.length > MAX_CHUNK) this.#chunks.splice(at + 1, 0, chunk.splice(chunk.length >> 1))
  }

  delete(key: string): void {
    if (!this.#byKey.delete(key)) return
    const at = this.#chunkFor(key)
    const chunk = this.#chunks[at]
    if (!chunk) return
    chunk.splice(lowerBound(chunk, key), 1)
    if (chunk.length === 0) this.#chunks.splice(at, 1)
  }

  /** Those with keys in [start, end), in order and some at a time. Nothing may be written while the iteration runs. */
  *between(start: string, end: string): Generator<readonly Stored[], undefined> {
    const from = this.#seek(start)
    // Nothing lies there: so it is with most of what is looked for at every write, such as limits of a namespace.
    if ((this.#chunks[from.chunk]?.[from.index]?.key ?? end) >= end) return
    const to = this.#seek(end)
    for (let { chunk } = from; chunk <= to.chunk; chunk++) {
      const objects = this.#chunks[chunk]
      if (!objects) return
      const first = chunk === from.chunk ? from.index : 0
      const last = chunk === to.chunk ? to.index : objects.length
      if (first < last) yield first === 0 && last === objects.length ? objects : objects.slice(first, last)
    }
  }

  /** How many keys lie in [start, end). */
  count(start: string, end: string): number {
    const a = this.#seek(start)
    const b = this.#seek(end)
    let total = b.index - a.index
    for (let chunk = a.chunk; chunk < b.chunk; chunk++) total += this.#chunks[chunk]?.length ?? 0
    return Math.max(0, total)
  }

  #seek(key: string): Position {
    const chunk = this.#chunkFor(key)
    const objects = this.#chunks[chunk]
    if (!objects) return { chunk, index: 0 }
    const index = lowerBound(objects, key)
    return index < objects.length ? { chunk, index } : { chunk: chunk + 1, index: 0 }
  }

  /** The chunk that holds, or would hold, the key: the last one whose first key is ≤ it. */
  #chunkFor(key: string): number {
    let low = 0
    let high = this.#chunks.length
    while (low < high) {
      const middle = (low + high) >> 1
      if ((this.#chunks[middle]?.[0]?.key ?? '') <= key) low = middle + 1
      else high = middle
    }
    return Math.max(0, low - 1)
  }
}

function lowerBound(objects: readonly Stored[], key: string): number {
  let low = 0
  let high = objects.length
  while (low < high) {
    const middle = (low + high) >> 1
    if ((objects[middle] as Stored).key < key) low = middle + 1
    else high = middle
  }
  return low
}
