// Tolerations, gates and topology spread.
import type { PodSchedulingGate, Toleration, TopologySpreadConstraint } from '../../../../../shared/api/core/v1.ts'
import {
  type FieldError,
  duplicate,
  forbiddenField,
  invalidValue,
  notSupported,
  required,
} from '../../../../../shared/machinery/field-error.ts'
import { labelValue, qualifiedName } from '../../../../../shared/machinery/names.ts'
import { list } from '../../support/collections.ts'
import { each, labelKey, obey, optionalOneOf, validateLabelSelector } from '../../support/rules.ts'
import { validateMatchLabelKeys } from './validate-affinity.ts'

export const TAINT_EFFECTS = ['NoSchedule', 'PreferNoSchedule', 'NoExecute']

export const validateTolerations = (path: string, tolerations: readonly Toleration[] | undefined): FieldError[] =>
  each(path, tolerations, (at, { key, operator, value = '', effect, tolerationSeconds }) => {
    const errors: FieldError[] = key ? labelKey(`${at}.key`, key) : []
    if (!key && operator !== 'Exists')
      errors.push(
        invalidValue(
          `${at}.operator`,
          operator ?? '',
          'operator must be Exists when `key` is empty, which means "match all values and all keys"',
        ),
      )
    if (tolerationSeconds !== undefined && effect !== 'NoExecute')
      errors.push(
        invalidValue(`${at}.effect`, effect ?? '', "effect must be 'NoExecute' when `tolerationSeconds` is set"),
      )
    if (!operator || operator === 'Equal') {
      const wrong = labelValue(value)
      if (wrong.length > 0) errors.push(invalidValue(`${at}.operator`, value, wrong.join(';')))
    } else if (operator === 'Exists') {
      if (value) errors.push(invalidValue(`${at}.operator`, value, "value must be empty when `operator` is 'Exists'"))
    } else if (operator === 'Lt' || operator === 'Gt')
      errors.push(notSupported(`${at}.operator`, operator, ['Equal', 'Exists', 'Lt', 'Gt']))
    else errors.push(notSupported(`${at}.operator`, operator, ['Equal', 'Exists']))
    if (effect) errors.push(...optionalOneOf(`${at}.effect`, effect, TAINT_EFFECTS))
    return errors
  })

/** The same for two that differ in their seconds at most. */
const tolerated = ({ key, operator, value, effect }: Toleration): string =>
  JSON.stringify([key, operator, value, effect])

/** A running pod may tolerate more than before, and for another time, but never less. */
export function onlyAddedTolerations(
  path: string,
  tolerations: readonly Toleration[] | undefined,
  old: readonly Toleration[] | undefined,
): FieldError[] {
  const now = new Set(list(tolerations).map(tolerated))
  return list(old).every(before => now.has(tolerated(before)))
    ? []
    : [forbiddenField(path, 'existing toleration can not be modified except its tolerationSeconds')]
}

export function validateSchedulingGates(path: string, gates: readonly PodSchedulingGate[] | undefined): FieldError[] {
  const seen = new Set<string>()
  return each(path, gates, (at, { name = '' }) => {
    const errors = obey(at, name, qualifiedName)
    if (seen.has(name)) errors.push(duplicate(at, name))
    seen.add(name)
    return errors
  })
}

export const onlyDeletedGates = (
  path: string,
  gates: readonly PodSchedulingGate[] | undefined,
  old: readonly PodSchedulingGate[] | undefined,
): FieldError[] => {
  const before = new Set(list(old).map(({ name = '' }) => name))
  return each(path, gates, (at, { name = '' }) =>
    before.has(name)
      ? []
      : [forbiddenField(`${at}.name`, `only deletion is allowed, but found new scheduling gate '${name}'`)],
  )
}

const UNSATISFIABLE = ['DoNotSchedule', 'ScheduleAnyway']
const NODE_POLICIES = ['Honor', 'Ignore']

/** Of constraints that are the same in this, one is too many. */
const spreadBy = ({ topologyKey, whenUnsatisfiable = '' }: TopologySpreadConstraint): string =>
  JSON.stringify([topologyKey, whenUnsatisfiable])

export function validateTopologySpread(
  path: string,
  constraints: readonly TopologySpreadConstraint[] | undefined,
): FieldError[] {
  const last = new Map(list(constraints).map((constraint, i) => [spreadBy(constraint), i]))
  return each(path, constraints, (at, constraint, i) => {
    const { maxSkew = 0, topologyKey, whenUnsatisfiable = '', minDomains } = constraint
    const errors: FieldError[] = []
    if (maxSkew <= 0) errors.push(invalidValue(`${at}.maxSkew`, maxSkew, 'must be greater than zero'))
    if (!topologyKey) errors.push(required(`${at}.topologyKey`, 'can not be empty'))
    errors.push(...optionalOneOf(`${at}.whenUnsatisfiable`, whenUnsatisfiable, UNSATISFIABLE))
    if (last.get(spreadBy(constraint)) !== i)
      errors.push(duplicate(`${at}.{topologyKey, whenUnsatisfiable}`, `{${topologyKey}, ${whenUnsatisfiable}}`))
    if (minDomains !== undefined) {
      if (minDomains <= 0) errors.push(invalidValue(`${at}.minDomains`, minDomains, 'must be greater than zero'))
      if (whenUnsatisfiable !== 'DoNotSchedule')
        errors.push(
          invalidValue(
            `${at}.minDomains`,
            minDomains,
            `can only use minDomains if whenUnsatisfiable=DoNotSchedule, not ${whenUnsatisfiable}`,
          ),
        )
    }
    errors.push(
      ...optionalOneOf(`${at}.nodeAffinityPolicy`, constraint.nodeAffinityPolicy, NODE_POLICIES),
      ...optionalOneOf(`${at}.nodeTaintsPolicy`, constraint.nodeTaintsPolicy, NODE_POLICIES),
      ...validateMatchLabelKeys(at, constraint),
      ...validateLabelSelector(`${at}.labelSelector`, constraint.labelSelector),
    )
    return errors
  })
}
