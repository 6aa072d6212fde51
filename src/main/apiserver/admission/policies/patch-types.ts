// What mutations are made of: `Object{spec: Object.spec{replicas: 3}}` and `JSONPatch{op: "add", path: "/a", value: 1}`.
import { fn, type Library } from '../../../cel/library/declare.ts'
import { type CelType, DYN, STRING } from '../../../cel/types.ts'
import { isMap, List, type Value } from '../../../cel/values.ts'
import { escapeToken } from '../../../../shared/machinery/json-pointer.ts'

export const OBJECT = 'Object'
export const JSON_PATCH = 'JSONPatch'

const jsonPatch: CelType = {
  kind: 'object',
  name: JSON_PATCH,
  fields: new Map([
    ['op', STRING],
    ['path', STRING],
    ['from', STRING],
    ['value', DYN],
  ]),
}

/** `Object` and `Object.a.b` have any field: whether it exists is seen when the object is known. */
export function patchTypes(name: string): CelType | undefined {
  if (name === JSON_PATCH) return jsonPatch
  if (name !== OBJECT && !name.startsWith(`${OBJECT}.`)) return undefined
  return { kind: 'object', name, fields: { get: () => DYN } }
}

/** @returns what is wrong with the names of the types in a mutation: each says where it stands in the object */
export function misnamedTypes(value: Value, path: string = OBJECT): string[] {
  if (value instanceof List) return value.toArray().flatMap(item => misnamedTypes(item, path))
  if (typeof value !== 'object' || value === null || !isMap(value)) return []
  const { typeName } = value
  const own =
    typeName !== undefined && typeName !== path
      ? [`unexpected type name "${typeName}", expected "${path}", which matches field name path from root Object type`]
      : []
  return [...own, ...value.keys().flatMap(key => misnamedTypes(value.get(key) ?? null, `${path}.${String(key)}`))]
}

export const patchLibrary: Library = [
  fn('jsonpatch.escapeKey', 'string_jsonpatch_escapeKey_string', 'string -> string', escapeToken),
]
