// Encoded objects, shared by every reader, within a budget of bytes: the least recently used go first.
import type { Stored } from './contract.ts'

/** What a stored text begins with, as a rule. Objects that begin otherwise are encoded when they are asked for. */
const HEAD = /^\{"kind":"[^"\\]*","apiVersion":"[^"\\]*","metadata":\{/

/** What is kept of a budget that is used up. */
const ROOM_LEFT = 0.75

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
    return this.#keep(stored, Buffer.from(JSON.stringify(stored.object)))
  }

  /** Takes the text that was stored over, so that nothing needs encoding again; its revision is put in. */
  take(stored: Stored, text: string): void {
    const head = HEAD.exec(text)?.[0]
    if (head === undefined) return
    const comma = text.charAt(head.length) === '}' ? '' : ','
    const version = `"resourceVersion":"${stored.revision}"${comma}`
    this.#keep(stored, Buffer.from(head + version + text.slice(head.length)))
  }

  forget(stored: Stored): void {
    const text = this.#texts.get(stored)
    if (!text) return
    this.#texts.delete(stored)
    this.#bytes -= text.length
  }

  #keep(stored: Stored, text: Buffer): Buffer {
    this.#texts.set(stored, text)
    this.#bytes += text.length
    if (this.#bytes > this.#maxBytes) this.#makeRoom(stored)
    return text
  }

  /** Much at once: a Map steps over the places of what was deleted before it finds its oldest. */
  #makeRoom(kept: Stored): void {
    for (const [oldest, { length }] of this.#texts) {
      if (this.#bytes <= this.#maxBytes * ROOM_LEFT || oldest === kept) return
      this.#texts.delete(oldest)
      this.#bytes -= length
    }
  }
}
