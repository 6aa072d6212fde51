// The version 2 document as protobuf, which is the only form that some clients ask for (client-go's OpenAPISchema, and
// `kubectl explain --output=plaintext-openapiv2`).
//
// Field numbers are those of openapi.v2 (gnostic's OpenAPIv2.proto). Values of any shape travel as YAML, and JSON is YAML.
// What extension servers say may be of any shape as well: what does not fit is left out, and the rest stays readable.
import { isObject, type JsonObject } from '../../../shared/machinery/json-object.ts'
import { Writer } from '../../../shared/protobuf/wire.ts'
import { encodeJson } from '../../../shared/machinery/json-text.ts'

/** Writes a value of JSON as the field of a message. */
type Put = (writer: Writer, field: number, value: unknown) => void
interface Message {
  readonly fields: Readonly<Record<string, readonly [field: number, put: Put]>>
  /** Where `x-…` go. */
  readonly extensions: number
}

const text: Put = (writer, field, value) =>
  writer.text(field, typeof value === 'object' ? encodeJson(value) : String(value))
const flag: Put = (writer, field, value) => value === true && writer.integer(field, 1)
const whole: Put = (writer, field, value) => {
  if (typeof value === 'bigint' || Number.isSafeInteger(value)) writer.integer(field, value as number | bigint)
}
const double: Put = (writer, field, value) => writer.double(field, Number(value))
const each =
  (put: Put): Put =>
  (writer, field, value) => {
    for (const item of Array.isArray(value) ? (value as unknown[]) : [value]) put(writer, field, item)
  }
const texts = each(text)

const built = (write: (writer: Writer) => void): Buffer => {
  const writer = new Writer()
  write(writer)
  return writer.finish()
}
/** A message that holds nothing but one field. */
const within =
  (inner: number, put: Put): Put =>
  (writer, field, value) =>
    writer.bytes(
      field,
      built(own => put(own, inner, value)),
    )
const any = within(2, (writer, field, value) => writer.text(field, `${encodeJson(value)}\n`))
const entry =
  (put: Put) =>
  (writer: Writer, field: number, [name, value]: readonly [string, unknown]): void => {
    writer.bytes(
      field,
      built(own => put(own.text(1, name), 2, value)),
    )
  }
const anyEntry = entry(any)
/** Maps are lists of names and values. */
const entries =
  (put: Put): Put =>
  (writer, field, value) => {
    const one = entry(put)
    for (const pair of isObject(value) ? Object.entries(value) : []) one(writer, field, pair)
  }
const message =
  (describe: () => Message): Put =>
  (writer, field, value) =>
    writer.bytes(field, encoded(describe(), value))

function encoded({ fields, extensions }: Message, value: unknown): Buffer {
  return built(writer => {
    for (const [name, inner] of isObject(value) ? Object.entries(value) : []) {
      const known = Object.hasOwn(fields, name) ? fields[name] : undefined
      if (known) known[1](writer, known[0], inner)
      else if (name.startsWith('x-')) anyEntry(writer, extensions, [name, inner])
    }
  })
}

const schema = message(() => SCHEMA)
const SCHEMA: Message = {
  extensions: 31,
  fields: {
    $ref: [1, text],
    format: [2, text],
    title: [3, text],
    description: [4, text],
    default: [5, any],
    multipleOf: [6, double],
    maximum: [7, double],
    exclusiveMaximum: [8, flag],
    minimum: [9, double],
    exclusiveMinimum: [10, flag],
    maxLength: [11, whole],
    minLength: [12, whole],
    pattern: [13, text],
    maxItems: [14, whole],
    minItems: [15, whole],
    uniqueItems: [16, flag],
    maxProperties: [17, whole],
    minProperties: [18, whole],
    required: [19, texts],
    enum: [20, each(any)],
    additionalProperties: [
      21,
      (writer, field, value) =>
        (typeof value === 'boolean' ? within(2, flag) : within(1, schema))(writer, field, value),
    ],
    type: [22, within(1, texts)],
    items: [23, within(1, schema)],
    allOf: [24, each(schema)],
    properties: [25, within(1, entries(schema))],
    example: [30, any],
  },
}

const body = message(() => ({
  extensions: 6,
  fields: { description: [1, text], name: [2, text], in: [3, text], required: [4, flag], schema: [5, schema] },
}))
const inUrl = { required: [1, flag], in: [2, text], description: [3, text], name: [4, text] } as const
const query = message(() => ({ extensions: 23, fields: { ...inUrl, type: [6, text], uniqueItems: [20, flag] } }))
const path = message(() => ({ extensions: 22, fields: { ...inUrl, type: [5, text], uniqueItems: [19, flag] } }))
const reference = message(() => ({ extensions: 0, fields: { $ref: [1, text] } }))
const ownParameter: Put = (writer, field, value) => {
  const where = isObject(value) ? value['in'] : undefined
  const put = where === 'body' ? within(1, body) : within(2, where === 'path' ? within(4, path) : within(3, query))
  put(writer, field, value)
}
const parameter: Put = (writer, field, value) => {
  if (!isObject(value)) return
  within('$ref' in value ? 2 : 1, '$ref' in value ? reference : ownParameter)(writer, field, value)
}

const response = message(() => ({
  extensions: 5,
  fields: { description: [1, text], schema: [2, within(1, schema)] },
}))
const operation = message(() => ({
  extensions: 13,
  fields: {
    tags: [1, texts],
    summary: [2, text],
    description: [3, text],
    operationId: [5, text],
    produces: [6, texts],
    consumes: [7, texts],
    parameters: [8, each(parameter)],
    responses: [9, within(1, entries(within(1, response)))],
  },
}))
const pathItem = message(() => ({
  extensions: 10,
  fields: {
    get: [2, operation],
    put: [3, operation],
    post: [4, operation],
    delete: [5, operation],
    patch: [8, operation],
    parameters: [9, each(parameter)],
  },
}))
const info = message(() => ({ extensions: 7, fields: { title: [1, text], version: [2, text] } }))
const apiKey = message(() => ({
  extensions: 5,
  fields: { type: [1, text], name: [2, text], in: [3, text], description: [4, text] },
}))
const requirement = within(1, (writer, field, value) => entries(within(1, texts))(writer, field, value))

/** @returns bytes that are put together to the list of all paths */
export const encodedPath = (name: string, item: unknown): Buffer =>
  built(writer => entry(pathItem)(writer, 2, [name, item]))
export const encodedDefinition = (name: string, definition: unknown): Buffer =>
  built(writer => entry(schema)(writer, 1, [name, definition]))

export interface Head {
  readonly info: JsonObject
  readonly security: readonly JsonObject[]
  readonly securityDefinitions: JsonObject
  readonly parameters: JsonObject
}

export function encodedDocument(head: Head, paths: readonly Buffer[], definitions: readonly Buffer[]): Buffer {
  return built(writer => {
    writer.text(1, '2.0')
    info(writer, 2, head.info)
    writer.bytes(8, Buffer.concat(paths)).bytes(9, Buffer.concat(definitions))
    within(1, entries(ownParameter))(writer, 10, head.parameters)
    each(requirement)(writer, 12, head.security)
    within(1, entries(within(2, apiKey)))(writer, 13, head.securityDefinitions)
  })
}
