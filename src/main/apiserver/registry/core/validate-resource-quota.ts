// What a ResourceQuota must look like.
import type { ResourceQuota } from '../../../../shared/api/core/v1.ts'
import { deepEqual } from '../../../../shared/machinery/deep-equal.ts'
import { type FieldError, invalidValue, required } from '../../../../shared/machinery/field-error.ts'
import { list, sortedEntries } from '../support/collections.ts'
import { quotaResourceName, resourceAmount } from '../support/resource-names.ts'

const SCOPES = [
  'BestEffort',
  'CrossNamespacePodAffinity',
  'NotBestEffort',
  'NotTerminating',
  'PriorityClass',
  'Terminating',
  'VolumeAttributesClass',
]
const UNKNOWN_SCOPE = 'unsupported scope'

/** Scopes that have no values. */
const ALONE = new Set(['BestEffort', 'NotBestEffort', 'Terminating', 'NotTerminating', 'CrossNamespacePodAffinity'])
const EXISTS =
  "must be 'Exists' when scope is any of ResourceQuotaScopeTerminating, ResourceQuotaScopeNotTerminating, " +
  'ResourceQuotaScopeBestEffort, ResourceQuotaScopeNotBestEffort or ResourceQuotaScopeCrossNamespacePodAffinity'

function amounts(path: string, map: Readonly<Record<string, string | number>> | undefined): FieldError[] {
  return sortedEntries(map).flatMap(([name, amount]) => [
    ...quotaResourceName(`${path}[${name}]`, name),
    ...resourceAmount(`${path}[${name}]`, name, amount),
  ])
}

export function validateResourceQuota({ spec }: ResourceQuota): FieldError[] {
  const scopes = list(spec.scopes)
  const errors = [
    ...amounts('spec.hard', spec.hard),
    ...scopes.flatMap(s => (SCOPES.includes(s) ? [] : [invalidValue('spec.scopes', scopes, UNKNOWN_SCOPE)])),
  ]
  for (const [a, b] of [
    ['BestEffort', 'NotBestEffort'],
    ['Terminating', 'NotTerminating'],
  ] as const)
    if (scopes.includes(a) && scopes.includes(b)) errors.push(invalidValue('spec.scopes', scopes, 'conflicting scopes'))
  return [
    ...errors,
    ...list(spec.scopeSelector?.matchExpressions).flatMap(({ scopeName = '', operator = '', values }) => {
      const at = 'spec.scopeSelector.matchExpressions'
      const wrong = SCOPES.includes(scopeName) ? [] : [invalidValue(`${at}.scopeName`, scopeName, UNKNOWN_SCOPE)]
      if (ALONE.has(scopeName) && operator !== 'Exists') wrong.push(invalidValue(`${at}.operator`, operator, EXISTS))
      if ((operator === 'In' || operator === 'NotIn') && list(values).length === 0)
        wrong.push(
          required(`${at}.values`, "must be at least one value when `operator` is 'In' or 'NotIn' for scope selector"),
        )
      else if ((operator === 'Exists' || operator === 'DoesNotExist') && list(values).length > 0)
        wrong.push(
          invalidValue(
            `${at}.values`,
            values,
            "must be no value when `operator` is 'Exist' or 'DoesNotExist' for scope selector",
          ),
        )
      else if (!['In', 'NotIn', 'Exists', 'DoesNotExist'].includes(operator))
        wrong.push(invalidValue(`${at}.operator`, operator, 'not a valid selector operator'))
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
