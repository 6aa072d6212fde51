// What a pod may learn about itself: fieldRef and resourceFieldRef.
import type { Container, ObjectFieldSelector, Pod, ResourceFieldSelector } from '../../../shared/api/core/v1.ts'
import { type Quantity, parseQuantity } from '../../../shared/machinery/quantity.ts'
import { ContainerConfigError } from './config-error.ts'
import { quote } from '../../../shared/machinery/go-quote.ts'

export interface DownwardFacts {
  readonly nodeName: string
  readonly hostIPs: readonly string[]
  /** Empty before the sandbox has an address. */
  readonly podIPs: readonly string[]
  /** What a container without a limit may use. */
  readonly allocatable: Readonly<Record<string, string>>
}

const KEYED = /^metadata\.(labels|annotations)\['(.+)'\]$/

/** `key="value"` lines, sorted, quoted as Go quotes. */
const asLines = (map: Readonly<Record<string, string>> | undefined): string =>
  Object.keys(map ?? {})
    .sort()
    .map(key => `${key}=${quote(map?.[key] ?? '')}`)
    .join('\n')

/** @throws ContainerConfigError for a path that is not supported */
export function fieldValue(pod: Pod, { fieldPath }: ObjectFieldSelector, facts: DownwardFacts): string {
  const keyed = KEYED.exec(fieldPath)
  if (keyed) {
    const [, map, key = ''] = keyed
    const values = map === 'labels' ? pod.metadata.labels : pod.metadata.annotations
    return values && Object.hasOwn(values, key) ? (values[key] ?? '') : ''
  }
  switch (fieldPath) {
    case 'metadata.name':
      return pod.metadata.name
    case 'metadata.namespace':
      return pod.metadata.namespace
    case 'metadata.uid':
      return pod.metadata.uid
    case 'metadata.labels':
      return asLines(pod.metadata.labels)
    case 'metadata.annotations':
      return asLines(pod.metadata.annotations)
    case 'spec.nodeName':
      return facts.nodeName
    case 'spec.serviceAccountName':
      return pod.spec.serviceAccountName ?? ''
    case 'status.hostIP':
      return facts.hostIPs[0] ?? ''
    case 'status.hostIPs':
      return facts.hostIPs.join(',')
    case 'status.podIP':
      return facts.podIPs[0] ?? ''
    case 'status.podIPs':
      return facts.podIPs.join(',')
    default:
      throw new ContainerConfigError(`unsupported fieldPath: ${fieldPath}`)
  }
}

/** The amount in units of the divisor, rounded up. */
const inUnits = (amount: Quantity, divisor: Quantity): string =>
  String((amount.nano + divisor.nano - 1n) / divisor.nano)

/**
 * @param container the container asked about, which `containerName` may override
 * @throws ContainerConfigError
 */
export function resourceValue(
  pod: Pod,
  container: Pick<Container, 'name' | 'resources'> | undefined,
  selector: ResourceFieldSelector,
  facts: DownwardFacts,
): string {
  const { containerName, resource, divisor } = selector
  const all = [...pod.spec.containers, ...(pod.spec.initContainers ?? [])]
  const found = containerName ? all.find(({ name }) => name === containerName) : container
  if (!found) throw new ContainerConfigError(`container ${containerName ?? ''} not found`)
  const [kind = '', ...rest] = resource.split('.')
  const name = rest.join('.')
  if (kind !== 'limits' && kind !== 'requests')
    throw new ContainerConfigError(`unsupported container resource : ${resource}`)
  const given = kind === 'limits' ? found.resources?.limits?.[name] : found.resources?.requests?.[name]
  // Without a limit of its own, a container may take what its pod may, or all that the node has.
  const fallback = kind === 'limits' ? (pod.spec.resources?.limits?.[name] ?? facts.allocatable[name]) : undefined
  const unit = parseQuantity(divisor ?? '1')
  return inUnits(parseQuantity(given ?? fallback ?? '0'), unit.isZero() ? parseQuantity('1') : unit)
}
