// The types of a kind's objects, for checking expressions before any object comes.
import { schemaTypes, typeFact } from '../../schema/table.ts'
import type { FieldFact } from '../../schema/facts.ts'
import type { CustomSchema, ResourceDescriptor } from '../../registry/resource.ts'
import { declaredType } from '../../apiextensions/rules/schema-type.ts'
import { BOOL, BYTES, type CelType, DOUBLE, DYN, INT, listOf, mapOf, STRING, TIMESTAMP } from '../../../cel/types.ts'
import { escapeName } from '../../../cel/values.ts'

const known = new Map<string, CelType>()

function typeOf(fact: FieldFact | undefined): CelType {
  switch (fact?.t) {
    case 'string':
      return STRING
    case 'integer':
      return INT
    case 'number':
      return DOUBLE
    case 'boolean':
      return BOOL
    case 'bytes':
      return BYTES
    case 'time':
    case 'microTime':
      return TIMESTAMP
    case 'array':
      return listOf(typeOf(fact.i))
    case 'map':
      return mapOf(STRING, typeOf(fact.i))
    case 'ref':
      return fact.r === undefined ? DYN : tableType(fact.r)
    default:
      return DYN
  }
}

/** Fields are looked up when an expression names them: types refer to themselves and to many others. */
function tableType(id: string): CelType {
  if (!Object.hasOwn(schemaTypes, id)) return DYN
  let type = known.get(id)
  if (!type) {
    const { fields, rest } = typeFact(id)
    const names = new Map(Object.keys(fields).map(name => [escapeName(name) ?? name, name]))
    type = {
      kind: 'object',
      name: id,
      fields: { get: name => (names.has(name) ? typeOf(fields[names.get(name) ?? '']) : rest ? DYN : undefined) },
    }
    known.set(id, type)
  }
  return type
}

/** What a schema leaves open may be anything. */
function customType({ openapi }: CustomSchema, name: string): CelType {
  const declared = declaredType(openapi, name, true)
  const properties = openapi.properties ?? {}
  if (!declared?.fields || openapi['x-kubernetes-preserve-unknown-fields']) return DYN
  const { fields } = declared
  const get = (field: string) => {
    if (field === 'metadata') return tableType('meta.v1.ObjectMeta')
    return fields.get(field) ?? (Object.hasOwn(properties, field) ? DYN : undefined)
  }
  return { ...declared, fields: { get } }
}

export const objectTypeOf = ({ schema, custom }: ResourceDescriptor): CelType =>
  custom ? customType(custom, schema) : tableType(schema)
