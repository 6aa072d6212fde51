// What a PriorityClass must look like.
import { SYSTEM_CRITICAL } from '../../../../shared/machinery/priority.ts'
import type { PriorityClass } from '../../../../shared/api/scheduling/v1.ts'
import { type FieldError, forbiddenField } from '../../../../shared/machinery/field-error.ts'
import { immutable, oneOf } from '../support/rules.ts'

const HIGHEST_USER_PRIORITY = 1_000_000_000
const SYSTEM: ReadonlyMap<string, number> = new Map([
  ['system-node-critical', 2_000_001_000],
  ['system-cluster-critical', SYSTEM_CRITICAL],
])

function systemError({ metadata: { name }, value, globalDefault }: PriorityClass): string | undefined {
  const expected = SYSTEM.get(name)
  if (expected === undefined) return `${name} is not a known system priority class`
  if (value !== expected) return `value of ${name} PriorityClass must be ${expected}`
  return globalDefault ? `globalDefault of ${name} PriorityClass must be false` : undefined
}

export function validatePriorityClass(priority: PriorityClass): FieldError[] {
  const errors: FieldError[] = []
  if (priority.metadata.name?.startsWith('system-')) {
    const error = systemError(priority)
    if (error !== undefined)
      errors.push(
        forbiddenField(
          'metadata.name',
          `priority class names with 'system-' prefix are reserved for system use only. error: ${error}`,
        ),
      )
  } else if ((priority.value ?? 0) > HIGHEST_USER_PRIORITY)
    errors.push(forbiddenField('value', `maximum allowed value of a user defined priority is ${HIGHEST_USER_PRIORITY}`))
  if (priority.preemptionPolicy !== undefined)
    errors.push(...oneOf('preemptionPolicy', priority.preemptionPolicy, ['PreemptLowerPriority', 'Never']))
  return errors
}

export const validatePriorityClassUpdate = (priority: PriorityClass, old: PriorityClass): FieldError[] => [
  ...(priority.value === old.value ? [] : [forbiddenField('value', 'may not be changed in an update.')]),
  ...immutable('preemptionPolicy', priority.preemptionPolicy, old.preemptionPolicy),
]
