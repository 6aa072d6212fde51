// What objects were encoded to, within a budget of bytes. Two generations: what is asked for moves to the young one, and
// when that is full, the old one goes and the young one becomes old.
export class ByteCache<Key extends object> {
  readonly #generationBytes: number
  #young = new Map<Key, Buffer>()
  #old = new Map<Key, Buffer>()
  #youngBytes = 0

  constructor(maxBytes: number) {
    this.#generationBytes = maxBytes / 2
  }

  get(key: Key): Buffer | undefined {
    const young = this.#young.get(key)
    if (young) return young
    const old = this.#old.get(key)
    return old && this.keep(key, old)
  }

  /** @returns what is kept */
  keep(key: Key, bytes: Buffer): Buffer {
    this.#old.delete(key)
    if (this.#youngBytes + bytes.length > this.#generationBytes) {
      this.#old = this.#young
      this.#young = new Map()
      this.#youngBytes = 0
    }
    this.#young.set(key, bytes)
    this.#youngBytes += bytes.length
    return bytes
  }

  forget(key: Key): void {
    this.#old.delete(key)
    const bytes = this.#young.get(key)
    if (!bytes) return
    this.#young.delete(key)
    this.#youngBytes -= bytes.length
  }
}
