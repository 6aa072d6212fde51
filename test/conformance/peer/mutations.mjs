// Objects with one thing wrong (or only other) in each: every field of an object is taken away, emptied, made too long,
// negative, of another type, doubled; every field that its schema has besides is put in.

const LONG = 'x'.repeat(300)
const clone = value => structuredClone(value)

function* otherValues(value) {
  if (typeof value === 'string') yield* ['', 'Bad_Value!', LONG, 5]
  else if (typeof value === 'number') yield* [0, -1, 70_000, 'text']
  else if (typeof value === 'boolean') yield* [!value, 'text']
  else if (Array.isArray(value)) yield* [[], 'text', ...(value.length > 0 ? [[...value, value[0]]] : [])]
  else yield* [{}, 'text']
}

/** What a field that is not there may be set to. */
function valuesOf(schema, schemas) {
  const { type, format, items, additionalProperties, enum: options } = resolve(schema, schemas)
  if (options) return [options[0], 'Unknown']
  if (type === 'string') return format === 'date-time' ? ['2026-01-01T00:00:00Z', 'x'] : ['', 'abc', 'Bad_Value!']
  if (type === 'integer' || type === 'number') return [0, 1, -1]
  if (type === 'boolean') return [true, false]
  if (type === 'array') {
    const item = resolve(items, schemas)
    return item.type === 'string' ? [['abc'], ['', 'Bad_Value!'], ['a', 'a']] : [[{}]]
  }
  if (additionalProperties) return [{ 'bad key!': 'x' }, { 'example.com/a': '1' }]
  if (schema.$ref?.endsWith('Quantity') || format === 'int-or-string') return ['1', -1, 'bad']
  return [{}]
}

/** @returns a schema without references and wrappers */
export function resolve(schema = {}, schemas) {
  const wrapped = schema.allOf?.[0] ?? schema
  const ref = wrapped.$ref?.split('/').at(-1)
  if (ref === undefined) return wrapped.oneOf ? { ...wrapped, format: 'int-or-string' } : wrapped
  return resolve(schemas[ref], schemas)
}

/** @returns {Generator<{ name: string, value: object }>} an object a change */
export function* mutations(object, schema, schemas, skip = () => false) {
  for (const { path, parent, key, fieldSchema } of fields(object, schema, schemas, [])) {
    const name = path.join('.')
    if (skip(name)) continue
    const put = value => {
      const copy = clone(object)
      const holder = path.slice(0, -1).reduce((at, step) => at[step], copy)
      if (value === undefined) Array.isArray(holder) ? holder.splice(key, 1) : delete holder[key]
      else holder[key] = value
      return copy
    }
    if (parent[key] === undefined) {
      for (const value of valuesOf(fieldSchema, schemas))
        yield { name: `${name} = ${JSON.stringify(value)}`, value: put(value) }
      continue
    }
    yield { name: `${name} taken away`, value: put(undefined) }
    for (const value of otherValues(parent[key])) {
      const text = value === LONG ? '300 letters' : JSON.stringify(value).slice(0, 60)
      yield { name: `${name} = ${text}`, value: put(value) }
    }
  }
}

/** Every field of the object, and every one that it could have besides. */
function* fields(value, schema, schemas, path) {
  const { properties = {}, items, additionalProperties } = resolve(schema, schemas)
  if (Array.isArray(value)) {
    for (const [key, item] of value.entries()) yield* one(key, item, items)
    return
  }
  if (typeof value !== 'object' || value === null) return
  for (const key of new Set([...Object.keys(value), ...Object.keys(properties)]))
    yield* one(key, value[key], properties[key] ?? additionalProperties)
  function* one(key, item, fieldSchema) {
    yield { path: [...path, key], parent: value, key, fieldSchema }
    yield* fields(item, fieldSchema, schemas, [...path, key])
  }
}
