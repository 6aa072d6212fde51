// What a Node must look like.
import type { Node, Taint } from '../../../../shared/api/core/v1.ts'
import { deepEqual } from '../../../../shared/machinery/deep-equal.ts'
import { type FieldError, duplicate, forbiddenField, invalidValue } from '../../../../shared/machinery/field-error.ts'
import { quote } from '../../../../shared/machinery/go-quote.ts'
import { parseRange } from '../../../../shared/machinery/cidr.ts'
import { labelValue } from '../../../../shared/machinery/names.ts'
import { list, sortedEntries } from '../support/collections.ts'
import { resourceAmount } from '../support/resource-names.ts'
import { cidr, each, labelKey, oneOf } from '../support/rules.ts'
import { TAINT_EFFECTS } from './pod/validate-scheduling.ts'

export function taintErrors(path: string, taints: readonly Taint[] | undefined): FieldError[] {
  const seen = new Set<string>()
  return each(path, taints, (at, taint) => {
    const errors = labelKey(`${at}.key`, taint.key ?? '')
    const wrong = labelValue(taint.value ?? '')
    if (wrong.length > 0) errors.push(invalidValue(`${at}.value`, taint.value ?? '', wrong.join(';')))
    errors.push(...oneOf(`${at}.effect`, taint.effect, TAINT_EFFECTS))
    const key = `${taint.effect}/${taint.key}`
    if (seen.has(key)) {
      const error = duplicate(at, taint)
      errors.push({ ...error, message: `${error.message}: taints must be unique by key and effect pair` })
    }
    seen.add(key)
    return errors
  })
}

const amounts = (field: 'capacity' | 'allocatable', { status }: Node) =>
  sortedEntries(status[field]).flatMap(([name, amount]) => resourceAmount(`status.${field}.${name}`, name, amount))

/** Of both families each, at most. */
function oneOfEachFamily(path: string, ranges: readonly string[]): FieldError[] {
  const families = ranges.map(range => parseRange(range)?.family)
  if (ranges.length < 2 || families.includes(undefined)) return []
  return ranges.length === 2 && families[0] !== families[1]
    ? []
    : [invalidValue(path, ranges, 'may specify no more than one CIDR for each IP family')]
}

const FEATURE = /^[A-Z][a-zA-Z0-9]*(?:\/[a-zA-Z][a-zA-Z0-9]*)*$/

function featureName(name: string): string | undefined {
  if (name.length > 253) return `invalid feature name ${quote(name)}: must be no more than 253 characters`
  if (FEATURE.test(name)) return undefined
  return `invalid feature name ${quote(name)}: must start with an UpperCamelCase segment, with subsequent segments separated by '/' (e.g., MyFeature or MyFeature/mySubFeature), and contain only alphanumeric characters and slashes`
}

/** What a node says that it can do, each once and in order. */
const featureErrors = ({ status }: Node): FieldError[] =>
  each('status.declaredFeatures', status.declaredFeatures, (at, name, i) => {
    const wrong = featureName(name)
    const errors = wrong === undefined ? [] : [invalidValue(at, name, wrong)]
    const before = status.declaredFeatures?.[i - 1]
    if (before === undefined || before < name) return errors
    const order = 'list must be sorted alphabetically'
    return [...errors, before === name ? duplicate(at, name) : invalidValue(at, name, order)]
  })

/** Upstream's path again. */
const swapErrors = (capacity: number | undefined): FieldError[] =>
  capacity !== undefined && capacity <= 0
    ? [invalidValue('metadata.nodeSwapStatus.capacity', capacity, 'must be greater than zero')]
    : []

export const validateNode = (node: Node): FieldError[] => [
  // Upstream reports taints below metadata; clients look for it there.
  ...taintErrors('metadata.taints', node.spec.taints),
  ...amounts('capacity', node),
  ...amounts('allocatable', node),
  ...swapErrors(node.status.nodeInfo?.swap?.capacity),
  ...featureErrors(node),
  ...each('spec.podCIDRs', node.spec.podCIDRs, cidr),
  ...oneOfEachFamily('spec.podCIDRs', list(node.spec.podCIDRs)),
]

function addressErrors({ status }: Node): FieldError[] {
  const seen = new Set<string>()
  return each('status.addresses', status.addresses, (at, address) => {
    const key = `${address.type}/${address.address}`
    const isKnown = seen.has(key)
    seen.add(key)
    return isKnown ? [duplicate(at, address)] : []
  })
}

export const validateNodeStatus = (node: Node): FieldError[] => [
  ...amounts('capacity', node),
  ...amounts('allocatable', node),
  ...featureErrors(node),
  ...addressErrors(node),
]

export function validateNodeUpdate(node: Node, old: Node): FieldError[] {
  const { spec } = node
  const errors = addressErrors(node)
  if (list(old.spec.podCIDRs).length > 0 && !deepEqual(old.spec.podCIDRs, spec.podCIDRs))
    errors.push(forbiddenField('spec.podCIDRs', 'node updates may not change podCIDR except from "" to valid'))
  if ((old.spec.externalID ?? '') !== (spec.externalID ?? ''))
    errors.push(forbiddenField('spec.externalID', 'may not be updated'))
  if (old.spec.providerID && old.spec.providerID !== spec.providerID)
    errors.push(forbiddenField('spec.providerID', 'node updates may not change providerID except from "" to valid'))
  return errors
}
