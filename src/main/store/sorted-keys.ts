// Keys in order, for prefix lists: a sorted list of sorted chunks, so that neither a list nor an insert touches all keys.

/** Chunks are split beyond this; a splice inside one moves a few KiB at most. */
const MAX_CHUNK = 512

interface Position {
  chunk: number
  index: number
}

export class SortedKeys {
  #chunks: string[][] = []
  #size = 0

  get size(): number {
    return this.#size
  }

  /** Adds a key that is not in yet. */
  add(key: string): void {
    this.#size++
    const at = this.#chunkFor(key)
    const chunk = this.#chunks[at]
    if (!chunk) {
      this.#chunks.push([key])
      return
    }
    chunk.splice(lowerBound(chunk, key), 0, key)
    if (chunk.length > MAX_CHUNK) this.#chunks.splice(at + 1, 0, chunk.splice(chunk.length >> 1))
  }

  delete(key: string): void {
    const at = this.#chunkFor(key)
    const chunk = this.#chunks[at]
    if (!chunk) return
    const index = lowerBound(chunk, key)
    if (chunk[index] !== key) return
    chunk.splice(index, 1)
    this.#size--
    if (chunk.length === 0) this.#chunks.splice(at, 1)
  }

  /** Keys ≥ `start`, in order. The keys must not change while the iteration runs. */
  *from(start: string): Generator<string, undefined> {
    let { chunk, index } = this.#seek(start)
    for (let keys = this.#chunks[chunk]; keys; keys = this.#chunks[++chunk]) {
      for (; index < keys.length; index++) yield keys[index] as string
      index = 0
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
    const keys = this.#chunks[chunk]
    if (!keys) return { chunk, index: 0 }
    const index = lowerBound(keys, key)
    return index < keys.length ? { chunk, index } : { chunk: chunk + 1, index: 0 }
  }

  /** The chunk that holds, or would hold, the key: the last one whose first key is ≤ it. */
  #chunkFor(key: string): number {
    let low = 0
    let high = this.#chunks.length
    while (low < high) {
      const middle = (low + high) >> 1
      if ((this.#chunks[middle]?.[0] ?? '') <= key) low = middle + 1
      else high = middle
    }
    return Math.max(0, low - 1)
  }
}

function lowerBound(keys: readonly string[], key: string): number {
  let low = 0
  let high = keys.length
  while (low < high) {
    const middle = (low + high) >> 1
    if ((keys[middle] as string) < key) low = middle + 1
    else high = middle
  }
  return low
}
