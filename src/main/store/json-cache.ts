// Encoded objects, shared by every reader, within a budget of bytes. Two generations: what is asked for moves to the
// young one, and when that is full, the old one goes and the young one becomes old.
import type { Stored } from './contract.ts'
import { encodeJson } from '../../shared/machinery/json-text.ts'

/** What a stored text begins with, as a rule. Objects that begin otherwise are encoded when they are asked for. */
const HEAD = /^\{"kind":"[^"\\]*","apiVersion":"[^"\\]*","metadata":\{/

export class JsonCache {
  readonly #generationBytes: number
  #young = new Map<Stored, Buffer>()
  #old = new Map<Stored, Buffer>()
  #youngBytes = 0

  constructor(maxBytes: number) {
    this.#generationBytes = maxBytes / 2
  }

  get(stored: Stored): Buffer {
    return (
      this.#young.get(stored) ?? this.#keep(stored, this.#old.get(stored) ?? Buffer.from(encodeJson(stored.object)))
    )
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
    this.#old.delete(stored)
    const text = this.#young.get(stored)
    if (!text) return
    this.#young.delete(stored)
    this.#youngBytes -= text.length
  }

  #keep(stored: Stored, text: Buffer): Buffer {
    this.#old.delete(stored)
    if (this.#youngBytes + text.length > this.#generationBytes) {
      this.#old = this.#young
      this.#young = new Map()
      this.#youngBytes = 0
    }
    this.#young.set(stored, text)
    this.#youngBytes += text.length
    return text
  }
}
