// Node affinity, pod affinity and node selectors.
import type {
  Affinity,
  NodeSelector,
  NodeSelectorRequirement,
  NodeSelectorTerm,
  PodAffinity,
  PodAffinityTerm,
} from '../../../../../shared/api/core/v1.ts'
import type { LabelSelector } from '../../../../../shared/api/meta/v1.ts'
import { type FieldError, forbiddenField, invalidValue, required } from '../../../../../shared/machinery/field-error.ts'
import { dns1123Label, dns1123Subdomain, labelValue } from '../../../../../shared/machinery/names.ts'
import { list } from '../../support/collections.ts'
import { each, labelKey, obey, validateLabelSelector } from '../../support/rules.ts'

function requirement(path: string, { key, operator, values }: NodeSelectorRequirement, checkValues: boolean) {
  const errors: FieldError[] = []
  const count = list(values).length
  switch (operator) {
    case 'In':
    case 'NotIn':
      if (count === 0) errors.push(required(`${path}.values`, "must be specified when `operator` is 'In' or 'NotIn'"))
      break
    case 'Exists':
    case 'DoesNotExist':
      if (count > 0)
        errors.push(
          forbiddenField(`${path}.values`, "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"),
        )
      break
    case 'Gt':
    case 'Lt':
      if (count !== 1)
        errors.push(required(`${path}.values`, "must be specified single value when `operator` is 'Lt' or 'Gt'"))
      break
    default:
      errors.push(invalidValue(`${path}.operator`, operator ?? '', 'not a valid selector operator'))
  }
  errors.push(...labelKey(`${path}.key`, key ?? ''))
  if (checkValues) errors.push(...each(`${path}.values`, values, (at, value) => obey(at, value, labelValue)))
  return errors
}

function fieldRequirement(path: string, { key, operator, values }: NodeSelectorRequirement): FieldError[] {
  const errors: FieldError[] = []
  if (operator === 'In' || operator === 'NotIn') {
    if (list(values).length !== 1)
      errors.push(
        required(`${path}.values`, "must be only one value when `operator` is 'In' or 'NotIn' for node field selector"),
      )
  } else errors.push(invalidValue(`${path}.operator`, operator ?? '', 'not a valid selector operator'))
  if (key !== 'metadata.name') errors.push(invalidValue(`${path}.key`, key ?? '', 'not a valid field selector key'))
  else errors.push(...each(`${path}.values`, values, (at, value) => obey(at, value, dns1123Subdomain)))
  return errors
}

const term = (path: string, given: NodeSelectorTerm | undefined, checkValues: boolean): FieldError[] => [
  ...each(`${path}.matchExpressions`, given?.matchExpressions, (at, r) => requirement(at, r, checkValues)),
  ...each(`${path}.matchFields`, given?.matchFields, fieldRequirement),
]

export function validateNodeSelector(path: string, selector: NodeSelector | undefined): FieldError[] {
  if (!selector) return []
  const at = `${path}.nodeSelectorTerms`
  if (list(selector.nodeSelectorTerms).length === 0) return [required(at, 'must have at least one node selector term')]
  return each(at, selector.nodeSelectorTerms, (p, t) => term(p, t, true))
}

const weight = (path: string, value: number | undefined) =>
  value !== undefined && value > 0 && value <= 100 ? [] : [invalidValue(path, value ?? 0, 'must be in the range 1-100')]

function labelKeysErrors(path: string, keys: readonly string[] | undefined, selector: LabelSelector | undefined) {
  if (list(keys).length > 0 && !selector)
    return [forbiddenField(path, 'must not be specified when labelSelector is not set')]
  return each(path, keys, (at, key) => labelKey(at, key))
}

export function validateMatchLabelKeys(
  path: string,
  {
    matchLabelKeys,
    mismatchLabelKeys,
    labelSelector,
  }: Pick<PodAffinityTerm, 'matchLabelKeys' | 'mismatchLabelKeys' | 'labelSelector'>,
): FieldError[] {
  const errors = [
    ...labelKeysErrors(`${path}.matchLabelKeys`, matchLabelKeys, labelSelector),
    ...labelKeysErrors(`${path}.mismatchLabelKeys`, mismatchLabelKeys, labelSelector),
  ]
  const mismatching = new Set(mismatchLabelKeys)
  for (const [i, key] of list(matchLabelKeys).entries())
    if (mismatching.has(key))
      errors.push(
        invalidValue(`${path}.matchLabelKeys[${i}]`, key, 'exists in both matchLabelKeys and mismatchLabelKeys'),
      )
  return [...errors, ...selectedTwice(path, matchLabelKeys, labelSelector)]
}

/** What a key means is in the expressions of a pod's selector already: nothing else there may be about it. */
function selectedTwice(path: string, keys: readonly string[] | undefined, selector: LabelSelector | undefined) {
  const seen = new Set(Object.keys(selector?.matchLabels ?? {}))
  const places = new Map<string, number>()
  for (const [i, key] of list(keys).entries()) if (!places.has(key)) places.set(key, i)
  return list(selector?.matchExpressions).flatMap(({ key }) => {
    const at = seen.has(key) ? places.get(key) : undefined
    seen.add(key)
    return at === undefined
      ? []
      : [invalidValue(`${path}.matchLabelKeys[${at}]`, key, 'exists in both matchLabelKeys and labelSelector')]
  })
}

function podTerm(path: string, given: PodAffinityTerm | undefined): FieldError[] {
  const topologyKey = given?.topologyKey ?? ''
  return [
    ...validateLabelSelector(`${path}.labelSelector`, given?.labelSelector),
    ...validateLabelSelector(`${path}.namespaceSelector`, given?.namespaceSelector),
    ...list(given?.namespaces).flatMap(name => obey(`${path}.namespace`, name, dns1123Label)),
    ...validateMatchLabelKeys(path, given ?? {}),
    ...(topologyKey ? [] : [required(`${path}.topologyKey`, 'can not be empty')]),
    ...labelKey(`${path}.topologyKey`, topologyKey),
  ]
}

const REQUIRED = 'requiredDuringSchedulingIgnoredDuringExecution'
const PREFERRED = 'preferredDuringSchedulingIgnoredDuringExecution'

const podAffinity = (path: string, given: PodAffinity | undefined): FieldError[] => [
  ...each(`${path}.${REQUIRED}`, given?.[REQUIRED], podTerm),
  ...each(`${path}.${PREFERRED}`, given?.[PREFERRED], (at, weighted) => [
    ...weight(`${at}.weight`, weighted.weight),
    ...podTerm(`${at}.podAffinityTerm`, weighted.podAffinityTerm),
  ]),
]

export const validateAffinity = (path: string, affinity: Affinity | undefined): FieldError[] => [
  ...validateNodeSelector(`${path}.nodeAffinity.${REQUIRED}`, affinity?.nodeAffinity?.[REQUIRED]),
  ...each(`${path}.nodeAffinity.${PREFERRED}`, affinity?.nodeAffinity?.[PREFERRED], (at, preferred) => [
    ...weight(`${at}.weight`, preferred.weight),
    ...term(`${at}.preference`, preferred.preference, false),
  ]),
  ...podAffinity(`${path}.podAffinity`, affinity?.podAffinity),
  ...podAffinity(`${path}.podAntiAffinity`, affinity?.podAntiAffinity),
]
