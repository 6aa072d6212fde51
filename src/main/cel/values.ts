// Values while an expression runs. int is a bigint, double a number; lists and maps may be views of JSON that convert
// an item only when it is looked at, by the type that the schema declares.
import { getField, isObject, type JsonObject } from '../../shared/machinery/json-object.ts'
import { CelError } from './errors.ts'
import { RESERVED } from './reserved-words.ts'
import { type Duration, durationFrom, type Timestamp, timestampFrom } from './time.ts'
import { type CelType, DYN } from './types.ts'

export class Uint {
  readonly value: bigint
  constructor(value: bigint) {
    this.value = value
  }
}
export class TypeValue {
  readonly type: string
  constructor(type: string) {
    this.type = type
  }
}
export class Optional {
  readonly value: Value | undefined
  constructor(value?: Value) {
    this.value = value
  }
}
export const NONE = new Optional()

/** A value of a library's own type: a URL, an IP address, a quantity. */
export abstract class Opaque {
  abstract readonly type: string
  abstract equals(other: Opaque): boolean
  /** The size that costs are counted by. */
  readonly size: number = 1
}

export class List {
  readonly #raw: unknown[]
  readonly #convert: ((raw: unknown) => Value) | undefined
  readonly listType: CelType['listType']
  readonly listKeys: readonly string[]

  /** @param raw values, or with `convert` what they are made from */
  constructor(raw: readonly unknown[], convert?: (raw: unknown) => Value, type?: CelType) {
    this.#raw = raw as unknown[]
    this.#convert = convert
    this.listType = type?.listType
    this.listKeys = type?.listKeys ?? []
  }
  get size(): number {
    return this.#raw.length
  }
  at(index: number): Value {
    const raw = this.#raw[index]
    return this.#convert ? this.#convert(raw) : (raw as Value)
  }
  /** Only for a list that is still being made, by whoever made it. */
  append(value: Value): void {
    this.#raw.push(value)
  }
  *[Symbol.iterator](): Generator<Value> {
    for (let i = 0; i < this.#raw.length; i++) yield this.at(i)
  }
  toArray(): Value[] {
    return this.#raw.map((_, i) => this.at(i))
  }
}

/** What `a.b`, `a["b"]`, `in`, `has` and comprehensions need of a map or an object. */
export interface CelMap {
  readonly isMap: true
  /** Name of an object's type; undefined for a map. */
  readonly typeName: string | undefined
  readonly size: number
  get(key: Value): Value | undefined
  keys(): Value[]
}

export type Value =
  | null
  | boolean
  | bigint
  | number
  | string
  | Uint8Array
  | Uint
  | Timestamp
  | Duration
  | TypeValue
  | Optional
  | Opaque
  | List
  | CelMap

export const isMap = (value: Value): value is CelMap =>
  typeof value === 'object' && value !== null && (value as { isMap?: true }).isMap === true

/** Keys compare by value, integers of all kinds alike. */
function keyText(key: Value): string {
  if (typeof key === 'string') return `s${key}`
  if (typeof key === 'bigint') return `i${key}`
  if (key instanceof Uint) return `i${key.value}`
  if (typeof key === 'number') return Number.isInteger(key) ? `i${BigInt(key)}` : `d${key}`
  if (typeof key === 'boolean') return `b${key}`
  throw new CelError('unsupported key type')
}

/** A map that an expression made. */
export class LiteralMap implements CelMap {
  readonly isMap = true
  readonly typeName: string | undefined
  readonly #entries = new Map<string, readonly [Value, Value]>()

  constructor(entries: Iterable<readonly [Value, Value]> = [], typeName?: string) {
    this.typeName = typeName
    for (const [key, value] of entries) this.insert(key, value)
  }
  /** @throws CelError for a key that is there */
  insert(key: Value, value: Value): void {
    const text = keyText(key)
    if (this.#entries.has(text)) throw new CelError(`Failed with repeated key`)
    this.#entries.set(text, [key, value])
  }
  get size(): number {
    return this.#entries.size
  }
  get(key: Value): Value | undefined {
    return this.#entries.get(keyText(key))?.[1]
  }
  keys(): Value[] {
    return [...this.#entries.values()].map(([key]) => key)
  }
}

/** A JSON map, with one type for all values. */
class JsonMap implements CelMap {
  readonly isMap = true
  readonly typeName = undefined
  readonly #raw: JsonObject
  readonly #elem: CelType
  #size: number | undefined

  constructor(raw: JsonObject, elem: CelType) {
    this.#raw = raw
    this.#elem = elem
  }
  get size(): number {
    return (this.#size ??= Object.keys(this.#raw).length)
  }
  get(key: Value): Value | undefined {
    if (typeof key !== 'string') return undefined
    const raw = getField(this.#raw, key)
    return raw === undefined ? undefined : fromJson(raw, this.#elem)
  }
  keys(): Value[] {
    return Object.keys(this.#raw)
  }
}

/** A JSON object with declared fields. */
class JsonStruct implements CelMap {
  readonly isMap = true
  readonly typeName: string
  readonly #raw: JsonObject
  readonly #fields: NonNullable<CelType['fields']>

  constructor(raw: JsonObject, typeName: string, fields: NonNullable<CelType['fields']>) {
    this.#raw = raw
    this.typeName = typeName
    this.#fields = fields
  }
  get size(): number {
    return this.keys().length
  }
  get(key: Value): Value | undefined {
    if (typeof key !== 'string') return undefined
    const type = fieldType(this.#fields, key)
    if (!type) return undefined
    const raw = getField(this.#raw, unescapeName(key))
    return raw === undefined ? undefined : fromJson(raw, type)
  }
  keys(): Value[] {
    return Object.keys(this.#raw).flatMap(name => {
      const key = escapeName(name)
      return key !== undefined && this.#fields.get(key) ? [key] : []
    })
  }
}

const KEYWORDS: ReadonlySet<string> = new Set(['true', 'false', 'null', 'in', ...RESERVED])
const ESCAPED: Readonly<Record<string, string>> = {
  __: '__underscores__',
  '.': '__dot__',
  '-': '__dash__',
  '/': '__slash__',
}
const UNESCAPED = new Map(Object.entries(ESCAPED).map(([text, name]) => [name, text]))

/** The name by which an expression reads a property; undefined for one that cannot be written. */
export function escapeName(name: string): string | undefined {
  if (KEYWORDS.has(name)) return `__${name}__`
  if (!/^[A-Za-z_][A-Za-z0-9_./-]*$/.test(name)) return undefined
  return name.replace(/__|[./-]/g, part => ESCAPED[part] ?? part)
}

/** @returns a field's type; one whose name is a keyword is found by that as well. */
export const fieldType = (fields: CelType['fields'], name: string): CelType | undefined =>
  fields?.get(name) ?? (KEYWORDS.has(name) ? fields?.get(`__${name}__`) : undefined)

function unescapeName(key: string): string {
  if (!key.includes('__')) return key
  const keyword = key.slice(2, -2)
  if (key === `__${keyword}__` && KEYWORDS.has(keyword)) return keyword
  return key.replace(/__(?:underscores|dot|dash|slash)__/g, part => UNESCAPED.get(part) ?? part)
}

const number = (raw: number): Value => (Number.isInteger(raw) ? BigInt(raw) : raw)

/** @returns JSON as a value of the declared type; what does not fit is taken for what it is. */
export function fromJson(raw: unknown, type: CelType): Value {
  if (typeof raw === 'string') {
    if (type.kind === 'bytes') return Uint8Array.from(Buffer.from(raw, 'base64'))
    if (type.kind === 'timestamp') return timestampFrom(raw)
    if (type.kind === 'duration') return durationFrom(raw)
    return raw
  }
  if (typeof raw === 'number') return type.kind === 'double' ? raw : number(raw)
  if (typeof raw === 'bigint') return type.kind === 'double' ? Number(raw) : raw
  if (typeof raw === 'boolean') return raw
  if (Array.isArray(raw)) {
    const elem = type.elem ?? DYN
    return new List(raw, item => fromJson(item, elem), type)
  }
  if (!isObject(raw)) return null
  return type.kind === 'object' && type.fields
    ? new JsonStruct(raw, type.name, type.fields)
    : new JsonMap(raw, type.kind === 'map' ? (type.elem ?? DYN) : DYN)
}
