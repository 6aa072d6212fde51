// API objects as protobuf messages, by the schema table and the table of field numbers.
import { getField, isObject, type JsonObject, setField } from '../../../../shared/machinery/json-object.ts'
import { encodeJsonInPieces, FEW_ENTRIES, isLarge } from '../../../pieces/large-json.ts'
import { Pacer, type Pieces } from '../../../pieces/pacer.ts'
import { MAX_DEPTH } from '../../schema/decode-context.ts'
import { fieldFact, typeFact } from '../../schema/table.ts'
import type { FieldFact } from '../../schema/facts.ts'
import numbers from './numbers.json' with { type: 'json' }
import { decodeScalar, encodeScalar, isScalar, rawTextOf, writeTextMessage } from './scalars.ts'
import { readFields, WireError, type WireField, Writer } from '../../../../shared/protobuf/wire.ts'

type Numbers = Readonly<Record<string, Readonly<Record<string, readonly number[]>>>>
const table = numbers as unknown as Numbers

const SCHEMA = 'apiextensions.v1.JSONSchemaProps'

/** A value that is a schema or something simpler: a message with a field for each. */
interface Union {
  readonly schema: number
  readonly other: number
  readonly kind: 'schemas' | 'bool' | 'strings'
}
const OR_ARRAY: FieldFact = { t: 'any' }
const OR_BOOL: FieldFact = { t: 'any' }
const OR_STRINGS: FieldFact = { t: 'any' }
const UNIONS = new Map<FieldFact, Union>([
  [OR_ARRAY, { schema: 1, other: 2, kind: 'schemas' }],
  [OR_BOOL, { schema: 2, other: 1, kind: 'bool' }],
  [OR_STRINGS, { schema: 1, other: 2, kind: 'strings' }],
])
/** What the schema table calls "anything", and the wire does not. */
const UNION_FIELDS: Readonly<Record<string, FieldFact>> = {
  items: OR_ARRAY,
  additionalItems: OR_BOOL,
  additionalProperties: OR_BOOL,
  dependencies: { t: 'map', i: OR_STRINGS },
}

interface Field {
  readonly number: number
  readonly name: string
  readonly fact: FieldFact
  /** Zero on the wire means absent. */
  readonly omitsZero: boolean
}

/** A message: its own fields by number, and the structs that Go embeds and JSON flattens. */
interface Layout {
  readonly fields: Map<number, Field>
  readonly byName: Map<string, Field>
  readonly embedded: Map<number, Layout>
}

const emptyLayout = (): Layout => ({ fields: new Map(), byName: new Map(), embedded: new Map() })
function addField(layout: Layout, field: Field): void {
  layout.fields.set(field.number, field)
  layout.byName.set(field.name, field)
}

/** Metadata alone is how any kind may be shown; the OpenAPI document has no type of its own for that. */
const METADATA_ONLY = 'meta.v1.PartialObjectMetadata'
const ref = (r: string): FieldFact => ({ t: 'ref', r })
function layoutWith(...fields: [name: string, fact: FieldFact][]): Layout {
  const layout = emptyLayout()
  for (const [i, [name, fact]] of fields.entries()) addField(layout, { number: i + 1, name, fact, omitsZero: true })
  return layout
}

const layouts = new Map<string, Layout>([
  [METADATA_ONLY, layoutWith(['metadata', ref('meta.v1.ObjectMeta')])],
  [
    `${METADATA_ONLY}List`,
    layoutWith(['metadata', ref('meta.v1.ListMeta')], ['items', { t: 'array', i: ref(METADATA_ONLY) }]),
  ],
])

/** @returns whether objects of this type can be written as protobuf. */
export const hasMessage = (schemaId: string): boolean => Object.hasOwn(table, schemaId) || layouts.has(schemaId)

function layoutOf(schemaId: string): Layout {
  const known = layouts.get(schemaId)
  if (known) return known
  const layout = emptyLayout()
  const type = typeFact(schemaId)
  for (const [name, path] of Object.entries(table[schemaId] ?? {})) {
    const fact = (schemaId === SCHEMA ? UNION_FIELDS[name] : undefined) ?? fieldFact(type, name)
    if (!fact) continue
    let at = layout
    for (const step of path.slice(0, -1)) {
      const next: Layout = at.embedded.get(step) ?? emptyLayout()
      at.embedded.set(step, next)
      at = next
    }
    const last = path.at(-1) ?? 0
    addField(at, { number: Math.abs(last), name, fact, omitsZero: last < 0 })
  }
  layouts.set(schemaId, layout)
  return layout
}

/** @returns the message without the envelope: type and version are not in it. */
export function encodeMessage(schemaId: string, object: unknown): Buffer {
  const writer = new Writer()
  writeMessage(writer, schemaId, object)
  return writer.finish()
}

function writeMessage(writer: Writer, schemaId: string, object: unknown): void {
  if (isObject(object)) writeLayout(writer, layoutOf(schemaId), object)
}

/** As encodeMessage(). */
export function* encodeMessageInPieces(schemaId: string, object: unknown): Pieces<Buffer> {
  const writer = new Writer()
  yield* writeMessageInPieces(writer, schemaId, object)
  return writer.finish()
}

function* writeMessageInPieces(writer: Writer, schemaId: string, object: unknown): Pieces<void> {
  if (!isObject(object) || !isLarge(object)) return writeMessage(writer, schemaId, object)
  const layout = layoutOf(schemaId)
  for (const name of Object.keys(object)) {
    const field = layout.byName.get(name)
    const value = object[name]
    if (field && value !== undefined && value !== null)
      yield* writeFieldInPieces(writer, field.number, value, field.fact)
  }
  writeEmbedded(writer, layout, object)
}

/** Fields come in the object's order: it has a few of those that its type knows. */
function writeLayout(writer: Writer, layout: Layout, object: JsonObject): void {
  for (const name of Object.keys(object)) {
    const field = layout.byName.get(name)
    if (!field) continue
    const value = object[name]
    if (value !== undefined && value !== null) writeField(writer, field.number, value, field.fact)
  }
  writeEmbedded(writer, layout, object)
}

function writeEmbedded(writer: Writer, layout: Layout, object: JsonObject): void {
  for (const [number, inner] of layout.embedded) {
    const before = writer.length
    const start = writer.begin(number)
    writeLayout(writer, inner, object)
    if (writer.length === start) writer.rewind(before)
    else writer.end(start)
  }
}

const ANY: FieldFact = { t: 'any' }

function writeField(writer: Writer, number: number, value: unknown, fact: FieldFact): void {
  if (fact.t === 'array') {
    const item = fact.i ?? ANY
    if (Array.isArray(value)) for (const element of value as unknown[]) writeField(writer, number, element, item)
  } else if (fact.t === 'map') {
    if (isObject(value)) writeMap(writer, number, value, fact.i ?? ANY)
  } else if (fact.t === 'ref') {
    const start = writer.begin(number)
    writeMessage(writer, fact.r ?? '', value)
    writer.end(start)
  } else {
    const union = UNIONS.get(fact)
    if (union) writeUnion(writer, number, value, union)
    else encodeScalar(writer, number, value, fact)
  }
}

/** As writeField(). */
function* writeFieldInPieces(writer: Writer, number: number, value: unknown, fact: FieldFact): Pieces<void> {
  if (!isLarge(value)) return writeField(writer, number, value, fact)
  yield
  if (fact.t === 'array' && Array.isArray(value)) {
    const item = fact.i ?? ANY
    for (const [i, element] of value.entries()) {
      yield* writeFieldInPieces(writer, number, element, item)
      if (i % FEW_ENTRIES === 0) yield
    }
  } else if (fact.t === 'map' && isObject(value)) {
    const item = fact.i ?? ANY
    const keys = Object.keys(value).sort()
    yield
    for (const [i, key] of keys.entries()) {
      writeEntry(writer, number, key, value[key], item)
      if (i % FEW_ENTRIES === 0) yield
    }
  } else if (fact.t === 'ref') {
    const start = writer.begin(number)
    yield* writeMessageInPieces(writer, fact.r ?? '', value)
    writer.end(start)
  } else if (UNIONS.has(fact)) writeField(writer, number, value, fact)
  // Raw JSON, such as who owns what.
  else writeTextMessage(writer, number, yield* encodeJsonInPieces(value))
}

function writeMap(writer: Writer, number: number, map: JsonObject, item: FieldFact): void {
  for (const key of Object.keys(map).sort()) writeEntry(writer, number, key, map[key], item)
}

function writeEntry(writer: Writer, number: number, key: string, value: unknown, item: FieldFact): void {
  const entry = writer.begin(number)
  writer.text(1, key)
  // A list as a map's value is a message of its own, with the items in field 1.
  if (item.t === 'array') {
    const list = writer.begin(2)
    writeField(writer, 1, value, item)
    writer.end(list)
  } else writeField(writer, 2, value, item)
  writer.end(entry)
}

function writeUnion(writer: Writer, number: number, value: unknown, { schema, other, kind }: Union): void {
  const message = writer.begin(number)
  if (kind === 'bool') writer.integer(other, isObject(value) || value === true ? 1 : 0)
  if (isObject(value)) writeSchema(writer, schema, value)
  for (const item of Array.isArray(value) ? (value as unknown[]) : [])
    if (kind === 'schemas') writeSchema(writer, other, item)
    else writer.text(other, String(item))
  writer.end(message)
}

function writeSchema(writer: Writer, number: number, value: unknown): void {
  const start = writer.begin(number)
  writeMessage(writer, SCHEMA, value)
  writer.end(start)
}

function decodeUnion(bytes: Buffer, { schema, other, kind }: Union, depth: number): unknown {
  if (depth > MAX_DEPTH) throw new WireError(`exceeded max depth of ${MAX_DEPTH}`)
  let whole: JsonObject | undefined
  let allows = false
  const items: unknown[] = []
  for (const { number, value } of readFields(bytes)) {
    if (number === schema) whole = decodeMessage(SCHEMA, bytesOf(value), depth + 1)
    else if (number !== other) continue
    else if (kind === 'bool') allows = value !== 0
    else
      items.push(
        kind === 'schemas' ? decodeMessage(SCHEMA, bytesOf(value), depth + 1) : bytesOf(value).toString('utf8'),
      )
  }
  return whole ?? (kind === 'bool' ? allows : items)
}

/** @throws WireError for bytes that are no such message */
export function decodeMessage(schemaId: string, bytes: Buffer, depth = 0): JsonObject {
  const object: JsonObject = {}
  readLayout(layoutOf(schemaId), bytes, object, depth)
  return object
}

function readLayout(layout: Layout, bytes: Buffer, object: JsonObject, depth: number): void {
  if (depth > MAX_DEPTH) throw new WireError(`exceeded max depth of ${MAX_DEPTH}`)
  for (const wire of readFields(bytes)) readWireField(layout, wire, object, depth)
}

function readWireField(layout: Layout, { number, value }: WireField, object: JsonObject, depth: number): void {
  const embedded = layout.embedded.get(number)
  if (embedded && Buffer.isBuffer(value)) readLayout(embedded, value, object, depth + 1)
  const field = layout.fields.get(number)
  if (!field) return
  const decoded = readField(getField(object, field.name), value, field.fact, depth + 1)
  const isZero = decoded === '' || decoded === 0 || decoded === false
  if (decoded === undefined || (field.omitsZero && isZero && isScalar(field.fact))) return
  setField(object, field.name, decoded)
}

/** Messages up to this size are decoded in one go: well below a millisecond. */
const IN_ONE_GO_BYTES = 16 * 1024

/** The message holds more fields than the caller wants to work on. */
export class TooManyFields extends Error {
  override readonly name = 'TooManyFields'
}

/** Reads raw JSON that is long; others have their turn meanwhile. @returns undefined for none. @throws Error */
export type ReadRaw = (text: Buffer) => Promise<unknown>

interface Slices {
  readonly pacer: Pacer
  readonly readRaw: ReadRaw
  /** Fields of large messages that may still come. */
  left: number
}

/**
 * As decodeMessage(), with turns of the event loop in between.
 * @throws WireError for bytes that are no such message
 * @throws TooManyFields
 */
export async function decodeMessageInSlices(
  schemaId: string,
  bytes: Buffer,
  { maxFields, readRaw }: { readonly maxFields: number; readonly readRaw: ReadRaw },
): Promise<JsonObject> {
  const object: JsonObject = {}
  await readLayoutInSlices(layoutOf(schemaId), bytes, object, 0, { pacer: new Pacer(), readRaw, left: maxFields })
  return object
}

async function readLayoutInSlices(
  layout: Layout,
  bytes: Buffer,
  object: JsonObject,
  depth: number,
  slices: Slices,
): Promise<void> {
  if (bytes.length <= IN_ONE_GO_BYTES) return readLayout(layout, bytes, object, depth)
  if (depth > MAX_DEPTH) throw new WireError(`exceeded max depth of ${MAX_DEPTH}`)
  for (const wire of readFields(bytes)) {
    if (--slices.left < 0) throw new TooManyFields()
    if (slices.pacer.due) await slices.pacer.pause()
    const { number, value } = wire
    const fact = layout.fields.get(number)?.fact
    const item = fact?.t === 'array' ? fact.i : fact
    const isRaw = item !== undefined && (item.t === 'raw' || item.t === 'any') && !UNIONS.has(item)
    if (!fact || !item || !Buffer.isBuffer(value) || value.length <= IN_ONE_GO_BYTES || (item.t !== 'ref' && !isRaw)) {
      readWireField(layout, wire, object, depth)
      continue
    }
    let inner: unknown
    if (isRaw) inner = await slices.readRaw(rawTextOf(value))
    else {
      const message: JsonObject = {}
      await readLayoutInSlices(layoutOf(item.r ?? ''), value, message, depth + 1, slices)
      inner = message
    }
    if (inner === undefined) continue
    const name = layout.fields.get(number)?.name ?? ''
    const before = getField(object, name)
    setField(
      object,
      name,
      fact.t === 'array' ? [...(Array.isArray(before) ? (before as unknown[]) : []), inner] : inner,
    )
  }
}

type WireValue = WireField['value']

/** @param before what earlier occurrences of the field made: lists and maps come one item at a time */
function readField(before: unknown, value: WireValue, fact: FieldFact, depth: number): unknown {
  const item: FieldFact = fact.i ?? { t: 'any' }
  if (fact.t === 'array') {
    const list = Array.isArray(before) ? (before as unknown[]) : []
    list.push(readField(undefined, value, item, depth))
    return list
  }
  if (fact.t === 'map') {
    const map = isObject(before) ? before : {}
    let key = ''
    let entry: unknown
    for (const part of readFields(bytesOf(value))) {
      if (part.number === 1) key = bytesOf(part.value).toString('utf8')
      else if (part.number === 2)
        entry =
          item.t === 'array'
            ? readList(bytesOf(part.value), item, depth)
            : readField(undefined, part.value, item, depth + 1)
    }
    setField(map, key, entry ?? emptyOf(item))
    return map
  }
  if (fact.t === 'ref') return decodeMessage(fact.r ?? '', bytesOf(value), depth)
  const union = UNIONS.get(fact)
  if (union) return decodeUnion(bytesOf(value), union, depth)
  return decodeScalar(value, fact)
}

function readList(bytes: Buffer, fact: FieldFact, depth: number): unknown {
  let list: unknown = []
  for (const { number, value } of readFields(bytes)) if (number === 1) list = readField(list, value, fact, depth + 1)
  return list
}

const emptyOf = (fact: FieldFact): unknown =>
  fact.t === 'ref' ? {} : fact.t === 'array' ? [] : fact.t === 'string' || fact.t === 'bytes' ? '' : undefined

function bytesOf(value: WireValue): Buffer {
  if (Buffer.isBuffer(value)) return value
  throw new WireError('proto: wrong wireType')
}
