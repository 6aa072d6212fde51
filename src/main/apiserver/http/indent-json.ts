// JSON for people: indented while it is sent, without being parsed, so that a long answer holds nobody.

const QUOTE = 0x22
const BACKSLASH = 0x5c
const OPENING = new Set([0x7b, 0x5b])
const CLOSING = new Set([0x7d, 0x5d])
const COMMA = 0x2c
const COLON = 0x3a
const SPACES = new Set([0x20, 0x09, 0x0a, 0x0d])

/** Takes a JSON text in pieces that may end anywhere; gives it as Go's `json.Indent` with two spaces does. */
export class JsonIndenter {
  #depth = 0
  #inString = false
  #escaped = false
  /** A bracket has been opened, and what follows tells whether it is empty. */
  #opened = false

  push(piece: Buffer): Buffer {
    const written: Buffer[] = []
    let kept = 0
    const put = (at: number, text: string) => {
      written.push(piece.subarray(kept, at), Buffer.from(text))
      kept = at
    }
    for (const [at, byte] of piece.entries()) {
      if (this.#inString) {
        this.#string(byte)
        continue
      }
      if (SPACES.has(byte)) {
        if (this.#depth > 0) put(at, '')
        if (this.#depth > 0) kept = at + 1
        continue
      }
      const closes = CLOSING.has(byte)
      if (closes) this.#depth--
      if (this.#opened !== closes) put(at, this.#newLine())
      this.#opened = OPENING.has(byte)
      if (this.#opened) this.#depth++
      this.#inString = byte === QUOTE
      if (byte === COMMA) put(at + 1, this.#newLine())
      if (byte === COLON) put(at + 1, ' ')
    }
    written.push(piece.subarray(kept))
    return Buffer.concat(written)
  }

  #string(byte: number): void {
    if (this.#escaped) this.#escaped = false
    else if (byte === BACKSLASH) this.#escaped = true
    else if (byte === QUOTE) this.#inString = false
  }

  #newLine = () => `\n${'  '.repeat(this.#depth)}`
}

export async function* indented(slices: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  const indenter = new JsonIndenter()
  for await (const slice of slices) yield indenter.push(slice)
}

const TOOLS = /^(?:curl|Wget)/
const TRUE = new Set(['1', 't', 'T', 'true', 'TRUE', 'True'])

/**
 * Whether a person reads the answer: who asks by `?pretty`, curl, Wget, the address line of a browser. Programs in
 * browsers say that they are browsers as well, and get the short form.
 */
export function isForPeople(
  pretty: string | null | undefined,
  headers: Readonly<Record<string, string | undefined>>,
): boolean {
  if (pretty) return TRUE.has(pretty)
  const agent = headers['user-agent'] ?? ''
  return TOOLS.test(agent) || (agent.startsWith('Mozilla/5.0') && (headers['accept'] ?? '').includes('text/html'))
}
