// What Go's decoder says of JSON that is not of the type that it is read into.

export const jsonType = (value: unknown): string =>
  Array.isArray(value) ? 'array' : typeof value === 'boolean' ? 'bool' : typeof value

const ANY_MAP = 'map[string]interface {}'

/** @param value as parsed; undefined for an empty text */
export const cannotUnmarshal = (value: unknown, type = ANY_MAP): string =>
  value === undefined
    ? 'unexpected end of JSON input'
    : `json: cannot unmarshal ${jsonType(value)} into Go value of type ${type}`
