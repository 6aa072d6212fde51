// The client's side of SPDY/3.1, as far as tests need it.
import { Duplex } from 'node:stream'
import type { HeaderEncoder } from '../../../src/agent/api/streams/spdy-headers.ts'

/** Two ends of one in-memory connection. */
export function pair(): [Duplex, Duplex] {
  const ends: Duplex[] = []
  for (const other of [1, 0])
    ends.push(
      new Duplex({
        read: () => undefined,
        write(chunk: Buffer, _encoding, done) {
          ends[other]!.push(chunk)
          done()
        },
        final(done) {
          ends[other]!.push(null)
          done()
        },
        destroy(error, done) {
          if (!ends[other]?.destroyed) ends[other]?.push(null)
          done(error)
        },
      }),
    )
  return [ends[0]!, ends[1]!]
}

/** @param first four bytes: a stream, or the version and type of a control frame */
export const frame = (first: number, flags: number, payload: Buffer) => {
  const head = Buffer.alloc(8)
  head.writeUInt32BE(first >>> 0)
  head[4] = flags
  head.writeUIntBE(payload.length, 5, 3)
  return Buffer.concat([head, payload])
}

export const synStream = async (encoder: HeaderEncoder, id: number, headers: [string, string][]) => {
  const start = Buffer.alloc(10)
  start.writeUInt32BE(id)
  return frame(0x80030001, 0, Buffer.concat([start, await encoder.encode(new Map(headers))]))
}
