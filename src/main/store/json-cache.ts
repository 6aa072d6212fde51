// Encoded objects, shared by every reader, within a budget of bytes: the least recently used go first.
import type { Stored } from './contract.ts'

export class JsonCache {
  readonly #maxBytes: number
  readonly #texts = new Map<Stored, Buffer>()
  #bytes = 0

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
  }

  get(stored: Stored): Buffer {
    const known = this.#texts.get(stored)
    if (known) {
      // A Map iterates in order of insertion: putting it back makes it the newest.
      this.#texts.delete(stored)
      this.#texts.set(stored, known)
      return known
    }
    const text = Buffer.from(JSON.stringify(stored.object))
    this.#texts.set(stored, text)
    this.#bytes += text.length
    for (const [oldest, { length }] of this.#texts) {
      if (this.#bytes <= this.#maxBytes || oldest === stored) break
      this.#texts.delete(oldest)
      this.#bytes -= length
    }
    return text
  }

  forget(stored: Stored): void {
    const text = this.#texts.get(stored)
    if (!text) return
    this.#texts.delete(stored)
    this.#bytes -= text.length
  }
}
