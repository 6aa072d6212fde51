// One small change of an object, drawn: of what it has, or of what its schema has besides; to what other objects have
// there, to what the schema allows, or to what no schema does.
import { numbers, pick, weigh } from '../draw.mjs'
import { resolve } from '../mutations.mjs'

const TEXTS = [
  ...['', 'a', 'A', 'Bad_Value!', '-a', 'a.b', 'a/b', 'a/b/c', '..', '*', ' a ', 'x'.repeat(300), 'é', '😀', 'a\nb'],
  ...['1', '01', '-1', '1.5', '1e3', '0x1', '100m', '1.5Gi', '1Ki', 'true', 'null', '50%', '10.0.0.1', '10.0.0.0/8'],
  ...['::1', '2026-01-01T00:00:00Z', '2026-01-01T00:00:00.123456Z', '2026-01-01', '1h', 'http://x', '\u0000', '\u2028'],
]
/** Numbers as they are written; JSON knows more ways than JavaScript prints. */
export const written = text => `\u0001${text}\u0001`
const NUMBERS = [
  ...[0, 1, 2, -1, 80, 65535, 65536, 2147483647, 2147483648, -2147483649, 1.5, '1'],
  ...['9223372036854775807', '9223372036854775808', '-0'].map(written),
]
const OTHERS = [null, true, 0, 'text', [], {}, [null], [{}], { a: null }, [[]], { '': 1 }]

/** @returns the JSON of a value, with numbers as they are written */
export const print = value => JSON.stringify(value, null, 0).replace(/"\\u0001([^"]*)\\u0001"/g, '$1')

/** Features that are off there: what they are set to is dropped, and owned. */
const OFF = new Set(['preferredHolder', 'schedulingGroup'])

const isObject = value => typeof value === 'object' && value !== null && !Array.isArray(value)
const refOf = (schema = {}) => (schema.allOf?.[0] ?? schema).$ref ?? (schema.items ? refOf(schema.items) : undefined)

/** What objects have in each field of each schema. */
export class Pool {
  #values = new Map()

  add(value, schema, schemas) {
    if (Array.isArray(value)) for (const item of value) this.add(item, resolve(schema, schemas).items, schemas)
    if (!isObject(value)) return
    const { properties = {}, additionalProperties } = resolve(schema, schemas)
    for (const [key, item] of Object.entries(value)) {
      const at = `${refOf(schema) ?? ''}.${properties[key] ? key : '*'}`
      this.#values.set(at, [...(this.#values.get(at) ?? []), item])
      this.add(item, properties[key] ?? additionalProperties, schemas)
    }
  }
  of(schema, key) {
    return this.#values.get(`${refOf(schema) ?? ''}.${key}`) ?? []
  }
}

function generate(draw, schema, schemas, depth = 0) {
  const { type, format, items, additionalProperties, properties, enum: options } = resolve(schema, schemas)
  if (options && draw() < 0.8) return pick(draw, options)
  if (type === 'string') return pick(draw, TEXTS)
  if (type === 'integer' || type === 'number') return pick(draw, NUMBERS)
  if (type === 'boolean') return draw() < 0.5
  if (format === 'int-or-string' || schema?.$ref?.endsWith('Quantity')) return pick(draw, [...NUMBERS, ...TEXTS])
  const more = () => generate(draw, items ?? additionalProperties ?? {}, schemas, depth + 1)
  if (type === 'array') return Array.from({ length: Math.floor(draw() * 3) }, more)
  if (additionalProperties) return Object.fromEntries(['a', 'b'].slice(0, Math.floor(draw() * 3)).map(k => [k, more()]))
  if (!properties) return pick(draw, OTHERS)
  if (depth > 3) return {}
  const chosen = Object.keys(properties).filter(key => !OFF.has(key) && draw() < 2 / Object.keys(properties).length)
  return Object.fromEntries(chosen.map(key => [key, generate(draw, properties[key], schemas, depth + 1)]))
}

/** What a field may be set to; `undefined` takes it away. */
function otherValue(draw, { now, schema, pooled, schemas }) {
  return weigh(draw, [
    [pooled.length > 0 ? 30 : 0, () => pick(draw, pooled)],
    [25, () => generate(draw, schema, schemas)],
    [now === undefined ? 0 : 15, () => undefined],
    [8, () => null],
    [8, () => pick(draw, OTHERS)],
    [Array.isArray(now) ? 15 : 0, () => [...now, ...now.slice(0, 1)]],
    [Array.isArray(now) ? 10 : 0, () => [...now].reverse()],
    [Array.isArray(now) ? 10 : 0, () => now.slice(1)],
    [isObject(now) ? 10 : 0, () => ({ ...now, unknown: pick(draw, OTHERS) })],
    [typeof now === 'number' ? 15 : 0, () => now + pick(draw, [1, -1])],
    [typeof now === 'boolean' ? 15 : 0, () => !now],
    [typeof now === 'string' ? 8 : 0, () => `${now}${pick(draw, ['1', '-', ' ', '.x'])}`],
  ])()
}

/**
 * @param root the first step of the path, where it is given (`status`)
 * @returns {{ path: (string | number)[], value: unknown }} what of the object becomes something else
 */
export function drawChange(seed, object, { schema, schemas, pool }, root) {
  const draw = numbers(seed)
  let [at, atSchema, path] = [object, schema, []]
  for (;;) {
    const { properties = {}, items, additionalProperties } = resolve(atSchema, schemas)
    const isList = Array.isArray(at)
    const have = isList ? [...at.keys()] : Object.keys(at).sort()
    const could = isList
      ? []
      : Object.keys(properties)
          .filter(key => !OFF.has(key))
          .sort()
    const other = isList ? [at.length] : [...could, ...(additionalProperties ? ['a', 'b', 'example.com/c'] : [])]
    const isRoot = path.length === 0
    const eligible = have.filter(key => !isRoot || !['apiVersion', 'kind', 'status'].includes(key) || draw() < 0.03)
    const key =
      isRoot && root
        ? root
        : weigh(draw, [
            [eligible.length > 0 ? 65 : 0, () => pick(draw, eligible)],
            [other.length > 0 ? 30 : 0, () => pick(draw, other)],
            [3, () => (isList ? at.length : 'unknown')],
          ])()
    const now = at[key]
    const fieldSchema = isList ? items : (properties[key] ?? additionalProperties)
    path = [...path, key]
    const deeper = typeof now === 'object' && now !== null && draw() < (path.length < 2 ? 0.95 : 0.8)
    if (!deeper) {
      const pooled = isList ? at : pool.of(atSchema, properties[key] ? key : '*')
      return { path, value: otherValue(draw, { now, schema: fieldSchema, pooled, schemas }) }
    }
    ;[at, atSchema] = [now, fieldSchema]
  }
}

/** @returns a copy of the object with the change made */
export function changed(object, { path, value }) {
  const copy = structuredClone(object)
  let holder = copy
  for (const step of path.slice(0, -1)) holder = holder[step]
  const last = path.at(-1)
  if (value !== undefined) holder[last] = value
  else if (Array.isArray(holder)) holder.splice(last, 1)
  else delete holder[last]
  return copy
}
