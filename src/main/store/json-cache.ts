// Objects as JSON text, shared by every reader.
import { encodeJson } from '../../shared/machinery/json-text.ts'
import { ByteCache } from './byte-cache.ts'
import type { Stored } from './contract.ts'

/** What a stored text begins with, as a rule. Objects that begin otherwise are encoded when they are asked for. */
const HEAD = /^\{(?:"(?:kind|apiVersion)":"[^"\\]*",){2}"metadata":\{/

const versionIn = ({ revision }: Stored) => `"resourceVersion":"${revision}"`

export class JsonCache {
  readonly #texts: ByteCache<Stored>

  constructor(maxBytes: number) {
    this.#texts = new ByteCache(maxBytes)
  }

  get(stored: Stored): Buffer {
    return this.#texts.get(stored) ?? this.#texts.keep(stored, Buffer.from(encodeJson(stored.object)))
  }

  /** Takes the text that was stored over, so that nothing needs encoding again; its revision is put in. */
  take(stored: Stored, text: string): void {
    const head = HEAD.exec(text)?.[0]
    if (head === undefined) return
    const version = `${versionIn(stored)}${text.charAt(head.length) === '}' ? '' : ','}`
    const bytes = Buffer.allocUnsafe(Buffer.byteLength(text) + version.length)
    // Part by part: put together as a text first, it would be copied once more.
    const start = bytes.write(head)
    bytes.write(text.slice(head.length), start + bytes.write(version, start))
    this.#texts.keep(stored, bytes)
  }

  /** @returns what was taken, as it was */
  textOf(stored: Stored): string | undefined {
    const text = this.#texts.get(stored)?.toString()
    const head = text === undefined ? undefined : HEAD.exec(text)?.[0]
    if (text === undefined || head === undefined) return undefined
    const version = versionIn(stored)
    if (!text.startsWith(version, head.length)) return undefined
    const rest = head.length + version.length
    return head + text.slice(text.charAt(rest) === ',' ? rest + 1 : rest)
  }

  forget(stored: Stored): void {
    this.#texts.forget(stored)
  }
}
