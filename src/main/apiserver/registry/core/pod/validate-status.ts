// What may stand in the status of a Pod, whoever writes it: addresses, conditions, where it may go.
import type { Pod } from '../../../../../shared/api/core/v1.ts'
import {
  type FieldError,
  duplicate,
  forbiddenField,
  invalidValue,
  required,
} from '../../../../../shared/machinery/field-error.ts'
import { familyOf } from '../../../../../shared/machinery/ip-address.ts'
import { dns1123Label, dns1123Subdomain, qualifiedName } from '../../../../../shared/machinery/names.ts'
import { list } from '../../support/collections.ts'
import { each, immutable, ipAddress, obey, uniqueBy } from '../../support/rules.ts'
import { annotationUpdateErrors } from './validate-annotations.ts'
import { containerStatusErrors } from './validate-container-statuses.ts'

interface Address {
  readonly ip?: string
}

/** One of each family at most; addresses that it had already are let be. */
function addressErrors(path: string, now: readonly Address[], before: readonly Address[]): FieldError[] {
  const known = new Set(before.map(({ ip }) => ip))
  const errors = each(path, now, (at, { ip = '' }) => (known.has(ip) ? [] : ipAddress(at, ip)))
  const families = new Set(now.map(({ ip = '' }) => familyOf(ip)))
  return now.length > 1 && (now.length > 2 || families.size < 2)
    ? [...errors, invalidValue(path, now, 'may specify no more than one IP for each IP family')]
    : errors
}

function nominationErrors(path: string, pod: Pod, old: Pod): FieldError[] {
  const name = pod.status.nominatedNodeName
  if (!name || name === old.status.nominatedNodeName) return []
  const isBound = (old.spec.nodeName ?? '') !== ''
  return [
    ...obey(path, name, dns1123Subdomain),
    ...(isBound ? [forbiddenField(path, 'may not be set on pods that are already bound to a node')] : []),
  ]
}

const notNegative = (path: string, generation: number | undefined): FieldError[] =>
  (generation ?? 0) < 0 ? [invalidValue(path, generation, 'must be a non-negative integer')] : []

/** Which claims were made for the pod. */
const claimErrors = (path: string, { spec, status }: Pod): FieldError[] => [
  ...each(path, status.resourceClaimStatuses, (at, { name = '', resourceClaimName }) => [
    ...(list(spec.resourceClaims).some(claim => claim.name === name)
      ? []
      : [invalidValue(`${at}.name`, name, 'must match the name of an entry in `spec.resourceClaims`')]),
    ...(resourceClaimName === undefined ? [] : obey(`${at}.resourceClaimName`, resourceClaimName, dns1123Subdomain)),
  ]),
  ...uniqueBy(path, status.resourceClaimStatuses, ({ name = '' }) => name).map(error => ({
    ...error,
    field: `${error.field}.name`,
  })),
]

/** Which container gets which of its resources by which request of the claim that the scheduler made for them. */
function extendedClaimErrors(path: string, { spec, status }: Pod): FieldError[] {
  const extended = status.extendedResourceClaimStatus
  if (!extended) return []
  const { requestMappings, resourceClaimName } = extended
  const containers = new Map([...list(spec.initContainers), ...spec.containers].map(each => [each.name, each]))
  const seen = new Set<string>()
  const mappings = each(
    `${path}.requestMappings`,
    requestMappings,
    (at, { containerName = '', resourceName = '', requestName = '' }) => {
      const container = containers.get(containerName)
      const errors: FieldError[] = []
      if (!container)
        errors.push(
          invalidValue(
            `${at}.containerName`,
            containerName,
            'must match the name of an entry in spec.initContainers.name or spec.containers.name',
          ),
        )
      else if (!Object.hasOwn(container.resources?.requests ?? {}, resourceName))
        errors.push(
          invalidValue(
            `${at}.resourceName`,
            resourceName,
            'must match the extended resource name of an entry in spec.initContainers.resources.requests or spec.containers.resources.requests',
          ),
        )
      errors.push(...obey(`${path}.requestName`, requestName, dns1123Label))
      const key = JSON.stringify([containerName, resourceName, requestName])
      if (seen.has(key))
        errors.push(
          duplicate(`${at}.containerName`, containerName),
          duplicate(`${at}.resourceName`, resourceName),
          duplicate(`${at}.requestName`, requestName),
        )
      seen.add(key)
      return errors
    },
  )
  return [
    ...(list(requestMappings).length === 0
      ? [required(`${path}.requestMappings`, 'at least one request mapping is required')]
      : []),
    ...mappings,
    ...(resourceClaimName
      ? obey(`${path}.resourceClaimName`, resourceClaimName, dns1123Subdomain)
      : [required(`${path}.resourceClaimName`)]),
  ]
}

export function validatePodStatusUpdate(pod: Pod, old: Pod): FieldError[] {
  const { status } = pod
  const [hostIPs, hostIP = ''] = [list(status.hostIPs), status.hostIP]
  const first = hostIPs[0]?.ip ?? ''
  return [
    ...annotationUpdateErrors(pod, old),
    ...each('status.conditions', status.conditions, (at, { type, observedGeneration }) => [
      ...notNegative(`${at}.observedGeneration`, observedGeneration),
      ...obey(`${at}.Type`, type ?? '', qualifiedName),
    ]),
    ...nominationErrors('status.nominatedNodeName', pod, old),
    ...notNegative('status.observedGeneration', status.observedGeneration),
    ...immutable('status.qosClass', status.qosClass ?? '', old.status.qosClass ?? ''),
    ...containerStatusErrors(pod, old),
    ...claimErrors('status.resourceClaimStatuses', pod),
    ...extendedClaimErrors('status.extendedResourceClaimStatus', pod),
    ...addressErrors('status.podIPs', list(status.podIPs), list(old.status.podIPs)),
    ...(hostIPs.length > 0 && first !== hostIP
      ? [invalidValue('status.hostIPs[0].ip', first, 'must be equal to `hostIP`')]
      : []),
    ...addressErrors('status.hostIPs', hostIPs, list(old.status.hostIPs)),
  ]
}
