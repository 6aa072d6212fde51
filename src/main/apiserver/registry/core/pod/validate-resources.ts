// Requests and limits.
import type { ResourceClaim, ResourceRequirements } from '../../../../../shared/api/core/v1.ts'
import {
  type FieldError,
  duplicate,
  forbiddenField,
  invalidValue,
  notFoundValue,
  notSupported,
  required,
} from '../../../../../shared/machinery/field-error.ts'
import { dns1123Label } from '../../../../../shared/machinery/names.ts'
import { isQuantity, parseQuantity } from '../../../../../shared/machinery/quantity.ts'
import { has, list, lookup, sortedEntries } from '../../support/collections.ts'
import {
  containerResourceName,
  isHugePages,
  mayOvercommit,
  resourceAmount,
  resourceName,
} from '../../support/resource-names.ts'
import { obey } from '../../support/rules.ts'

type Amount = string | number
type NameRule = (path: string, name: string) => FieldError[]

const compare = (a: Amount, b: Amount) =>
  isQuantity(a) && isQuantity(b) ? parseQuantity(a).compare(parseQuantity(b)) : 0

function hugePagesErrors(path: string, name: string, amount: Amount): FieldError[] {
  const size = name.slice('hugepages-'.length)
  if (!isHugePages(name) || !isQuantity(amount) || !isQuantity(size)) return []
  const pages = parseQuantity(amount).value() / parseQuantity(size).value()
  return Number.isInteger(pages)
    ? []
    : [invalidValue(path, String(amount), `${amount} is not positive integer multiple of ${name}`)]
}

function requirements(path: string, given: ResourceRequirements, nameRule: NameRule): FieldError[] {
  const errors: FieldError[] = []
  const { limits, requests } = given
  const names = new Set([...Object.keys(limits ?? {}), ...Object.keys(requests ?? {})])
  for (const [name, amount] of sortedEntries(limits)) {
    const at = `${path}.limits[${name}]`
    errors.push(...nameRule(at, name), ...resourceAmount(at, name, amount), ...hugePagesErrors(at, name, amount))
  }
  for (const [name, amount] of sortedEntries(requests)) {
    const at = `${path}.requests[${name}]`
    errors.push(...nameRule(at, name), ...resourceAmount(at, name, amount))
    const limit = lookup(limits, name)
    if (limit !== undefined) {
      const order = compare(amount, limit)
      if (order !== 0 && !mayOvercommit(name))
        errors.push(invalidValue(`${path}.requests`, String(amount), `must be equal to ${name} limit of ${limit}`))
      else if (order > 0)
        errors.push(
          invalidValue(`${path}.requests`, String(amount), `must be less than or equal to ${name} limit of ${limit}`),
        )
    } else if (!mayOvercommit(name))
      errors.push(required(`${path}.limits`, 'Limit must be set for non overcommitable resources'))
    errors.push(...hugePagesErrors(at, name, amount))
  }
  if ([...names].some(isHugePages) && !names.has('cpu') && !names.has('memory'))
    errors.push(forbiddenField(path, 'HugePages require cpu or memory'))
  return errors
}

/** Names that a message has room for: it may stand there for each of very many claims. */
const MOST_SHOWN = 50

function shownNames(names: ReadonlySet<string>): string {
  if (names.size === 0) return ' which is empty'
  const shown = [...names].sort().slice(0, MOST_SHOWN).join(', ')
  return `: ${shown}${names.size > MOST_SHOWN ? ', …' : ''}`
}

function claimErrors(path: string, claims: readonly ResourceClaim[] | undefined, podClaims: ReadonlySet<string>) {
  const seen = new Set<string>()
  const seenInPart = new Set<string>()
  const known = shownNames(podClaims)
  return list(claims).flatMap(({ name, request }, i): FieldError[] => {
    const at = `${path}[${i}]`
    if (!name) return [required(at)]
    const errors: FieldError[] = request ? obey(`${at}.request`, request, dns1123Label) : []
    const key = request ? `${name}/${request}` : name
    if (seen.has(name)) errors.push(duplicate(at, name))
    else if (seen.has(key) || (!request && seenInPart.has(name))) errors.push(duplicate(at, key))
    seen.add(key)
    if (request) seenInPart.add(name)
    if (!podClaims.has(name)) {
      const { message, ...rest } = notFoundValue(at, name)
      errors.push({ ...rest, message: `${message}: must be one of the names in pod.spec.resourceClaims${known}` })
    }
    return errors
  })
}

export const validateContainerResources = (
  path: string,
  given: ResourceRequirements | undefined,
  podClaims: ReadonlySet<string>,
): FieldError[] =>
  given
    ? [...requirements(path, given, containerResourceName), ...claimErrors(`${path}.claims`, given.claims, podClaims)]
    : []

const podResourceName: NameRule = (path, name) => {
  const errors = resourceName(path, name)
  if (errors.length > 0 || name === 'cpu' || name === 'memory' || isHugePages(name)) return errors
  return [notSupported(path, name, ['cpu', 'hugepages-', 'memory'])]
}

/** Resources of the pod as a whole. */
export function validatePodResources(
  path: string,
  given: ResourceRequirements | undefined,
  containers: readonly { readonly resources?: ResourceRequirements }[],
  os: string | undefined,
): FieldError[] {
  if (!given) return []
  if (os === 'windows') return [forbiddenField(path, 'may not be set for a windows pod')]
  const errors = given.claims
    ? [forbiddenField(`${path}.claims`, 'claims may not be set for Resources at pod-level')]
    : []
  errors.push(...requirements(path, given, podResourceName))
  for (const [name, amount] of sortedEntries(given.requests)) {
    const parts = containers.flatMap(container => lookup(container.resources?.requests, name) ?? [])
    if (parts.length === 0 || !parts.every(isQuantity) || !isQuantity(amount)) continue
    const sum = parts.map(parseQuantity).reduce((a, b) => a.add(b))
    if (sum.compare(parseQuantity(amount)) > 0)
      errors.push(
        invalidValue(
          `${path}.requests[${name}]`,
          String(amount),
          `must be greater than or equal to aggregate container requests of ${sum.toString()}`,
        ),
      )
  }
  for (const [i, container] of containers.entries())
    for (const [name, limit] of sortedEntries(container.resources?.limits)) {
      if (!has(given.limits, name)) continue
      const most = lookup(given.limits, name) ?? limit
      if (compare(limit, most) > 0)
        errors.push(
          invalidValue(
            `${path}.containers[${i}][${name}].limits`,
            String(limit),
            `must be less than or equal to pod limits of ${most}`,
          ),
        )
    }
  return errors
}
