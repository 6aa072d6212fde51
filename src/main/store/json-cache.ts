// Objects as JSON text, shared by every reader.
import { encodeJson } from '../../shared/machinery/json-text.ts'
import { ByteCache } from './byte-cache.ts'
import type { Stored } from './contract.ts'

/** What a stored text begins with, as a rule. Objects that begin otherwise are encoded when they are asked for. */
const HEAD = /^\{(?:"(?:kind|apiVersion)":"[^"\\]*",){2}"metadata":\{/

/** Names of kinds and versions are shorter. */
const MOST_HEAD_BYTES = 512
const COMMA = 0x2c

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

  /** @returns a function that makes what was taken as it was, whether it is forgotten by then or not */
  textOf(stored: Stored): (() => string) | undefined {
    const bytes = this.#texts.get(stored)
    const start = bytes && HEAD.exec(bytes.toString('latin1', 0, MOST_HEAD_BYTES))?.[0].length
    const version = versionIn(stored)
    if (!bytes || start === undefined || bytes.toString('latin1', start, start + version.length) !== version)
      return undefined
    return () => {
      const rest = start + version.length
      return bytes.toString('utf8', 0, start) + bytes.toString('utf8', bytes[rest] === COMMA ? rest + 1 : rest)
    }
  }

  forget(stored: Stored): void {
    this.#texts.forget(stored)
  }
}
