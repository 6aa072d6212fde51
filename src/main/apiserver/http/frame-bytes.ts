// The events of a watch as bytes on a connection: as lines, as chunks of HTTP/1.1 or as protobuf, in pieces that no slow client
// keeps much of.
import { encodeWatchFrame } from '../codec/protobuf/envelope.ts'
import { inTurns } from '../../pieces/pacer.ts'
import type { Frame } from '../request.ts'

/** What a frame is on a connection. */
type Written = Pick<Frame, 'line' | 'chunk'>

/** Frames are shared by watchers, so their messages are as well; null for what has none. */
const messages = new WeakMap<Frame, Written | null | Promise<Written | null>>()

export async function messagesOf(frames: readonly Frame[]): Promise<Written[]> {
  const written: Written[] = []
  for (const frame of frames) {
    const made = messages.get(frame)
    const known = made === undefined ? encodedOnce(frame) : made
    const message = known instanceof Promise ? await known : known
    if (message) written.push(message)
  }
  return written
}

function encodedOnce(frame: Frame): Written | null | Promise<Written | null> {
  const keep = (message: Buffer | undefined): Written | null => {
    const written = message ? asChunk(message) : null
    messages.set(frame, written)
    return written
  }
  const message = inTurns(encodeWatchFrame(frame.type, frame.object))
  if (!(message instanceof Promise)) return keep(message)
  const later = message.then(keep)
  messages.set(frame, later)
  return later
}

function asChunk(message: Buffer): Written {
  const size = `${message.length.toString(16)}\r\n`
  const chunk = Buffer.concat([Buffer.from(size), message, CHUNK_END])
  return { chunk, line: chunk.subarray(size.length, -CHUNK_END.length) }
}
const CHUNK_END = Buffer.from('\r\n')

/** Lines in pieces of about this many bytes: more is not held for a client that does not read. */
const PIECE_BYTES = 64 * 1024

/** A connection copies what it takes in one piece: of what is larger it gets a part at a time, and all share the rest. */
export const partsOf = (piece: Buffer): readonly Buffer[] =>
  piece.length <= 2 * PIECE_BYTES
    ? [piece]
    : Array.from({ length: Math.ceil(piece.length / PIECE_BYTES) }, (_, i) =>
        piece.subarray(i * PIECE_BYTES, (i + 1) * PIECE_BYTES),
      )

export type FrameForm = keyof Written

export const piecesOf = (batch: readonly Written[], form: FrameForm): Iterable<Buffer> =>
  batch.length === 1 && batch[0] ? [batch[0][form]] : joinedPieces(batch, form)

function* joinedPieces(batch: readonly Written[], form: FrameForm): Generator<Buffer, undefined> {
  let lines: Buffer[] = []
  let bytes = 0
  for (const { [form]: line } of batch) {
    lines.push(line)
    bytes += line.length
    if (bytes < PIECE_BYTES) continue
    yield joined(lines)
    lines = []
    bytes = 0
  }
  if (lines.length > 0) yield joined(lines)
}

const joined = (lines: readonly Buffer[]): Buffer => (lines.length === 1 && lines[0] ? lines[0] : Buffer.concat(lines))
