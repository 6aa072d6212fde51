// The `fieldPath` of a rule: `.a.b`, `.a['b.c']`; fields that the schema has, and keys of maps.
import { type Schema, schemaIn, propertyOf } from '../schema.ts'

const PART = /\.([^.[\]]+)|\['((?:[^'\\]|\\.)*)'\]/y
const ESCAPES: Readonly<Record<string, string>> = {
  a: '\x07',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
  "'": "'",
  '\\': '\\',
}

/** @returns the path as it is printed, such as `.a.b[key]`; undefined when it leads nowhere in the schema */
export function normalFieldPath(path: string, root: Schema): string | undefined {
  let schema: Schema = root
  let printed = ''
  let at = 0
  while (at < path.length) {
    PART.lastIndex = at
    const match = PART.exec(path)
    if (!match) return undefined
    at = PART.lastIndex
    const [, plain, quoted = ''] = match
    if (plain === undefined && /\\(?![abfnrtv'\\])/.test(quoted)) return undefined
    const name = plain ?? quoted.replace(/\\(.)/g, (_all, ch: string) => ESCAPES[ch] ?? ch)
    const additional = schemaIn(schema.additionalProperties)
    const next = schema.properties ? propertyOf(schema, name) : additional
    if (!next) return undefined
    printed += schema.properties ? `.${name}` : `[${name}]`
    schema = next
  }
  return printed === '' ? undefined : printed
}
