// Splits a byte stream into lines without re-scanning what earlier chunks already brought.

export interface ByteReader {
  read(): Promise<{ readonly done: boolean; readonly value?: Uint8Array | undefined }>
  cancel(reason?: unknown): Promise<void>
}

/** Yields every non-empty line; a last line without its newline is incomplete and is dropped. */
export async function* decodeLines(reader: Pick<ByteReader, 'read'>): AsyncGenerator<string> {
  const decoder = new TextDecoder()
  let parts: string[] = []
  for (;;) {
    const { done, value } = await reader.read()
    if (done) return
    const text = decoder.decode(value, { stream: true })
    let start = 0
    for (let end = text.indexOf('\n'); end !== -1; end = text.indexOf('\n', start)) {
      parts.push(text.slice(start, end))
      const line = parts.join('')
      parts = []
      start = end + 1
      if (line !== '') yield line
    }
    if (start < text.length) parts.push(text.slice(start))
  }
}
