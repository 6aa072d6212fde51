// The types of expressions, as CEL prints them: `int`, `list(string)`, `map(string, dyn)`, `optional_type(int)`.

export type Kind =
  | 'dyn'
  | 'null'
  | 'bool'
  | 'int'
  | 'uint'
  | 'double'
  | 'string'
  | 'bytes'
  | 'timestamp'
  | 'duration'
  | 'type'
  | 'list'
  | 'map'
  | 'object'
  | 'optional'
  | 'opaque'
  | 'param'

export interface CelType {
  readonly kind: Kind
  readonly name: string
  /** `map`: its keys. */
  readonly key?: CelType
  /** `list`, `map`, `optional`, `type`: what it holds. */
  readonly elem?: CelType
  /** `object`: types of the fields by their names in expressions; a getter may build them when first asked. */
  readonly fields?: { get(name: string): CelType | undefined }
  /** Lists that are sets or maps by key: they are equal, and joined, without regard to order. */
  readonly listType?: 'set' | 'map'
  readonly listKeys?: readonly string[]
  /** Upper bound of characters, bytes, items or entries; for cost estimates. */
  readonly maxElements?: number
  /** Bytes of the shortest JSON text; for cost estimates. */
  readonly minSize?: number
}

const simple = (kind: Kind, name: string = kind): CelType => ({ kind, name })

export const DYN = simple('dyn')
/** What nothing says yet, such as the items of `[]`: it may become any type. */
export const OPEN = simple('dyn')
export const NULL = simple('null', 'null')
export const BOOL: CelType = { kind: 'bool', name: 'bool', minSize: 4 }
export const INT: CelType = { kind: 'int', name: 'int', minSize: 1 }
export const UINT = simple('uint')
export const DOUBLE: CelType = { kind: 'double', name: 'double', minSize: 1 }
export const STRING = simple('string')
export const BYTES = simple('bytes')
export const TIMESTAMP = simple('timestamp')
export const DURATION = simple('duration')
export const TYPE = simple('type')

export const listOf = (elem: CelType, more: Partial<CelType> = {}): CelType => ({
  kind: 'list',
  name: `list(${elem.name})`,
  elem,
  ...more,
})
export const mapOf = (key: CelType, elem: CelType, more: Partial<CelType> = {}): CelType => ({
  kind: 'map',
  name: `map(${key.name}, ${elem.name})`,
  key,
  elem,
  ...more,
})
export const optionalOf = (elem: CelType): CelType => ({ kind: 'optional', name: `optional_type(${elem.name})`, elem })
export const opaque = (name: string): CelType => ({ kind: 'opaque', name })
const param = (name: string): CelType => ({ kind: 'param', name })

const NAMED: Readonly<Record<string, CelType>> = {
  dyn: DYN,
  null: NULL,
  bool: BOOL,
  int: INT,
  uint: UINT,
  double: DOUBLE,
  string: STRING,
  bytes: BYTES,
  timestamp: TIMESTAMP,
  duration: DURATION,
  type: TYPE,
  A: param('A'),
  B: param('B'),
}

/** Reads a type of a signature: `list(A)`, `optional_type(string)`; an unknown name is an opaque type. */
export function typeFrom(text: string): CelType {
  const open = text.indexOf('(')
  if (open < 0) return NAMED[text] ?? opaque(text)
  const inside = text.slice(open + 1, -1)
  const comma = inside.startsWith('map(') || inside.startsWith('list(') ? -1 : inside.indexOf(',')
  if (text.startsWith('map(')) return mapOf(typeFrom(inside.slice(0, comma)), typeFrom(inside.slice(comma + 1).trim()))
  return text.startsWith('list(') ? listOf(typeFrom(inside)) : optionalOf(typeFrom(inside))
}

/** What the parameters of a generic signature stand for. */
export type Bindings = Map<string, CelType>

const NULLABLE: ReadonlySet<Kind> = new Set(['object', 'opaque', 'optional', 'timestamp', 'duration', 'null'])

/** @returns whether a value of one type may stand where the other is expected; binds the expected type's parameters. */
export function assignable(expected: CelType, given: CelType, bindings: Bindings = new Map()): boolean {
  if (expected.kind === 'param') {
    const bound = bindings.get(expected.name)
    if (!bound) {
      bindings.set(expected.name, given)
      return true
    }
    if (!assignable(bound, given)) {
      if (!assignable(given, bound)) return false
      bindings.set(expected.name, given)
    } else bindings.set(expected.name, filled(bound, given))
    return true
  }
  if (expected.kind === 'dyn' || given.kind === 'dyn') return true
  if (given.kind === 'null') return NULLABLE.has(expected.kind)
  if (expected.kind === 'null') return NULLABLE.has(given.kind)
  if (expected.kind !== given.kind) return false
  switch (expected.kind) {
    case 'list':
    case 'optional':
      return assignable(expected.elem ?? DYN, given.elem ?? DYN, bindings)
    case 'map':
      return (
        assignable(expected.key ?? DYN, given.key ?? DYN, bindings) &&
        assignable(expected.elem ?? DYN, given.elem ?? DYN, bindings)
      )
    case 'object':
      return expected === given || expected.name === given.name
    case 'opaque':
      return expected.name === given.name
    default:
      return true
  }
}

/** @returns whether two types are one, as items of one list have to be; what may be anything is a type of its own */
export function isSameType(a: CelType, b: CelType): boolean {
  if (a === OPEN || b === OPEN) return true
  if (a.kind !== b.kind) return false
  if (a.kind === 'object' || a.kind === 'opaque') return a.name === b.name
  return isSameType(a.key ?? OPEN, b.key ?? OPEN) && isSameType(a.elem ?? OPEN, b.elem ?? OPEN)
}

/** @returns the first type, with what it leaves open as in the other one, which it is assignable from */
export function filled(type: CelType, other: CelType): CelType {
  if (type === OPEN) return other
  if (type.kind !== other.kind || !type.elem || !other.elem) return type
  const elem = filled(type.elem, other.elem)
  const key = type.key && other.key ? filled(type.key, other.key) : type.key
  if (elem === type.elem && key === type.key) return type
  if (type.kind === 'map') return mapOf(key ?? DYN, elem)
  return type.kind === 'list' ? listOf(elem) : type.kind === 'optional' ? optionalOf(elem) : type
}

/** Puts what the parameters stand for into a type; an unbound one may be anything. */
export function substitute(type: CelType, bindings: Bindings): CelType {
  switch (type.kind) {
    case 'param':
      return bindings.get(type.name) ?? OPEN
    case 'list':
      return listOf(substitute(type.elem ?? DYN, bindings))
    case 'optional':
      return optionalOf(substitute(type.elem ?? DYN, bindings))
    case 'map':
      return mapOf(substitute(type.key ?? DYN, bindings), substitute(type.elem ?? DYN, bindings))
    default:
      return type
  }
}
