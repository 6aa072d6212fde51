// Names and amounts of compute resources.
import { type FieldError, invalidValue } from '../../../../shared/machinery/field-error.ts'
import { qualifiedName } from '../../../../shared/machinery/names.ts'
import { isQuantity, parseQuantity, zero } from '../../../../shared/machinery/quantity.ts'
import { isNativeResource } from '../../../../shared/machinery/resource-name.ts'
import { sortedEntries } from './collections.ts'
import { obey } from './rules.ts'

const COMPUTE = ['cpu', 'memory', 'ephemeral-storage']
const COUNTED = [
  'pods',
  'resourcequotas',
  'services',
  'replicationcontrollers',
  'secrets',
  'configmaps',
  'persistentvolumeclaims',
  'services.nodeports',
  'services.loadbalancers',
]
const QUOTA = new Set([
  ...COMPUTE,
  ...COMPUTE.flatMap(name => [`requests.${name}`, `limits.${name}`]),
  'requests.storage',
  ...COUNTED,
])
const STANDARD = new Set([...QUOTA, 'storage'])
const INTEGERS = new Set(COUNTED)

export const isHugePages = (name: string): boolean => name.startsWith('hugepages-')
const isQuotaHugePages = (name: string) => isHugePages(name) || name.startsWith('requests.hugepages-')

export const isExtended = (name: string): boolean =>
  !isNativeResource(name) && !name.startsWith('requests.') && qualifiedName(`requests.${name}`).length === 0

/** Whether limits may be higher than requests. */
export const mayOvercommit = (name: string): boolean => isNativeResource(name) && !isHugePages(name)

export function resourceName(path: string, name: string): FieldError[] {
  const errors = obey(path, name, qualifiedName)
  if (errors.length > 0 || name.includes('/') || STANDARD.has(name) || isQuotaHugePages(name)) return errors
  return [invalidValue(path, name, 'must be a standard resource type or fully qualified')]
}

export function containerResourceName(path: string, name: string): FieldError[] {
  const errors = resourceName(path, name)
  if (!name.includes('/')) {
    if (!COMPUTE.includes(name) && !isHugePages(name))
      errors.push(invalidValue(path, name, 'must be a standard resource for containers'))
  } else if (!isNativeResource(name) && !isExtended(name))
    errors.push(invalidValue(path, name, "doesn't follow extended resource name standard"))
  return errors
}

export function quotaResourceName(path: string, name: string): FieldError[] {
  const errors = resourceName(path, name)
  if (!name.includes('/') && !QUOTA.has(name) && !isQuotaHugePages(name))
    errors.push(invalidValue(path, name, 'must be a standard resource for quota'))
  return errors
}

export const nonNegativeAmount = (path: string, amount: string | number | undefined): FieldError[] =>
  isQuantity(amount) && parseQuantity(amount).compare(zero) < 0
    ? [invalidValue(path, String(amount), 'must be greater than or equal to 0')]
    : []

/** What a pod takes beside what its containers ask for, as limits of a container. */
export const overheadErrors = (path: string, overhead: Readonly<Record<string, string | number>> | undefined) =>
  sortedEntries(overhead).flatMap(([name, amount]) => {
    const at = `${path}.limits[${name}]`
    return [...containerResourceName(at, name), ...resourceAmount(at, name, amount)]
  })

/** Not negative, and whole where only whole ones exist. */
export function resourceAmount(path: string, name: string, amount: string | number): FieldError[] {
  if (!isQuantity(amount)) return []
  const errors = nonNegativeAmount(path, amount)
  if ((INTEGERS.has(name) || isExtended(name)) && !Number.isInteger(parseQuantity(amount).milli() / 1000))
    errors.push(invalidValue(path, String(amount), 'must be an integer'))
  return errors
}
