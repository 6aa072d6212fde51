// Splits Docker's multiplexed stream: frames of {stream, 0, 0, 0, length as big-endian u32, bytes}.
import { PassThrough, type Readable, Transform, type TransformCallback } from 'node:stream'

const HEADER_BYTES = 8
const STDERR = 2

type OnFrame = (isStderr: boolean, bytes: Buffer) => void

/** Feeds chunks in, calls back with each whole or partial payload; holds back nothing but headers. */
class FrameReader {
  #header = Buffer.alloc(0)
  #left = 0
  #isStderr = false

  read(chunk: Buffer, onFrame: OnFrame): void {
    let buffer = chunk
    while (buffer.length > 0) {
      if (this.#left > 0) {
        const part = buffer.subarray(0, this.#left)
        this.#left -= part.length
        buffer = buffer.subarray(part.length)
        onFrame(this.#isStderr, part)
        continue
      }
      const missing = HEADER_BYTES - this.#header.length
      this.#header = Buffer.concat([this.#header, buffer.subarray(0, missing)])
      buffer = buffer.subarray(Math.min(missing, buffer.length))
      if (this.#header.length < HEADER_BYTES) return
      this.#isStderr = this.#header[0] === STDERR
      this.#left = this.#header.readUInt32BE(4)
      this.#header = Buffer.alloc(0)
    }
  }
}

/** Both streams as one, in the order in which they were written. */
export class MergedOutput extends Transform {
  readonly #reader = new FrameReader()

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    this.#reader.read(chunk, (_isStderr, bytes) => this.push(bytes))
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
