// Joins encoded list items into chunks without holding the event loop longer than one slice.
import { Pacer } from '../../pieces/pacer.ts'

const CHUNK_BYTES = 128 * 1024

/**
 * `head`, the items with commas between them, `tail`, as chunks of about 128 KiB.
 * @param encode makes one item's JSON; called once per item, in order
 * @param opening stands before each item, whose JSON `encode` makes without it
 */
export async function* joinItems<T>(
  head: string,
  items: readonly T[],
  encode: (item: T) => Buffer,
  tail: string,
  opening = '',
): AsyncGenerator<Buffer> {
  const first = Buffer.from(opening)
  const between = Buffer.from(`,${opening}`)
  let parts: Buffer[] = [Buffer.from(head)]
  let bytes = 0
  const pacer = new Pacer()
  for (const [index, item] of items.entries()) {
    parts.push(index > 0 ? between : first)
    const encoded = encode(item)
    parts.push(encoded)
    bytes += encoded.length
    if (bytes >= CHUNK_BYTES) {
      yield Buffer.concat(parts)
      parts = []
      bytes = 0
    }
    if ((index & 31) === 31 && pacer.due) await pacer.pause()
  }
  parts.push(Buffer.from(tail))
  yield Buffer.concat(parts)
}
