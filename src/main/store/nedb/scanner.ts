// Reads segments in a stream, group by group, and knows a torn end from damage. Never loads a whole file.
import { open } from 'node:fs/promises'
import { StoreError } from '../contract.ts'
import { Pacer } from '../../pieces/pacer.ts'
import { type Group, groupOf, jsonOf } from './codec.ts'
import { codeOf } from './disk.ts'

const CHUNK_BYTES = 1024 * 1024
const LINE_END = 0x0a

/** Longest line that is looked at: far above the largest group commit, so that damage cannot fill the memory. */
const MAX_LINE_BYTES = 64 * 1024 * 1024

/** From this length on both halves of a line's decoding have a turn of the event loop each: they take milliseconds. */
export const LONG_LINE_BYTES = 128 * 1024

export interface ScannedGroup {
  readonly group: Group
  /** What holds it, without the line end. */
  readonly line: Buffer
  /** Offset behind the group's line. */
  readonly end: number
}

export interface ScanOptions {
  /** Only the first so many bytes count; without it the file may end in a torn record, which is left out. */
  readonly bytes?: number
  readonly signal?: AbortSignal
}

/**
 * Streams the valid groups of a segment from its start. Lets the event loop breathe, so that a reader need not, whose own
 * work on a group is short.
 * @throws StoreError `Corrupt` when a damaged record is followed by valid ones, or the counted length is not all valid
 */
export async function* scanSegment(path: string, { bytes, signal }: ScanOptions): AsyncGenerator<ScannedGroup, void> {
  let damagedAt: number | undefined
  let end = 0
  const pacer = new Pacer()
  for await (const { line, offset, complete } of readLines(path, bytes ?? Infinity)) {
    const isLong = line.length >= LONG_LINE_BYTES
    if (pacer.due || isLong) await pacer.pause()
    signal?.throwIfAborted()
    const json = complete ? jsonOf(line) : undefined
    if (json === undefined) damagedAt ??= offset
    else if (damagedAt !== undefined) throw corrupt(path, damagedAt)
    else {
      if (isLong) await pacer.pause()
      end = offset + line.length + 1
      yield { group: groupOf(json), line, end }
    }
  }
  if (bytes !== undefined && end !== bytes) throw corrupt(path, damagedAt ?? end)
}

interface Line {
  readonly line: Buffer
  readonly offset: number
  /** Whether a line end follows; a record without it was never acknowledged. */
  readonly complete: boolean
}

async function* readLines(path: string, limit: number): AsyncGenerator<Line, void> {
  const file = await open(path, 'r').catch((cause: unknown) => {
    if (codeOf(cause) !== 'ENOENT') throw cause
    throw new StoreError('Corrupt', `${path} is missing: restore the data folder from the last snapshot`, { cause })
  })
  try {
    let rest: Buffer[] = []
    let restBytes = 0
    let offset = 0
    for (let position = 0; position < limit;) {
      const buffer = Buffer.allocUnsafe(Math.min(CHUNK_BYTES, limit - position))
      const { bytesRead } = await file.read(buffer, 0, buffer.length, position)
      if (bytesRead === 0) break
      position += bytesRead
      const chunk = buffer.subarray(0, bytesRead)
      let start = 0
      for (let at = chunk.indexOf(LINE_END); at !== -1; at = chunk.indexOf(LINE_END, start)) {
        const piece = chunk.subarray(start, at)
        const line = rest.length > 0 ? Buffer.concat([...rest, piece]) : piece
        rest = []
        restBytes = 0
        yield { line, offset, complete: true }
        offset += line.length + 1
        start = at + 1
      }
      if (start === bytesRead) continue
      rest.push(chunk.subarray(start))
      restBytes += bytesRead - start
      if (restBytes > MAX_LINE_BYTES) throw corrupt(path, offset)
    }
    if (restBytes > 0) yield { line: Buffer.concat(rest), offset, complete: false }
  } finally {
    await file.close()
  }
}

function corrupt(path: string, offset: number): StoreError {
  return new StoreError(
    'Corrupt',
    `${path} is damaged at byte ${offset} and valid records follow or are missing. Nothing was changed. ` +
      'Restore the data folder from the last snapshot; keep the damaged file, since what lies before that byte is intact',
  )
}
