// The downward API: which fields of a pod its containers may ask for.
import type { ObjectFieldSelector, ResourceFieldSelector } from '../../../../../shared/api/core/v1.ts'
import { type FieldError, invalidValue, notSupported, required } from '../../../../../shared/machinery/field-error.ts'
import { qualifiedName } from '../../../../../shared/machinery/names.ts'
import { canonicalQuantity, isQuantity } from '../../../../../shared/machinery/quantity.ts'
import { obey } from '../../support/rules.ts'

export const ENV_FIELDS = [
  'metadata.name',
  'metadata.namespace',
  'metadata.uid',
  'spec.nodeName',
  'spec.serviceAccountName',
  'status.hostIP',
  'status.hostIPs',
  'status.podIP',
  'status.podIPs',
]
export const VOLUME_FIELDS = [
  'metadata.annotations',
  'metadata.labels',
  'metadata.name',
  'metadata.namespace',
  'metadata.uid',
]
const KNOWN_FIELDS = new Set([
  ...ENV_FIELDS,
  ...VOLUME_FIELDS,
  'spec.restartPolicy',
  'spec.schedulerName',
  'status.phase',
])
const RESOURCE_FIELDS = [
  'limits.cpu',
  'limits.ephemeral-storage',
  'limits.memory',
  'requests.cpu',
  'requests.ephemeral-storage',
  'requests.memory',
]
const SIZES = ['1', '1k', '1M', '1G', '1T', '1P', '1E', '1Ki', '1Mi', '1Gi', '1Ti', '1Pi', '1Ei']

export function validateFieldRef(path: string, ref: ObjectFieldSelector, fields: readonly string[]): FieldError[] {
  if (!ref.apiVersion) return [required(`${path}.apiVersion`)]
  const { fieldPath } = ref
  if (!fieldPath) return [required(`${path}.fieldPath`)]
  const subscripted = /^(.+)\['(.*)'\]$/s.exec(fieldPath)
  const base = subscripted?.[1] ?? fieldPath
  if (ref.apiVersion !== 'v1')
    return [
      invalidValue(
        `${path}.fieldPath`,
        fieldPath,
        `error converting fieldPath: unsupported pod version: ${ref.apiVersion}`,
      ),
    ]
  if (!KNOWN_FIELDS.has(base))
    return [
      invalidValue(
        `${path}.fieldPath`,
        fieldPath,
        `error converting fieldPath: field label not supported: ${fieldPath}`,
      ),
    ]
  if (subscripted) {
    const key = subscripted[2] ?? ''
    if (base === 'metadata.annotations') return obey(path, key.toLowerCase(), qualifiedName)
    if (base === 'metadata.labels') return obey(path, key, qualifiedName)
    return [invalidValue(path, base, 'does not support subscript')]
  }
  return fields.includes(base) ? [] : [notSupported(`${path}.fieldPath`, base, fields)]
}

function divisorErrors(path: string, { resource, divisor }: ResourceFieldSelector): FieldError[] {
  if (divisor === undefined || !isQuantity(divisor)) return []
  const text = canonicalQuantity(divisor)
  if (text === '0') return []
  const kind = /^(limits|requests)\.(cpu$|memory$|ephemeral-storage$|hugepages-)/.exec(resource)?.[2]
  if (kind === undefined) return []
  const [sizes, what] =
    kind === 'cpu'
      ? [['1m', '1'], 'cpu']
      : [SIZES, kind === 'memory' ? 'memory' : kind === 'hugepages-' ? 'hugepages' : 'local ephemeral storage']
  if (sizes.includes(text)) return []
  const listed = kind === 'cpu' ? '1m and 1' : sizes.join(', ')
  return [
    invalidValue(
      `${path}.divisor`,
      resource,
      `only divisor's values ${listed} are supported with the ${what} resource`,
    ),
  ]
}

/** @param inVolume files must name the container; variables mean their own by default */
export function validateResourceFieldRef(path: string, ref: ResourceFieldSelector, inVolume: boolean): FieldError[] {
  const errors: FieldError[] = []
  if (inVolume && !ref.containerName) errors.push(required(`${path}.containerName`))
  else if (!ref.resource) errors.push(required(`${path}.resource`))
  else if (!RESOURCE_FIELDS.includes(ref.resource) && !/^(requests|limits)\.hugepages-/.test(ref.resource))
    errors.push(notSupported(`${path}.resource`, ref.resource, RESOURCE_FIELDS))
  return [...errors, ...divisorErrors(path, { ...ref, resource: ref.resource ?? '' })]
}
