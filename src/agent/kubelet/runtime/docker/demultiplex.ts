// Splits Docker's multiplexed stream: frames of {stream, 0, 0, 0, length as big-endian u32, bytes}.
import { PassThrough, type Readable, Transform, type TransformCallback } from 'node:stream'

const HEADER_BYTES = 8
const STDERR = 2

/** @param begins whether these are the first bytes of a frame */
type OnFrame = (isStderr: boolean, bytes: Buffer, begins: boolean) => void

/** Feeds chunks in, calls back with each whole or partial payload; holds back nothing but headers. */
class FrameReader {
  #header = Buffer.alloc(0)
  #left = 0
  #isStderr = false
  #begins = false

  read(chunk: Buffer, onFrame: OnFrame): void {
    let buffer = chunk
    while (buffer.length > 0) {
      if (this.#left > 0) {
        const part = buffer.subarray(0, this.#left)
        this.#left -= part.length
        buffer = buffer.subarray(part.length)
        onFrame(this.#isStderr, part, this.#begins)
        this.#begins = false
        continue
      }
      const missing = HEADER_BYTES - this.#header.length
      this.#header = Buffer.concat([this.#header, buffer.subarray(0, missing)])
      buffer = buffer.subarray(Math.min(missing, buffer.length))
      if (this.#header.length < HEADER_BYTES) return
      this.#isStderr = this.#header[0] === STDERR
      this.#left = this.#header.readUInt32BE(4)
      this.#header = Buffer.alloc(0)
      this.#begins = true
    }
  }
}

const NEW_LINE = 10
const SPACE = 32

/** Docker keeps long lines in parts, and tells the time of each: of a stream, only what begins a line keeps it. */
class LineTimes {
  #isWithinLine = false
  #skips = false

  /** @returns the bytes without a time in the middle of a line */
  strip(bytes: Buffer, begins: boolean): Buffer {
    if (begins) this.#skips = this.#isWithinLine
    let rest = bytes
    if (this.#skips) {
      const end = bytes.indexOf(SPACE)
      if (end === -1) return bytes.subarray(0, 0)
      this.#skips = false
      rest = bytes.subarray(end + 1)
    }
    if (rest.length > 0) this.#isWithinLine = rest.at(-1) !== NEW_LINE
    return rest
  }
}

/** Both streams as one, in the order in which they were written. */
export class MergedOutput extends Transform {
  readonly #reader = new FrameReader()
  readonly #times: readonly [LineTimes, LineTimes] | undefined

  /** @param timed each part that Docker keeps begins with its time */
  constructor(timed: boolean) {
    super()
    this.#times = timed ? [new LineTimes(), new LineTimes()] : undefined
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    this.#reader.read(chunk, (isStderr, bytes, begins) => {
      const shown = this.#times?.[isStderr ? 1 : 0].strip(bytes, begins) ?? bytes
      if (shown.length > 0) this.push(shown)
    })
    done()
  }
}

export interface SplitOutput {
  readonly stdout: Readable
  readonly stderr: Readable
}

/** Both streams apart; a reader that stalls pauses the source. */
export function splitOutput(source: Readable): SplitOutput {
  const reader = new FrameReader()
  const stdout = new PassThrough()
  const stderr = new PassThrough()
  const resume = () => {
    if (!stdout.writableNeedDrain && !stderr.writableNeedDrain) source.resume()
  }
  for (const stream of [stdout, stderr]) stream.on('drain', resume).on('error', () => undefined)
  source.on('data', (chunk: Buffer) => {
    reader.read(chunk, (isStderr, bytes) => (isStderr ? stderr : stdout).write(bytes))
    if (stdout.writableNeedDrain || stderr.writableNeedDrain) source.pause()
  })
  const end = () => {
    stdout.end()
    stderr.end()
  }
  source.on('end', end).on('close', end).on('error', end)
  return { stdout, stderr }
}
