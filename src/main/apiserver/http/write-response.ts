// Writes an ApiResponse to HTTP/1.1 or HTTP/2: content type, warnings, gzip, streams with back-pressure.
import type { ServerResponse } from 'node:http'
import type { Http2ServerResponse } from 'node:http2'
import { pipeline, Readable, type Writable } from 'node:stream'
import { constants, createGzip } from 'node:zlib'
import { parseOwnJson } from '../codec/decode-body.ts'
import { PROTOBUF_TYPE } from '../codec/media-type.ts'
import { encodeProtobufInSlices } from '../codec/protobuf/envelope.ts'
import { WHOLE, negotiate, parseAccept } from '../representation/negotiate.ts'
import type { ApiResponse } from '../request.ts'
import type { RequestLife } from './request-life.ts'
import type { UnreadAnswers } from './unread-answers.ts'
import { type FrameForm, messagesOf, partsOf, piecesOf } from './frame-bytes.ts'
import type { Warnings } from './warnings.ts'
import { indented } from './indent-json.ts'
import { yamlInChunks } from './to-yaml.ts'
import { encodeJsonInPieces } from '../../pieces/large-json.ts'
import { inTurns, pieceByPiece } from '../../pieces/pacer.ts'

export type Response = ServerResponse | Http2ServerResponse

/** Smaller answers are not worth the work of compressing them. */
const GZIP_MIN_BYTES = 128 * 1024

export interface ResponseContext {
  readonly accept: string | undefined
  readonly acceptEncoding: string | undefined
  readonly warnings: Warnings
  /** Besides the answer's own. */
  readonly answerHeaders: Readonly<Record<string, string>>
  readonly auditId: string
  readonly life: RequestLife
  readonly unread: UnreadAnswers
  /** Whose answer it is; empty where nobody is known. */
  readonly user: string
  /** JSON objects are indented. */
  readonly pretty?: boolean
  /** HEAD: headers only. */
  readonly head: boolean
}

const SECURITY_HEADERS = {
  'cache-control': 'no-cache, private',
  'x-content-type-options': 'nosniff',
  'cross-origin-resource-policy': 'same-origin',
  'x-frame-options': 'DENY',
}

function wantsGzip(acceptEncoding: string | undefined): boolean {
  return acceptEncoding !== undefined && parseAccept(acceptEncoding).some(({ type }) => type === 'gzip')
}

/** Resolves when more may be written, or when the client is gone. */
export function drained(stream: NodeJS.EventEmitter, signal: AbortSignal): Promise<void> {
  return new Promise(resolve => {
    const done = () => {
      stream.off('drain', done)
      stream.off('close', done)
      signal.removeEventListener('abort', done)
      resolve()
    }
    stream.on('drain', done)
    stream.on('close', done)
    signal.addEventListener('abort', done)
    if (signal.aborted) done()
  })
}

function start(
  response: Response,
  answer: ApiResponse,
  context: ResponseContext,
  headers: Record<string, string | string[]>,
): void {
  const all: Record<string, string | string[]> = {
    'audit-id': context.auditId,
    ...SECURITY_HEADERS,
    ...context.answerHeaders,
    ...answer.headers,
    ...headers,
  }
  const warnings = context.warnings.headers
  if (warnings.length > 0) all['warning'] = [...warnings]
  // In one call: what is set header by header is checked and copied twice.
  ;(response as ServerResponse).writeHead(answer.code, all)
}

const write = (response: Response, chunk: Buffer | string): boolean => (response as ServerResponse).write(chunk)

/** What is left for the end of a long answer. */
const LAST_BYTES = 1_024
/** Room for the headers, which go out with the body. */
const HEADER_BYTES = 2_048

/**
 * Over HTTP/1.1 the end of a long answer waits until all before it is out. A client that has an answer asks the next
 * thing; if Node then still waits for the connection to take what was written, it stops reading, and gives the
 * connection up when more than one TLS record of the request is there ("Parse Error: Paused").
 */
async function end(response: Response, body: Buffer, context: ResponseContext): Promise<void> {
  const room = 'stream' in response ? Infinity : (response.socket ?? response).writableHighWaterMark - HEADER_BYTES
  if (body.length > room) {
    if (!write(response, body.subarray(0, -LAST_BYTES))) await read(response, body.length, context)
    response.end(body.subarray(-LAST_BYTES))
  } else {
    response.end(body)
    // HTTP/2 says at once that a stream has ended; it closes when all of it is out, if the client did not go meanwhile.
    if ('stream' in response && !context.life.isOver)
      response.stream.once(
        'close',
        context.unread.hold(context.user, body.length, () => cutOff(response)),
      )
  }
}

/** Of an HTTP/2 connection only this one stream ends. */
export const cutOff = (response: Response) =>
  void ('stream' in response ? response.stream.destroy() : response.destroy())

/** Resolves when the client has read what was written, or is gone. */
async function read(response: Response, bytes: number, { life, unread, user }: ResponseContext): Promise<void> {
  life.answered()
  const release = unread.hold(user, bytes, () => cutOff(response))
  await drained(response, life.signal)
  release()
}

async function sendWhole(
  response: Response,
  answer: ApiResponse,
  context: ResponseContext,
  type: string,
  body: Buffer,
): Promise<number> {
  start(response, answer, context, { 'content-type': type, 'content-length': String(body.length) })
  if (context.head) response.end()
  else await end(response, body, context)
  return body.length
}

function startStream(response: Response, answer: ApiResponse, context: ResponseContext, type: string): void {
  start(response, answer, context, { 'content-type': type })
  // HTTP/2 has sent its headers by now; HTTP/1.1 keeps them for the first chunk unless told otherwise.
  if ('flushHeaders' in response) response.flushHeaders()
}

async function sendStream(
  response: Response,
  answer: ApiResponse,
  context: ResponseContext,
  type: string,
  chunks: AsyncIterable<Buffer | string>,
  waitFor?: typeof read,
): Promise<void> {
  startStream(response, answer, context, type)
  await sendChunks(response, context, chunks, waitFor)
}

async function sendChunks(
  response: Response,
  context: ResponseContext,
  chunks: AsyncIterable<Buffer | string>,
  waitFor: typeof read = read,
): Promise<void> {
  for await (const chunk of chunks) {
    if (context.life.ended) break
    if (!write(response, chunk)) await waitFor(response, chunk.length, context)
  }
  response.end()
}

/**
 * Where a watch's lines go. Over HTTP/1.1 past the response: it would make four writes of each, for each watcher, of what
 * is one chunk that all of them share. A response that waits for an earlier one on its connection has no socket yet.
 */
const sinkOf = (response: Response): { readonly to: Writable; readonly form: FrameForm } =>
  'chunkedEncoding' in response && response.chunkedEncoding && response.socket
    ? { to: response.socket, form: 'chunk' }
    : { to: response, form: 'line' }

/** A watch: its batches are written as they come, with no stream of chunks in between. */
async function sendFrames(
  response: Response,
  answer: Extract<ApiResponse, { readonly frames: unknown }>,
  context: ResponseContext,
): Promise<void> {
  const isBinary = answer.contentType === PROTOBUF_TYPE
  startStream(response, answer, context, isBinary ? `${PROTOBUF_TYPE};stream=watch` : answer.contentType)
  const { to, form } = sinkOf(response)
  for await (const frames of answer.frames) {
    const batch = isBinary ? await messagesOf(frames) : frames
    for (const piece of piecesOf(batch, form)) {
      if (context.life.ended) return void response.end()
      // What has been begun is written to its end: it is one line, and one chunk of HTTP/1.1.
      for (const part of partsOf(piece)) if (!to.write(part)) await drained(to, context.life.signal)
    }
  }
  response.end()
}

const isSmall = (body: Buffer, { acceptEncoding }: ResponseContext) =>
  body.length < GZIP_MIN_BYTES || !wantsGzip(acceptEncoding)

/** Small answers go out in one piece; long ones as they are encoded, compressed when the client wants it. */
async function sendSlices(
  response: Response,
  answer: ApiResponse,
  context: ResponseContext,
  type: string,
  slices: AsyncIterable<Buffer>,
): Promise<number> {
  let bytes = 0
  const iterator = slices[Symbol.asyncIterator]()
  const first = await iterator.next()
  const second = first.done ? first : await iterator.next()
  const head = first.done ? Buffer.alloc(0) : first.value
  if (second.done && isSmall(head, context)) return sendWhole(response, answer, context, type, head)
  async function* all(): AsyncGenerator<Buffer> {
    bytes += head.length
    yield head
    if (second.done) return
    bytes += second.value.length
    yield second.value
    for (let next = await iterator.next(); !next.done; next = await iterator.next()) {
      bytes += next.value.length
      yield next.value
    }
  }
  if (!wantsGzip(context.acceptEncoding)) {
    await sendStream(response, answer, context, type, all())
    return bytes
  }
  start(response, answer, context, { 'content-type': type, 'content-encoding': 'gzip', vary: 'Accept-Encoding' })
  const gzip = createGzip({ level: constants.Z_BEST_SPEED })
  pipeline(Readable.from(all(), { highWaterMark: 1 }), gzip, () => undefined)
  await sendChunks(response, context, gzip)
  return bytes
}

function sendJson(
  response: Response,
  answer: ApiResponse,
  context: ResponseContext,
  type: string,
  body: Buffer | AsyncIterable<Buffer>,
): Promise<number> {
  if (!Buffer.isBuffer(body)) return sendSlices(response, answer, context, type, body)
  if (isSmall(body, context)) return sendWhole(response, answer, context, type, body)
  return sendSlices(response, answer, context, type, justOne(body))
}

/**
 * Resolves when the answer has been handed to the connection.
 * @returns how many bytes its body had before it was compressed; undefined where it came bit by bit
 */
export async function writeResponse(
  response: Response,
  answer: ApiResponse,
  context: ResponseContext,
): Promise<number | undefined> {
  if ('hijacked' in answer) return undefined
  if ('frames' in answer) {
    await sendFrames(response, answer, context)
    return undefined
  }
  if ('stream' in answer) {
    // It may last, and its reader may pause.
    context.life.answered()
    const waitFor = () => drained(response, context.life.signal)
    await sendStream(response, answer, context, answer.contentType, answer.stream, waitFor)
    return undefined
  }
  if ('bytes' in answer) {
    const body = Buffer.isBuffer(answer.bytes) ? answer.bytes : Buffer.concat(answer.bytes)
    return sendJson(response, answer, context, answer.contentType, body)
  }
  const { contentType: wanted = 'application/json' } = answer
  const contentType = wanted === PROTOBUF_TYPE ? 'application/json' : wanted
  const { encoding } = negotiateQuietly(context.accept)
  if (encoding === 'yaml') {
    const json = answer.json?.()
    const value = json && !Buffer.isBuffer(json) ? await parsed(json) : answer.object
    return sendJson(response, answer, context, 'application/yaml', yamlInChunks(value))
  }
  if (encoding === 'protobuf') {
    const body = await encodeProtobufInSlices(answer.object)
    // Kinds without a message, and custom resources, are answered in JSON, which clients see by the content type.
    if (body) return sendJson(response, answer, context, PROTOBUF_TYPE, body)
  }
  const body = answer.json?.() ?? (await jsonOf(answer.object))
  const shown = context.pretty ? indented(Buffer.isBuffer(body) ? justOne(body) : body) : body
  return sendJson(response, answer, context, contentType, shown)
}

async function jsonOf(object: unknown): Promise<Buffer> {
  const pacer = pieceByPiece()
  const text = await inTurns(encodeJsonInPieces(object), pacer)
  if (pacer.due) await pacer.pause()
  return Buffer.from(`${text}\n`)
}

/** Lists leave out of their items what they say once: YAML says what JSON says. */
async function parsed(json: AsyncIterable<Buffer>): Promise<unknown> {
  const chunks: Buffer[] = []
  for await (const chunk of json) chunks.push(chunk)
  return parseOwnJson(Buffer.concat(chunks))
}

async function* justOne(body: Buffer): AsyncGenerator<Buffer> {
  yield body
}

/** Errors must reach every client: one that accepts nothing we have gets JSON. */
function negotiateQuietly(accept: string | undefined): ReturnType<typeof negotiate> {
  try {
    return negotiate(accept, ['json', 'yaml', 'protobuf'])
  } catch {
    return WHOLE
  }
}
