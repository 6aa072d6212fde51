// What drivers may publish about one device: its attributes, capacities and counters, and where it is.
import type {
  CapacityRequestPolicy,
  CapacityRequestPolicyRange,
  Counter,
  Device,
  DeviceAttribute,
  DeviceCapacity,
} from '../../../../shared/api/resource/v1.ts'
import {
  type FieldError,
  forbiddenField,
  invalidValue,
  required,
  tooLong,
  tooMany,
} from '../../../../shared/machinery/field-error.ts'
import { dns1123Label, dns1123Subdomain, labelValue } from '../../../../shared/machinery/names.ts'
import { parseQuantity, type Quantity } from '../../../../shared/machinery/quantity.ts'
import { versionOf } from '../../../cel/library/semver.ts'
import { validateNodeSelector } from '../core/pod/validate-affinity.ts'
import { entries, list } from '../support/collections.ts'
import { atMost, each, labelKey, obey, oneOf, requiredAnd, uniqueBy } from '../support/rules.ts'
import { DEVICE_TAINT_EFFECTS, attributeName } from './validate-requests.ts'

const MOST_ATTRIBUTES = 32
const MOST_TEXT_BYTES = 64
const MOST_COUNTERS = 32
const MOST_CONSUMPTIONS = 2
const MOST_CONDITIONS = 4
const MOST_AMOUNTS = 10
const VALUES = ['int', 'bool', 'string', 'version'] as const

/** Selectors are compiled for texts of that length at most. */
const textErrors = (path: string, text: string | undefined): FieldError[] =>
  text !== undefined && Buffer.byteLength(text) > MOST_TEXT_BYTES ? [tooLong(path, MOST_TEXT_BYTES)] : []

function versionErrors(path: string, version: string | undefined): FieldError[] {
  if (version === undefined) return []
  const errors = textErrors(path, version)
  try {
    versionOf(version)
    return errors
  } catch {
    return [invalidValue(path, version, 'must be a string compatible with semver.org spec 2.0.0'), ...errors]
  }
}

function attributeErrors(path: string, attribute: DeviceAttribute): FieldError[] {
  const given = VALUES.filter(name => attribute[name] !== undefined)
  const why = 'exactly one value must be specified'
  return [
    ...textErrors(`${path}.string`, attribute.string),
    ...versionErrors(`${path}.version`, attribute.version),
    ...(given.length === 1 ? [] : [invalidValue(path, given.length === 0 ? '' : attribute, why)]),
  ]
}

/** Whether it has what only fewer devices of a slice may have. */
export const isDetailed = ({ taints, consumesCounters }: Device): boolean =>
  list(taints).length + list(consumesCounters).length > 0

function rangeErrors(
  path: string,
  standard: Quantity,
  whole: Quantity,
  range: Partial<CapacityRequestPolicyRange>,
): FieldError[] {
  if (range.min === undefined) return [required(`${path}.min`, 'required when validRange is defined')]
  const errors: FieldError[] = []
  const refuse = (name: string, value: Quantity, why: string) =>
    void errors.push(invalidValue(`${path}.${name}`, value.toString(), why))
  const larger = (a: Quantity, b: Quantity) => a.compare(b) > 0
  const min = parseQuantity(range.min)
  if (larger(min, whole)) refuse('min', min, `min is larger than capacity value: ${whole}`)
  if (larger(min, standard)) refuse('min', standard, `default is less than min: ${min}`)
  const max = range.max === undefined ? undefined : parseQuantity(range.max)
  if (max) {
    if (larger(min, max)) refuse('max', min, `min is larger than max: ${max}`)
    if (larger(max, whole)) refuse('max', max, `max is larger than capacity value: ${whole}`)
    if (larger(standard, max)) refuse('max', standard, `default is more than max: ${max}`)
  }
  if (range.step === undefined) return errors
  const step = parseQuantity(range.step)
  const first = min.add(step)
  if (larger(first, whole)) refuse('step', step, `one step ${first} is larger than capacity value: ${whole}`)
  for (const value of max ? [standard, max] : [standard])
    if ((value.value() - min.value()) % step.value() !== 0)
      refuse('step', value, `value is not a multiple of a given step (${step}) from (${min})`)
  return errors
}

function amountsErrors(path: string, standard: Quantity, whole: Quantity, given: readonly Quantity[]): FieldError[] {
  const isSmaller = (amount: Quantity, i: number) => i > 0 && (given[i - 1]?.compare(amount) ?? 0) > 0
  const unsorted = given.flatMap((amount, i) =>
    isSmaller(amount, i)
      ? [invalidValue(`${path}[${i}]`, amount.toString(), 'values must be sorted in ascending order')]
      : [],
  )
  const unknown = given.some(amount => amount.equals(standard))
    ? []
    : [invalidValue(path, standard.toString(), 'default value is not valid according to the requestPolicy')]
  if (given.length > MOST_AMOUNTS) return [...unsorted, tooMany(path, given.length, MOST_AMOUNTS), ...unknown]
  return [
    ...unsorted,
    ...each(path, given, (at, amount) =>
      amount.compare(whole) > 0
        ? [invalidValue(at, amount.toString(), `option is larger than capacity value: ${whole}`)]
        : [],
    ),
    ...uniqueBy(path, given, amount => String(amount.value())),
    ...unknown,
  ]
}

function policyErrors(path: string, value: string | number, policy: CapacityRequestPolicy): FieldError[] {
  const { validRange } = policy
  const amounts = list(policy.validValues).map(amount => parseQuantity(amount))
  if (amounts.length > 0 && validRange)
    return [forbiddenField(path, 'exactly one policy can be specified, cannot specify "validValues" and "validRange" at the same time')] // prettier-ignore
  const kind = amounts.length > 0 ? 'validValues' : validRange ? 'validRange' : undefined
  if (kind === undefined) return []
  if (policy.default === undefined) return [required(`${path}.default`, `required when ${kind} is defined`)]
  const [standard, whole] = [parseQuantity(policy.default), parseQuantity(value)]
  return validRange
    ? rangeErrors(`${path}.${kind}`, standard, whole, validRange)
    : amountsErrors(`${path}.${kind}`, standard, whole, amounts)
}

/** Only of a device that several claims share can one ask for a part. */
function capacityErrors(path: string, { value, requestPolicy }: DeviceCapacity, isShared: boolean): FieldError[] {
  if (!requestPolicy) return []
  const at = `${path}.requestPolicy`
  return isShared
    ? policyErrors(at, value, requestPolicy)
    : [forbiddenField(at, 'allowMultipleAllocations must be true')]
}

export function countersErrors(path: string, counters: Readonly<Record<string, Counter>> | undefined): FieldError[] {
  const named = entries(counters)
  if (named.length === 0) return [required(path)]
  if (named.length > MOST_COUNTERS) return [tooMany(path, named.length, MOST_COUNTERS)]
  return named.flatMap(([name]) => obey(path, name, dns1123Label))
}

const PLACES = ['nodeName', 'nodeSelector', 'allNodes'] as const

function placeErrors(path: string, device: Device, byDevice: boolean): FieldError[] {
  const { nodeName, nodeSelector, allNodes } = device
  const isGiven = PLACES.some(name => device[name] !== undefined)
  const onlyThen = 'if `perDeviceNodeSelection` is set to true in the ResourceSlice spec'
  if (!byDevice)
    return isGiven
      ? [invalidValue(path, null, `\`nodeName\`, \`nodeSelector\` and \`allNodes\` can only be set ${onlyThen}`)]
      : []
  const given = PLACES.filter(name => Boolean(device[name]))
  const rule = `exactly one of \`nodeName\`, \`nodeSelector\`, or \`allNodes\` is required ${onlyThen.replace('if', 'when')}`
  return [
    ...(nodeName ? obey(`${path}.nodeName`, nodeName, dns1123Subdomain) : []),
    ...(nodeName === '' ? [invalidValue(`${path}.nodeName`, nodeName, 'must not be empty')] : []),
    ...validateNodeSelector(`${path}.nodeSelector`, nodeSelector),
    ...(allNodes === false ? [invalidValue(`${path}.allNodes`, allNodes, 'must be either unset or set to true')] : []),
    ...(given.length === 0 ? [required(path, rule)] : []),
    ...(given.length > 1 ? [invalidValue(path, `{${given.map(name => `\`${name}\``).join(', ')}}`, rule)] : []),
  ]
}

/** Conditions under which a device is ready for a pod, or fails it: both, or none. */
function bindingErrors(path: string, { bindingConditions, bindingFailureConditions }: Device): FieldError[] {
  const named = { bindingConditions: list(bindingConditions), bindingFailureConditions: list(bindingFailureConditions) }
  const both = Object.entries(named)
  const missing = both.filter(([, conditions]) => conditions.length === 0).map(([name]) => name)
  return [
    ...both.flatMap(([name, conditions]) => [
      ...atMost(`${path}.${name}`, conditions, MOST_CONDITIONS),
      ...each(`${path}.${name}`, conditions, labelKey),
    ]),
    ...both.flatMap(([name, conditions]) => uniqueBy(`${path}.${name}`, conditions, condition => condition)),
    ...each(`${path}.bindingFailureConditions`, named.bindingFailureConditions, (at, condition) =>
      named.bindingConditions.includes(condition)
        ? [invalidValue(at, condition, 'bindingFailureConditions must not overlap with bindingConditions')]
        : [],
    ),
    ...(missing.length === 1
      ? missing.map(name => {
          const other = name === 'bindingConditions' ? 'bindingFailureConditions' : 'bindingConditions'
          return invalidValue(`${path}.${name}`, null, `${name} are required to use ${other}`)
        })
      : []),
  ]
}

/** @param byDevice whether each device of the slice says where it is */
export function deviceErrors(path: string, device: Device, byDevice: boolean): FieldError[] {
  const { name, attributes, capacity, taints, consumesCounters, allowMultipleAllocations = false } = device
  const count = entries(attributes).length + entries(capacity).length
  return [
    ...obey(`${path}.name`, name ?? '', dns1123Label),
    ...(count > MOST_ATTRIBUTES
      ? [invalidValue(path, count, `the total number of attributes and capacities must not exceed ${MOST_ATTRIBUTES}`)]
      : []),
    ...entries(attributes).flatMap(([key, attribute]) => [
      ...attributeName(`${path}.attributes`, key),
      ...attributeErrors(`${path}.attributes[${key}]`, attribute),
    ]),
    ...entries(capacity).flatMap(([key, each]) => [
      ...attributeName(`${path}.capacity`, key),
      ...capacityErrors(`${path}.capacity[${key}]`, each, allowMultipleAllocations),
    ]),
    ...each(`${path}.taints`, taints, (at, { key, value, effect }) => [
      ...labelKey(`${at}.key`, key ?? ''),
      ...obey(`${at}.value`, value ?? '', labelValue),
      ...oneOf(`${at}.effect`, effect, DEVICE_TAINT_EFFECTS),
    ]),
    ...atMost(`${path}.consumesCounters`, consumesCounters, MOST_CONSUMPTIONS),
    ...each(`${path}.consumesCounters`, consumesCounters, (at, { counterSet, counters }) => [
      ...requiredAnd(`${at}.counterSet`, counterSet, dns1123Label),
      ...countersErrors(`${at}.counters`, counters),
    ]),
    ...uniqueBy(`${path}.consumesCounters`, consumesCounters, ({ counterSet }) => counterSet),
    ...placeErrors(path, device, byDevice),
    ...bindingErrors(path, device),
  ]
}
