// Which fields Go's JSON leaves out when they hold their type's zero value: sending `args: []` or `hostNetwork: false`
// is the same as saying nothing, while a pointer keeps its zero (`replicas: 0`).
import numbers from '../codec/protobuf/numbers.json' with { type: 'json' }
import type { FieldFact } from './facts.ts'

const fieldNumbers: Readonly<Record<string, Readonly<Record<string, readonly number[]>>>> = numbers

/** An empty list is told from none: by defaults, and by who wants no owners of fields any more. */
const EMPTY_IS_SAID: ReadonlySet<string> = new Set([
  'autoscaling.v2.HPAScalingRules.policies',
  'meta.v1.ObjectMeta.managedFields',
])

const PLAIN: ReadonlySet<FieldFact['t']> = new Set(['string', 'bytes', 'boolean', 'integer', 'number'])

function isZero(value: unknown): boolean {
  if (typeof value !== 'object') return value === '' || value === 0 || value === false
  return value !== null && (Array.isArray(value) ? value.length === 0 : Object.keys(value).length === 0)
}

/** @returns the test for a field's values that are the same as none; undefined for a field that keeps all of its values */
export function meansNothing(
  schemaId: string,
  field: string,
  fact: FieldFact,
): ((value: unknown) => boolean) | undefined {
  const last = fieldNumbers[schemaId]?.[field]?.at(-1)
  if (last === undefined || last >= 0 || EMPTY_IS_SAID.has(`${schemaId}.${field}`)) return undefined
  return PLAIN.has(fact.t) || fact.t === 'array' || fact.t === 'map' ? isZero : undefined
}
