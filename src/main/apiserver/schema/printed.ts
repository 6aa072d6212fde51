// Which fields Go's JSON has in every object, whatever was said: structs, and what is neither a pointer nor `omitempty`.
// An object that is empty there has them with their types' zero values, so nobody who makes one has set them.
import printed from './printed.json' with { type: 'json' }
import { isObject } from '../../../shared/machinery/json-object.ts'
import { isZeroFine } from './required.ts'
import { schemaTypes, typeFact } from './table.ts'
import type { FieldFact } from './facts.ts'

const fieldsOfType = new Map(
  Object.entries(printed as Readonly<Record<string, readonly string[]>>).map(([id, fields]) => [id, new Set(fields)]),
)

/** @param schemaId undefined for a type that is not in the table, such as one of a custom resource */
export const isPrinted = (schemaId: string | undefined, field: string): boolean =>
  schemaId !== undefined && fieldsOfType.get(schemaId)?.has(field) === true

/** @returns whether the value is what such a field has when nothing was said */
export const isPrintedZero = (value: unknown): boolean =>
  value === null ||
  value === '' ||
  value === 0 ||
  value === '0' ||
  value === false ||
  (isObject(value) && Object.keys(value).length === 0)

type Fields = Record<string, unknown>
type Fill = (value: Fields) => void

/** Where a list of nothing is shown as null; elsewhere it is left out, which says the same. */
const NULL_LISTS: ReadonlySet<string> = new Set([
  'core.v1.LimitRangeSpec',
  'rbac.v1.ClusterRole',
  'rbac.v1.Role',
  'resource.v1.DeviceClaim',
])

const zeroOf = (fact: FieldFact): unknown => {
  switch (fact.t) {
    case 'string':
      return ''
    case 'boolean':
      return false
    case 'integer':
    case 'number':
      return 0
    case 'ref':
      return {}
    default:
      return null
  }
}

const fills = new Map<string, Fill | undefined>()

/** @returns what fills an object of the type, if there may be something to fill */
function fillOf(schemaId: string): Fill | undefined {
  if (fills.has(schemaId)) return fills.get(schemaId)
  // Types that refer to themselves hold nothing to fill.
  fills.set(schemaId, undefined)
  const type = typeFact(schemaId)
  const zeros: [string, FieldFact][] = []
  const inner: [string, Fill][] = []
  for (const [field, fact] of Object.entries(type.fields)) {
    if (fact.r === 'meta.v1.ObjectMeta' && type.gvk) continue
    if (isFilled(schemaId, field, fact) && !(type.gvk && field === 'status')) zeros.push([field, fact])
    const fill = fillOfField(fact)
    if (fill) inner.push([field, fill])
  }
  const fill: Fill = value => {
    for (const [field, fact] of zeros) value[field] ??= zeroOf(fact)
    for (const [field, fillField] of inner) {
      const held = value[field]
      if (held !== undefined && held !== null) fillField(held as Fields)
    }
  }
  const made = zeros.length + inner.length > 0 ? fill : undefined
  fills.set(schemaId, made)
  return made
}

function fillOfField(fact: FieldFact): Fill | undefined {
  if (fact.t === 'ref') return fact.r === undefined ? undefined : fillOf(fact.r)
  const fill = (fact.t === 'array' || fact.t === 'map') && fact.i ? fillOfField(fact.i) : undefined
  if (!fill) return undefined
  const each = (value: unknown) => {
    if (isObject(value) || Array.isArray(value)) fill(value as unknown as Fields)
  }
  return value => (Array.isArray(value) ? value : Object.values(value)).forEach(each)
}

const typesIn = (fact: FieldFact): readonly string[] => {
  if (fact.i) return typesIn(fact.i)
  return fact.t === 'ref' && fact.r !== undefined ? [fact.r] : []
}

let ofStatuses: ReadonlySet<string> | undefined
/** Types that stand in statuses alone. */
const isOfStatuses = (schemaId: string): boolean => (ofStatuses ??= typesOfStatuses()).has(schemaId)

function typesOfStatuses(): ReadonlySet<string> {
  const within = (roots: readonly string[]) => {
    const found = new Set(roots)
    // What is added on the way is gone through as well.
    for (const id of found) {
      const { fields = {}, gvk } = schemaTypes[id] ?? {}
      for (const [field, fact] of Object.entries(fields))
        if (!gvk || field !== 'status') for (const inner of typesIn(fact)) found.add(inner)
    }
    return found
  }
  const kinds = Object.entries(schemaTypes).filter(([, { gvk }]) => gvk)
  const elsewhere = within(kinds.map(([id]) => id))
  const statuses = kinds.flatMap(([, { fields }]) => (fields['status'] ? typesIn(fields['status']) : []))
  return new Set([...within(statuses)].filter(id => !elsewhere.has(id)))
}

/**
 * What the document requires is told of by other checks, where it is not there, but not in statuses; of a struct they tell
 * what it lacks itself.
 */
const isFilled = (schemaId: string, field: string, fact: FieldFact): boolean =>
  isPrinted(schemaId, field) &&
  (!fact.req || fact.t === 'ref' || isZeroFine(schemaId, field) || isOfStatuses(schemaId)) &&
  (fact.t !== 'array' || NULL_LISTS.has(schemaId)) &&
  !['quantity', 'intOrString', 'raw'].includes(fact.t)

/** Puts the fields that Go prints into an object that has not got them, in place. */
export const addPrinted = (schemaId: string, object: object): void => {
  if (Object.hasOwn(schemaTypes, schemaId)) fillOf(schemaId)?.(object as Fields)
}
