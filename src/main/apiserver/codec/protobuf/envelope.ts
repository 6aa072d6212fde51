// The envelope around protobuf objects: four bytes of magic, then a runtime.Unknown with the type and the message.
import { getField, isObject } from '../../../../shared/machinery/json-object.ts'
import { ByteCache } from '../../../store/byte-cache.ts'
import { isLarge } from '../../../pieces/large-json.ts'
import { atOnce, inTurns, Pacer, type Pieces } from '../../../pieces/pacer.ts'
import { schemaIdOf } from '../../schema/table.ts'
import {
  decodeMessage,
  decodeMessageInSlices,
  encodeMessage,
  encodeMessageInPieces,
  hasMessage,
  type ReadRaw,
} from './message.ts'
import { BYTES, readFields, WireError, Writer } from '../../../../shared/protobuf/wire.ts'

/** Items that are encoded between two looks at the clock. */
const FEW_ITEMS = 16

const MAGIC = Buffer.from('k8s\0')

/** Kinds that every group serves under its own version. */
const EVERYWHERE = new Set(['DeleteOptions', 'WatchEvent', 'Status'])
/** In any of its versions: they do not differ. */
const META = /^meta\.k8s\.io\/v1(beta1)?$/

/** @returns the id of the type, where it can travel as protobuf. */
export function messageIdOf(apiVersion: unknown, kind: unknown): string | undefined {
  const id =
    EVERYWHERE.has(String(kind)) || META.test(String(apiVersion))
      ? `meta.v1.${String(kind)}`
      : schemaIdOf(apiVersion, kind)
  return id !== undefined && hasMessage(id) ? id : undefined
}

/** @returns the bytes, or undefined when objects of this kind have no protobuf form: answer in JSON then. */
export const encodeProtobuf = (object: unknown): Buffer | undefined => atOnce(encodeInPieces(object))

function* encodeInPieces(object: unknown): Pieces<Buffer | undefined> {
  if (!isObject(object)) return undefined
  const { apiVersion, kind } = { apiVersion: getField(object, 'apiVersion'), kind: getField(object, 'kind') }
  const id = messageIdOf(apiVersion, kind)
  if (id === undefined) return undefined
  return envelope(String(apiVersion), String(kind), [
    isLarge(object) ? yield* encodeMessageInPieces(id, object) : encodeMessage(id, object),
  ])
}

/** What items of long lists were encoded to, each as a field of its list, for the next who asks. */
const encodedItems = new ByteCache<object>(32 * 1024 * 1024)

/** As encodeProtobuf(), for what is of any length: other work gets its turns meanwhile. Items must not change later. */
export async function encodeProtobufInSlices(object: unknown): Promise<Buffer | undefined> {
  const items = isObject(object) ? getField(object, 'items') : undefined
  if (!isObject(object) || !Array.isArray(items) || items.length < FEW_ITEMS) return inTurns(encodeInPieces(object))
  const { apiVersion, kind } = { apiVersion: getField(object, 'apiVersion'), kind: getField(object, 'kind') }
  const id = messageIdOf(apiVersion, kind)
  if (id === undefined) return undefined
  const pacer = new Pacer()
  // Repeated fields of messages that follow one another add up.
  const parts = [encodeMessage(id, { ...object, items: [] })]
  for (const [i, one] of (items as object[]).entries()) {
    parts.push(encodedItems.get(one) ?? encodedItems.keep(one, encodeMessage(id, { items: [one] })))
    if (i % FEW_ITEMS === 0 && pacer.due) await pacer.pause()
  }
  return envelope(String(apiVersion), String(kind), parts)
}

/** Without an encoding and a content type, which stand behind the message. */
const ENVELOPE_END = new Writer().text(3, '').text(4, '').finish()

/** @param parts of the message; they may be long, and are copied once */
function envelope(apiVersion: string, kind: string, parts: readonly Buffer[]): Buffer {
  const type = new Writer().text(1, apiVersion).text(2, kind).finish()
  const length = parts.reduce((sum, part) => sum + part.length, 0)
  const start = new Writer().bytes(1, type).tag(2, BYTES).varint(length).finish()
  return Buffer.concat([MAGIC, start, ...parts, ENVELOPE_END])
}

/** @returns one frame of a watch: its length in four bytes, then the event with the object in its own envelope. */
export function* encodeWatchFrame(type: string, object: unknown): Pieces<Buffer | undefined> {
  const bytes = yield* encodeInPieces(object)
  if (!bytes) return undefined
  const event = new Writer().text(1, type).bytes(2, new Writer().bytes(1, bytes).finish()).finish()
  const length = Buffer.alloc(4)
  length.writeUInt32BE(event.length)
  return Buffer.concat([length, event])
}

interface Enveloped {
  readonly apiVersion: string
  readonly kind: string
  readonly id: string
  readonly raw: Buffer
}

function open(bytes: Buffer): Enveloped {
  if (!bytes.subarray(0, 4).equals(MAGIC))
    throw new WireError('provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]')
  let [apiVersion, kind] = ['', '']
  let raw: Buffer = Buffer.alloc(0)
  for (const { number, value } of readFields(bytes.subarray(4))) {
    if (!Buffer.isBuffer(value)) continue
    if (number === 1) {
      for (const field of readFields(value)) {
        if (field.number === 1) apiVersion = String(field.value)
        if (field.number === 2) kind = String(field.value)
      }
    } else if (number === 2) raw = value
  }
  const id = messageIdOf(apiVersion, kind)
  if (id === undefined) throw new WireError(`no kind "${kind}" is registered for version "${apiVersion}" in protobuf`)
  return { apiVersion, kind, id, raw }
}

/** @throws WireError for bytes that are no object in an envelope, or of a kind without a protobuf form */
export function decodeProtobuf(bytes: Buffer): unknown {
  const { apiVersion, kind, id, raw } = open(bytes)
  return { apiVersion, kind, ...decodeMessage(id, raw) }
}

/**
 * As decodeProtobuf(), for bodies of any size: other work gets its turns meanwhile.
 * @throws TooManyFields when large messages in it hold more than `maxFields`; and what `readRaw` throws
 */
export async function decodeProtobufInSlices(
  bytes: Buffer,
  options: { readonly maxFields: number; readonly readRaw: ReadRaw },
): Promise<unknown> {
  const { apiVersion, kind, id, raw } = open(bytes)
  return { apiVersion, kind, ...(await decodeMessageInSlices(id, raw, options)) }
}
