// Gives services their addresses and node ports, on create and on update, right before they are validated and stored.
import type { Service } from '../../../../../shared/api/core/v1.ts'
import { Service as ServiceType } from '../../../../../shared/api/core/v1.ts'
import type { ServiceCIDR } from '../../../../../shared/api/networking/v1.ts'
import { isNetwork } from '../../../../../shared/machinery/cidr.ts'
import { type Clock, systemClock } from '../../../../../shared/machinery/clock.ts'
import { type FieldError, invalidValue } from '../../../../../shared/machinery/field-error.ts'
import { internalError, invalid } from '../../../../../shared/machinery/status.ts'
import type { ObjectStore } from '../../../../store/contract.ts'
import type { AdmissionPlugin, AdmissionRequest } from '../../../admission/contract.ts'
import { list } from '../../support/collections.ts'
import { AllocationIndex, type Value, valuesOf } from './allocation-index.ts'
import { initIPFamilies } from './ip-families.ts'
import { type NumberRange, addressRange, ipv4ToNumber, numberToIPv4, pick, portRange } from './ip-range.ts'
import { allocatesNodePorts, isHeadless, mayHaveNodePort, needsClusterIP, needsHealthCheckNodePort } from './needs.ts'
import { carryAllocations, dropFieldsOfOtherTypes, normalizeClusterIPs } from './normalize.ts'

export interface ServiceAllocatorOptions {
  /** IPv4 CIDR; default 10.96.0.0/16. */
  readonly clusterIPRange?: string
  /** First and last node port; default 30000–32767. */
  readonly nodePortRange?: readonly [first: number, last: number]
  readonly clock?: Clock
  /** 0 ≤ x < 1 */
  readonly random?: () => number
}

interface Allocation {
  readonly service: Service
  readonly owner: string
  /** In the order in which they are used. */
  readonly ranges: readonly AddressRange[]
  readonly ports: NumberRange
  readonly index: AllocationIndex
  readonly random: () => number
}

interface AddressRange {
  readonly cidr: string
  readonly addresses: NumberRange
}

const SERVICE_CIDRS = '/registry/networking.k8s.io/servicecidrs/'

/** The IPv4 ranges of ServiceCIDRs that were added to the cluster's own, and that are not being deleted. */
function addedRanges(store: ObjectStore, own: string): AddressRange[] {
  return store
    .list(SERVICE_CIDRS)
    .items.map(({ object }) => object as unknown as ServiceCIDR)
    .filter(({ metadata }) => !metadata.deletionTimestamp)
    .flatMap(({ spec }) => list(spec.cidrs))
    .filter(cidr => cidr !== own && isNetwork(cidr))
    .flatMap(cidr => {
      const bits = Number(cidr.split('/')[1])
      return bits >= 8 && bits <= 30 ? [{ cidr, addresses: addressRange(cidr) }] : []
    })
}

const refuse = (service: Service, ...errors: FieldError[]) => {
  throw invalid(ServiceType, service.metadata.name, errors)
}

const inRange = (range: NumberRange, value: number) => value >= range.first && value <= range.last

function allocateAddress({ service, owner, ranges, index, random }: Allocation): void {
  const { spec } = service
  if (!needsClusterIP(service) || isHeadless(service)) return
  const wanted = list(spec.clusterIPs)[0] || spec.clusterIP
  if (wanted) {
    const value = ipv4ToNumber(wanted)
    // What is no address at all is for validation to refuse.
    if (value === undefined) return
    const why = !ranges.some(({ addresses }) => inRange(addresses, value))
      ? `the provided IP (${wanted}) is not in the valid range. The range of valid IPs is ${ranges.map(({ cidr }) => cidr).join(', ')}`
      : index.isFree(wanted, owner, false)
        ? undefined
        : 'provided IP is already allocated'
    if (why)
      refuse(service, invalidValue('spec.clusterIPs', spec.clusterIPs, `failed to allocate IP ${wanted}: ${why}`))
    spec.clusterIPs = [wanted, ...list(spec.clusterIPs).slice(1)]
    spec.clusterIP = wanted
    return
  }
  for (const { addresses } of ranges) {
    const value = pick(addresses, random, candidate => index.isFree(numberToIPv4(candidate), owner, true))
    if (value === undefined) continue
    spec.clusterIP = numberToIPv4(value)
    spec.clusterIPs = [spec.clusterIP]
    return
  }
  throw internalError(`failed to allocate a serviceIP for Service "${service.metadata.name}": range is full`)
}

function nextPort({ owner, ports, index, random }: Allocation, taken: ReadonlySet<number>, what: string): number {
  const port = pick(ports, random, candidate => !taken.has(candidate) && index.isFree(candidate, owner, true))
  if (port === undefined) throw internalError(`failed to allocate a ${what}: range is full`)
  return port
}

function whyNot({ owner, ports, index }: Allocation, port: number): string | undefined {
  if (!inRange(ports, port))
    return `provided port is not in the valid range. The range of valid ports is ${ports.first}-${ports.last}`
  return index.isFree(port, owner, false) ? undefined : 'provided port is already allocated'
}

/** Ports of one number and different protocols (DNS over TCP and UDP) get one node port. */
function allocateNodePorts(allocation: Allocation): void {
  const { service } = allocation
  const ports = list(service.spec.ports)
  const taken = new Set(ports.flatMap(port => port.nodePort || []))
  if (mayHaveNodePort(service)) {
    for (const [i, port] of ports.entries()) {
      const why = port.nodePort ? whyNot(allocation, port.nodePort) : undefined
      if (why) refuse(service, invalidValue(`spec.ports[${i}].nodePort`, port.nodePort, why))
    }
    if (allocatesNodePorts(service))
      for (const port of ports) {
        if (port.nodePort) continue
        const twin = ports.find(p => p !== port && p.port === port.port && p.nodePort && p.protocol !== port.protocol)
        port.nodePort = twin?.nodePort ?? nextPort(allocation, taken, 'nodePort')
        taken.add(port.nodePort)
      }
  }
  if (!needsHealthCheckNodePort(service)) return
  const wanted = service.spec.healthCheckNodePort
  if (!wanted) service.spec.healthCheckNodePort = nextPort(allocation, taken, 'HealthCheck NodePort 0')
  else {
    const why = taken.has(wanted) ? 'provided port is already allocated' : whyNot(allocation, wanted)
    if (why) throw internalError(`failed to allocate requested HealthCheck NodePort ${wanted}: ${why}`)
  }
}

const isService = ({ resource, subresource, object, operation }: AdmissionRequest) =>
  resource.type.group === '' &&
  resource.type.plural === 'services' &&
  subresource === '' &&
  object !== undefined &&
  (operation === 'CREATE' || operation === 'UPDATE')

/**
 * Follows the store from the first write on; dispose it before the store.
 * @throws Error when the range is none
 */
export function serviceAllocator(
  store: ObjectStore,
  {
    clusterIPRange = '10.96.0.0/16',
    nodePortRange = [30_000, 32_767],
    clock = systemClock,
    random = Math.random,
  }: ServiceAllocatorOptions = {},
): AdmissionPlugin & Disposable {
  const index = new AllocationIndex(store, clock)
  const own: AddressRange = { cidr: clusterIPRange, addresses: addressRange(clusterIPRange) }
  const ports = portRange(...nodePortRange)
  /** What nobody asked for by name. */
  const picked = new WeakMap<AdmissionRequest, readonly Value[]>()
  const ownerOf = (request: AdmissionRequest) =>
    `/registry/core/services/${request.namespace}/${request.object?.metadata.name || request.name}`
  async function allocate(request: AdmissionRequest): Promise<void> {
    // What another server has given back can be had here.
    if (store.shared) await store.fresh()
    const service = request.object as unknown as Service
    const old = request.oldObject as unknown as Service | undefined
    if (old) {
      dropFieldsOfOtherTypes(service, old)
      carryAllocations(service, old)
    }
    normalizeClusterIPs(service, old)
    const errors = initIPFamilies(service, old)
    if (errors.length > 0) refuse(service, ...errors)
    const owner = ownerOf(request)
    const ranges = [own, ...addedRanges(store, clusterIPRange)]
    const allocation: Allocation = { service, owner, ranges, ports, index, random }
    const asked = valuesOf(service)
    allocateAddress(allocation)
    allocateNodePorts(allocation)
    const given = valuesOf(service).filter(value => !asked.includes(value))
    // When plugins are asked again, what was given the first time seems to have been asked for.
    picked.set(request, [...(picked.get(request) ?? []), ...given])
    if (!request.dryRun) index.reserve(valuesOf(service), owner, false, request)
  }
  return {
    name: 'ServiceAllocator',
    mutate: request => (isService(request) ? allocate(request) : undefined),
    validate(request) {
      if (!isService(request) || request.dryRun) return
      const service = request.object as unknown as Service
      const owner = ownerOf(request)
      const values: Value[] = valuesOf(service)
      // Somebody may have asked for the same value by name since it was picked here, or another server given it away.
      const lost = values.find(value => !index.isFree(value, owner, false))
      // Then the guard below does not hold, and the write is made again with another value.
      const another = lost !== undefined && store.shared && picked.get(request)?.includes(lost)
      if (lost === undefined) index.reserve(values, owner, true, request)
      else if (!another)
        refuse(
          service,
          typeof lost === 'string'
            ? invalidValue(
                'spec.clusterIPs',
                service.spec.clusterIPs,
                `failed to allocate IP ${lost}: provided IP is already allocated`,
              )
            : invalidValue('spec.ports[0].nodePort', lost, 'provided port is already allocated'),
        )
      const before = request.oldObject ? valuesOf(request.oldObject as unknown as Service) : []
      const added = values.filter(value => !before.includes(value))
      if (added.length > 0)
        request.guards?.push({
          name: 'service-values',
          holds: () => added.every(value => index.isFree(value, owner, false)),
        })
    },
    settle: request => index.settle(request),
    [Symbol.dispose]: () => index[Symbol.dispose](),
  }
}
