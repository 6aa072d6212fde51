// Fractions of built-in kinds, such as the bounds of a schema, are doubles, also where JSON has them as long whole numbers.
import type { AnyObject } from '../../../shared/machinery/object.ts'
import { isObject } from '../../../shared/machinery/json-object.ts'
import { fieldFact, schemaIdOf, typeFact } from './table.ts'
import type { FieldFact } from './facts.ts'

/** @returns what takes the value's place: the value itself where nothing is to be changed */
function narrowed(value: unknown, fact: FieldFact | undefined): unknown {
  if (!fact) return value
  if (typeof value === 'bigint' && fact.t === 'number') return Number(value)
  const { r = '' } = fact
  const factOf =
    fact.t === 'ref'
      ? (key: string) => fieldFact(typeFact(r), key)
      : fact.t === 'array' || fact.t === 'map'
        ? () => fact.i
        : undefined
  if (!factOf) return value
  if (Array.isArray(value)) {
    const items = value.map(item => narrowed(item, factOf('')))
    return items.some((item, i) => item !== value[i]) ? items : value
  }
  if (!isObject(value)) return value
  const changed = Object.keys(value).flatMap(key => {
    const inner = narrowed(value[key], factOf(key))
    return inner === value[key] ? [] : [[key, inner] as const]
  })
  return changed.length === 0 ? value : { ...value, ...Object.fromEntries(changed) }
}

/** @returns the object itself unless there is something to be changed; custom resources keep every digit */
export function withCalculableNumbers(object: AnyObject): AnyObject {
  const id = schemaIdOf(object.apiVersion, object.kind)
  return id === undefined ? object : (narrowed(object, { t: 'ref', r: id }) as AnyObject)
}
