// Joins encoded list items into chunks without holding the event loop longer than one slice.

const SLICE_MS = 6
const CHUNK_BYTES = 128 * 1024
const COMMA = Buffer.from(',')

const turn = () => new Promise<void>(resolve => setImmediate(resolve))

/**
 * `head`, the items with commas between them, `tail`, as chunks of about 128 KiB.
 * @param encode makes one item's JSON; called once per item, in order
 */
export async function* joinItems<T>(
  head: string,
  items: readonly T[],
  encode: (item: T) => Buffer,
  tail: string,
): AsyncGenerator<Buffer> {
  let parts: Buffer[] = [Buffer.from(head)]
  let bytes = 0
  let sliceStart = performance.now()
  for (const [index, item] of items.entries()) {
    if (index > 0) parts.push(COMMA)
    const encoded = encode(item)
    parts.push(encoded)
    bytes += encoded.length
    if (bytes >= CHUNK_BYTES) {
      yield Buffer.concat(parts)
      parts = []
      bytes = 0
    }
    if ((index & 31) === 31 && performance.now() - sliceStart > SLICE_MS) {
      await turn()
      sliceStart = performance.now()
    }
  }
  parts.push(Buffer.from(tail))
  yield Buffer.concat(parts)
}
