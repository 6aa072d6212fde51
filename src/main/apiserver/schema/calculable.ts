// Numbers of built-in kinds as they are read, also where an older version wrote them otherwise: fractions, such as the
// bounds of a schema, are doubles, and amounts of resources are whole thousandths.
import type { AnyObject } from '../../../shared/machinery/object.ts'
import { isObject } from '../../../shared/machinery/json-object.ts'
import { fieldFact, schemaIdOf, typeFact } from './table.ts'
import type { FieldFact } from './facts.ts'
import { inWholeThousandths, isResourceList } from './resource-lists.ts'

/**
 * @param owner the type that has the field
 * @returns what takes the value's place: the value itself where nothing is to be changed
 */
function narrowed(value: unknown, fact: FieldFact | undefined, owner = ''): unknown {
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
  const inner = (part: unknown, key: string) =>
    isResourceList(owner, fact) ? inWholeThousandths(part) : narrowed(part, factOf(key), r)
  if (Array.isArray(value)) {
    const items = value.map(item => inner(item, ''))
    return items.some((item, i) => item !== value[i]) ? items : value
  }
  if (!isObject(value)) return value
  const changed = Object.keys(value).flatMap(key => {
    const part = inner(value[key], key)
    return part === value[key] ? [] : [[key, part] as const]
  })
  return changed.length === 0 ? value : { ...value, ...Object.fromEntries(changed) }
}

/** @returns the object itself unless there is something to be changed; custom resources keep every digit */
export function withCalculableNumbers(object: AnyObject): AnyObject {
  const id = schemaIdOf(object.apiVersion, object.kind)
  return id === undefined ? object : (narrowed(object, { t: 'ref', r: id }) as AnyObject)
}
