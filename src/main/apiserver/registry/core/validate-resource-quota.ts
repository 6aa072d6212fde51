// What a ResourceQuota must look like.
import type { ResourceQuota } from '../../../../shared/api/core/v1.ts'
import { deepEqual } from '../../../../shared/machinery/deep-equal.ts'
import { type FieldError, invalidValue, notSupported, required } from '../../../../shared/machinery/field-error.ts'
import { list, sortedEntries } from '../support/collections.ts'
import { quotaResourceName, resourceAmount } from '../support/resource-names.ts'
import { each, optionalOneOf } from '../support/rules.ts'

const SCOPES = [
  'BestEffort',
  'CrossNamespacePodAffinity',
  'NotBestEffort',
  'NotTerminating',
  'PriorityClass',
  'Terminating',
  'VolumeAttributesClass',
]
const OPERATORS = ['In', 'NotIn', 'Exists', 'DoesNotExist']

function amounts(path: string, map: Readonly<Record<string, string | number>> | undefined): FieldError[] {
  return sortedEntries(map).flatMap(([name, amount]) => [
    ...quotaResourceName(`${path}[${name}]`, name),
    ...resourceAmount(`${path}[${name}]`, name, amount),
  ])
}

export function validateResourceQuota({ spec }: ResourceQuota): FieldError[] {
  const scopes = list(spec.scopes)
  const errors = [...amounts('spec.hard', spec.hard), ...scopes.flatMap(s => optionalOneOf('spec.scopes', s, SCOPES))]
  for (const [a, b] of [
    ['BestEffort', 'NotBestEffort'],
    ['Terminating', 'NotTerminating'],
  ] as const)
    if (scopes.includes(a) && scopes.includes(b)) errors.push(invalidValue('spec.scopes', scopes, 'conflicting scopes'))
  return [
    ...errors,
    ...each('spec.scopeSelector.matchExpressions', spec.scopeSelector?.matchExpressions, (at, given) => {
      const { scopeName = '', operator = '', values } = given
      const wrong = optionalOneOf(`${at}.scopeName`, scopeName, SCOPES)
      if ((operator === 'In' || operator === 'NotIn') && list(values).length === 0)
        wrong.push(
          required(`${at}.values`, "must be at least one value when `operator` is 'In' or 'NotIn' for scope selector"),
        )
      else if ((operator === 'Exists' || operator === 'DoesNotExist') && list(values).length > 0)
        wrong.push(
          invalidValue(
            `${at}.values`,
            values,
            "must be no value when `operator` is 'Exists' or 'DoesNotExist' for scope selector",
          ),
        )
      else if (!OPERATORS.includes(operator)) wrong.push(notSupported(`${at}.operator`, operator, OPERATORS))
      return wrong
    }),
  ]
}

const distinct = (scopes: readonly string[] | undefined) => [...new Set(list(scopes))].sort()

export const validateResourceQuotaUpdate = ({ spec }: ResourceQuota, old: ResourceQuota): FieldError[] =>
  deepEqual(distinct(spec.scopes), distinct(old.spec.scopes))
    ? []
    : [invalidValue('spec.scopes', spec.scopes ?? null, 'field is immutable')]

export const validateResourceQuotaStatus = ({ status }: ResourceQuota): FieldError[] => [
  ...amounts('status.hard', status.hard),
  ...amounts('status.used', status.used),
]
