// Request bodies: bytes in one of the accepted formats become a JSON value.
import { ApiError, badRequest } from '../../../shared/machinery/status.ts'
import { MAX_OBJECT_BYTES } from '../../store/contract.ts'
import { mayBeLarge } from '../../pieces/large-json.ts'
import { pieceByPiece } from '../../pieces/pacer.ts'
import { DecodeWorker, type ParseResult } from './decode-worker.ts'
import { JSON_TYPE, mediaTypeOf, PROTOBUF_TYPE, unsupportedMediaType, YAML_TYPE } from './media-type.ts'
import { decodeProtobufInSlices } from './protobuf/envelope.ts'
import { TooManyFields } from './protobuf/message.ts'
import { WireError } from '../../../shared/protobuf/wire.ts'
import { parsePlainJson } from './parse-plain-json.ts'
import { scanJson } from './scan-json.ts'
import { unreadableAsYaml } from './yaml-characters.ts'
import { parseJson } from '../../../shared/machinery/json-text.ts'

export interface DecodedBody {
  readonly value: unknown
  /** Paths of fields that were given twice, for strict field validation. */
  readonly duplicates: string[]
  /** How whole numbers of JSON are written that have a fraction or an exponent, by their paths. */
  readonly literals?: ReadonlyMap<string, string>
}

export const MAX_DEPTH = 64

/** Above these sizes a worker thread parses; YAML costs about fifty times as much per byte. */
const INLINE_JSON_BYTES = 256 * 1024
const INLINE_YAML_BYTES = 4 * 1024

/** What the main thread works on in one step for a while; larger objects in few nodes get their kind's own answer. */
const MANY_NODES = 16_000

const ACCEPTED = [JSON_TYPE, YAML_TYPE, PROTOBUF_TYPE] as const

/** Of a body: what is longer, in many nodes, is refused, and whose it is. */
interface Sent {
  readonly maxBytes: number
  readonly user: string
}

/** Each has its own: what takes seconds as YAML is no reason for JSON to wait. */
const workers = { json: new DecodeWorker(), yaml: new DecodeWorker() }

/** Ends the worker threads, which would keep the process for a while; a later body starts new ones. */
export const closeBodyDecoder = async (): Promise<void> => {
  await Promise.all([workers.json.rest(), workers.yaml.rest()])
}

/**
 * @param contentType the header as sent; absent means JSON
 * @param maxBytes what is longer, in many nodes, is refused: no object could be stored that large
 * @param user whose it is; nothing for what the server asked for
 * @throws ApiError 400 for a broken body, 413 for one that is too large, 415 for a format that is not accepted
 */
export async function decodeBody(
  contentType: string | undefined,
  bytes: Buffer,
  maxBytes = MAX_OBJECT_BYTES,
  user = '',
): Promise<DecodedBody> {
  const sent: Sent = { maxBytes, user }
  switch (mediaTypeOf(contentType)) {
    case 'application/json-patch+json':
    case 'application/merge-patch+json':
      return settle(await parseJsonBody(bytes, sent), message => `error decoding patch: ${message}`)
    case 'application/strategic-merge-patch+json':
      return settle(await parseJsonBody(bytes, sent), message => message)
    case '':
    case JSON_TYPE:
      return settle(
        await parseJsonBody(bytes, sent),
        message => `couldn't get version/kind; json parse error: ${message}`,
      )
    case YAML_TYPE:
    case 'application/x-yaml':
    case 'text/yaml':
    case 'application/apply-patch+yaml':
      return settle(await parseYamlBody(bytes, sent), message => `error converting YAML to JSON: ${message}`)
    case PROTOBUF_TYPE:
      return { value: await parseProtobuf(bytes, user), duplicates: [] }
    default:
      throw unsupportedMediaType(ACCEPTED)
  }
}

/** The text of a body is not of its format; what was expected of it is told by who knows. */
export class UnreadableBody extends ApiError {
  constructor(message: string) {
    super(400, 'BadRequest', message)
  }
}

/** A number of the body is larger than any double. */
export class NumberOutOfRange extends ApiError {
  constructor(literal: string) {
    super(400, 'BadRequest', `json: cannot unmarshal number ${literal} into Go value of type float64`)
  }
}

function settle(result: ParseResult, wording: (message: string) => string): DecodedBody {
  if (result.error !== undefined) throw new UnreadableBody(wording(result.error))
  if (result.outOfRange !== undefined) throw new NumberOutOfRange(result.outOfRange)
  const { value, duplicates, literals } = result
  return { value, duplicates, ...(literals ? { literals } : {}) }
}

const textOf = (bytes: Buffer) => bytes.toString('utf8').replace(/^\uFEFF/, '')

async function parseJsonBody(bytes: Buffer, sent: Sent): Promise<ParseResult> {
  if (bytes.length > INLINE_JSON_BYTES) return inWorker('json', bytes, sent)
  const text = textOf(bytes)
  const plain = mayBeLarge(text) ? undefined : parsePlainJson(text, MAX_DEPTH)
  if (plain !== undefined) return { value: plain, duplicates: [] }
  const pacer = pieceByPiece()
  const scan = scanJson(text, MAX_DEPTH)
  if (scan.error !== undefined || scan.outOfRange !== undefined) return scan
  if (pacer.due) await pacer.pause()
  const value = parseJson(text)
  if (pacer.due) await pacer.pause()
  return { ...scan, value }
}

/** A list and its items hold what may be as deep as any object. */
const LIST_DEPTH = MAX_DEPTH + 2

/** @returns the value of JSON that the server itself has written, whatever its length */
export async function parseOwnJson(bytes: Buffer): Promise<unknown> {
  if (bytes.length <= INLINE_JSON_BYTES) return parseJson(textOf(bytes))
  const { value, error } = await workers.json.parse('json', bytes, LIST_DEPTH)
  if (error !== undefined) throw new Error(error)
  return value
}

/** Whether the first thing in it is a brace, as in what programs apply: they write JSON, which is YAML as well. */
function looksLikeJson(bytes: Buffer): boolean {
  const first = bytes.find(byte => byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09)
  return first === 0x7b
}

async function parseYamlBody(bytes: Buffer, sent: Sent): Promise<ParseResult> {
  const text = textOf(bytes)
  const error = unreadableAsYaml(bytes, text)
  if (error !== undefined) return { error, duplicates: [] }
  if (looksLikeJson(bytes)) {
    const result = await parseJsonBody(bytes, sent)
    // YAML does not tell `1.0` from `1`.
    if (result.error === undefined) return { ...result, literals: undefined }
  }
  if (bytes.length > INLINE_YAML_BYTES) return inWorker('yaml', bytes, sent)
  // Loaded on the first YAML body: most clients send JSON, and a start should not pay for it.
  const [yaml, { parseYaml }] = await Promise.all([import('yaml'), import('./parse-yaml.ts')])
  return parseYaml(yaml, text, MAX_DEPTH)
}

export const objectTooLarge = (): ApiError =>
  new ApiError(413, 'RequestEntityTooLarge', `Request entity too large: limit is ${MAX_OBJECT_BYTES}`)

async function parseProtobuf(bytes: Buffer, user: string): Promise<unknown> {
  try {
    // The JSON text of a message is longer than the message.
    const maxFields = bytes.length > MAX_OBJECT_BYTES ? MANY_NODES : Infinity
    return await decodeProtobufInSlices(bytes, { maxFields, readRaw: text => readRaw(text, user) })
  } catch (error) {
    if (error instanceof TooManyFields) throw objectTooLarge()
    if (error instanceof WireError) throw badRequest(error.message)
    throw error
  }
}

/** JSON in a message of protobuf, such as who owns what. */
async function readRaw(text: Buffer, user: string): Promise<unknown> {
  if (text.length === 0) return undefined
  const { value, error, outOfRange } = await parseJsonBody(text, { maxBytes: MAX_OBJECT_BYTES, user })
  if (error !== undefined) throw new WireError(`raw value is no JSON: ${error}`)
  if (outOfRange !== undefined) throw new NumberOutOfRange(outOfRange)
  return value
}

async function inWorker(format: 'json' | 'yaml', bytes: Buffer, { maxBytes, user }: Sent): Promise<ParseResult> {
  const result = await workers[format].parse(format, bytes, MAX_DEPTH, maxBytes, user).catch((error: unknown) => {
    throw badRequest(error instanceof Error ? error.message : String(error))
  })
  if (result.tooLarge) throw objectTooLarge()
  return result
}
