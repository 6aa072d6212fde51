// JSON maps whose keys come from users: `__proto__` is a key like any other.

export type JsonObject = Record<string, unknown>

/** @returns whether the value is a JSON map. */
export const isObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** @returns whether the value is a text, a number (a bigint where 64 bits need it), or a yes or no. */
export const isScalar = (value: unknown): value is string | number | bigint | boolean =>
  ['string', 'number', 'bigint', 'boolean'].includes(typeof value)

/** @returns the texts of a list, and none of what is no list */
export const textsOf = (value: unknown): string[] =>
  Array.isArray(value) ? value.filter((item): item is string => typeof item === 'string') : []

/** @returns the maps of a list, and none of what is no list */
export const objectsOf = (value: unknown): JsonObject[] => (Array.isArray(value) ? value.filter(isObject) : [])

/** Sets a field as own data; a plain assignment to `__proto__` would change the prototype instead. */
export function setField(object: JsonObject, key: string, value: unknown): void {
  if (key === '__proto__') {
    Object.defineProperty(object, key, { value, writable: true, enumerable: true, configurable: true })
  } else object[key] = value
}

/** @returns the own field, never an inherited one. */
export const getField = (object: JsonObject, key: string): unknown =>
  Object.hasOwn(object, key) ? object[key] : undefined

/** A deep copy of a JSON value; several times faster than structuredClone, and safe for hostile keys. */
export function cloneJson<T>(value: T): T {
  if (Array.isArray(value)) return value.map(cloneJson) as T
  if (!isObject(value)) return value
  const copy: JsonObject = {}
  for (const key of Object.keys(value)) setField(copy, key, cloneJson(value[key]))
  return copy as T
}
