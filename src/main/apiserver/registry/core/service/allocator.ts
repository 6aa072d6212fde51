// Gives services their addresses and node ports, on create and on update, right before they are validated and stored.
import type { Service, ServicePort } from '../../../../../shared/api/core/v1.ts'
import { Service as ServiceType } from '../../../../../shared/api/core/v1.ts'
import type { ServiceCIDR } from '../../../../../shared/api/networking/v1.ts'
import { type IPFamily, canonicalIP, familyOf, parseIP } from '../../../../../shared/machinery/ip-address.ts'
import { type Clock, systemClock } from '../../../../../shared/machinery/clock.ts'
import { type FieldError, invalidValue } from '../../../../../shared/machinery/field-error.ts'
import { portNumber } from '../../../../../shared/machinery/names.ts'
import { internalError, invalid } from '../../../../../shared/machinery/status.ts'
import type { ObjectStore } from '../../../../store/contract.ts'
import type { AdmissionPlugin, AdmissionRequest } from '../../../admission/contract.ts'
import type { ServerWriter } from '../../../endpoints/server-view.ts'
import { isType } from '../../../admission/is-type.ts'
import { list } from '../../support/collections.ts'
import { followAddresses } from './address-objects.ts'
import { AllocationIndex, type Value, valuesOf } from './allocation-index.ts'
import { initIPFamilies } from './ip-families.ts'
import { type AddressRange, type NumberRange, addressAt, addressRange, holds, pick, portRange } from './ip-range.ts'
import { allocatesNodePorts, isHeadless, mayHaveNodePort, needsClusterIP, needsHealthCheckNodePort } from './needs.ts'
import { carryAllocations, dropFieldsOfOtherTypes, normalizeClusterIPs } from './normalize.ts'

export interface ServiceAllocatorOptions {
  /** CIDRs, one for each of the cluster's families, the primary one's first; default 10.96.0.0/16. */
  readonly clusterIPRanges?: readonly string[]
  /** First and last node port; default 30000–32767. */
  readonly nodePortRange?: readonly [first: number, last: number]
  readonly clock?: Clock
  /** 0 ≤ x < 1 */
  readonly random?: () => number
}

interface Allocation {
  readonly service: Service
  readonly owner: string
  /** What a service of its name has is not its own then. */
  readonly isNew: boolean
  /** Addresses that it has already: they stay, though their range may be on its way out. */
  readonly held: readonly Value[]
  /** In the order in which they are used. */
  readonly ranges: readonly AddressRange[]
  readonly ports: NumberRange
  readonly index: AllocationIndex
  readonly random: () => number
}

const SERVICE_CIDRS = '/registry/networking.k8s.io/servicecidrs/'

/** The cluster's own ranges and those of ServiceCIDRs; none that is being deleted, unless another one holds it, too. */
function rangesOf(store: ObjectStore, own: readonly AddressRange[]): AddressRange[] {
  const all = store.list(SERVICE_CIDRS).items.map(({ object }) => object as unknown as ServiceCIDR)
  const cidrsOf = (leaving: boolean) =>
    all
      .filter(({ metadata }) => (metadata.deletionTimestamp !== undefined) === leaving)
      .flatMap(({ spec }) => list(spec.cidrs))
  const [stay, leave] = [cidrsOf(false), cidrsOf(true)]
  return [
    ...own.filter(({ cidr }) => stay.includes(cidr) || !leave.includes(cidr)),
    ...stay.flatMap(cidr => (own.some(range => range.cidr === cidr) ? [] : (addressRange(cidr) ?? []))),
  ]
}

const refuse = (service: Service, ...errors: FieldError[]) => {
  throw invalid(ServiceType, service.metadata.name, errors)
}

/** The address that older clients know is the first of all. */
function pairErrors({ spec: { type, clusterIP, clusterIPs } }: Service): FieldError[] {
  const addresses = list(clusterIPs)
  if (type === 'ExternalName' || addresses.length === 0 || addresses[0] === clusterIP) return []
  const why = clusterIP ? 'first value must match `clusterIP`' : 'must be empty when `clusterIP` is not specified'
  return [invalidValue('spec.clusterIPs', addresses, why)]
}

const isFree = ({ index, owner, isNew }: Allocation, value: Value) =>
  index.isFree(value, owner, false) && !(isNew && index.isStored(value))

const inRange = (range: NumberRange, value: number) => value >= range.first && value <= range.last

/** @returns why the address cannot be had */
function whyNotAddress(allocation: Allocation, wanted: string, family: IPFamily): string | undefined {
  const { held, ranges } = allocation
  if (held.includes(canonicalIP(wanted))) return undefined
  const ofFamily = ranges.filter(range => range.family === family)
  if (!ofFamily.some(range => holds(range, wanted)))
    return `the provided IP (${wanted}) is not in the valid range. The range of valid IPs is ${ofFamily.map(({ cidr }) => cidr).join(', ')}`
  return isFree(allocation, canonicalIP(wanted)) ? undefined : 'provided IP is already allocated'
}

function pickAddress({ service, owner, ranges, index, random }: Allocation, family: IPFamily): string {
  for (const range of ranges) {
    if (range.family !== family) continue
    const offset = pick(range.offsets, random, candidate => index.isFree(addressAt(range, candidate), owner, true))
    if (offset !== undefined) return addressAt(range, offset)
  }
  throw internalError(`failed to allocate a serviceIP for Service "${service.metadata.name}": range is full`)
}

/** One address for each family, in their order; those asked for by name first. */
function allocateAddresses(allocation: Allocation): void {
  const { service } = allocation
  const { spec } = service
  if (!needsClusterIP(service) || isHeadless(service)) return
  const asked = list(spec.clusterIPs)
  const families = list(spec.ipFamilies) as IPFamily[]
  // What is no address at all, or not of its family, is for validation to refuse.
  if (asked.some(ip => ip && !parseIP(ip))) return
  for (const ip of asked) {
    const why = ip ? whyNotAddress(allocation, ip, familyOf(ip)) : undefined
    if (why) refuse(service, invalidValue('spec.clusterIPs', asked, `failed to allocate IP ${ip}: ${why}`))
  }
  spec.clusterIPs = [
    ...families.map((family, i) => asked[i] || pickAddress(allocation, family)),
    ...asked.slice(families.length),
  ]
  spec.clusterIP = spec.clusterIPs[0] ?? ''
}

function nextPort({ owner, ports, index, random }: Allocation, taken: ReadonlySet<number>, what: string): number {
  const port = pick(ports, random, candidate => !taken.has(candidate) && index.isFree(candidate, owner, true))
  if (port === undefined) throw internalError(`failed to allocate a ${what}: range is full`)
  return port
}

function whyNot(allocation: Allocation, port: number): string | undefined {
  const { ports } = allocation
  if (!inRange(ports, port))
    return `provided port is not in the valid range. The range of valid ports is ${ports.first}-${ports.last}`
  return isFree(allocation, port) ? undefined : 'provided port is already allocated'
}

/** Ports of one number and different protocols (DNS over TCP and UDP) get one node port. */
function giveNodePorts(allocation: Allocation, ports: readonly ServicePort[], taken: Set<number>): void {
  /** By number, the first that has a node port, and the first of another protocol. */
  const known = new Map<number, ServicePort[]>()
  const note = (port: ServicePort) => {
    const twins = known.get(port.port) ?? []
    if (twins.every(({ protocol }) => protocol !== port.protocol)) known.set(port.port, [...twins, port].slice(0, 2))
  }
  for (const port of ports) if (port.nodePort) note(port)
  for (const port of ports) {
    if (port.nodePort) continue
    const twin = known.get(port.port)?.find(({ protocol }) => protocol !== port.protocol)
    port.nodePort = twin?.nodePort ?? nextPort(allocation, taken, 'nodePort')
    taken.add(port.nodePort)
    note(port)
  }
}

function allocateNodePorts(allocation: Allocation): void {
  const { service } = allocation
  const ports = list(service.spec.ports)
  const taken = new Set(ports.flatMap(port => port.nodePort || []))
  if (mayHaveNodePort(service)) {
    for (const [i, port] of ports.entries()) {
      const why = port.nodePort ? whyNot(allocation, port.nodePort) : undefined
      if (why) refuse(service, invalidValue(`spec.ports[${i}].nodePort`, port.nodePort, why))
    }
    if (allocatesNodePorts(service)) giveNodePorts(allocation, ports, taken)
  }
  if (!needsHealthCheckNodePort(service)) return
  const wanted = service.spec.healthCheckNodePort
  if (!wanted) service.spec.healthCheckNodePort = nextPort(allocation, taken, 'HealthCheck NodePort 0')
  else {
    const why = taken.has(wanted) ? 'provided port is already allocated' : whyNot(allocation, wanted)
    if (why) throw internalError(`failed to allocate requested HealthCheck NodePort ${wanted}: ${why}`)
  }
}

const isOfService = ({ resource }: AdmissionRequest) => isType({ resource }, ServiceType)

const isService = (request: AdmissionRequest) =>
  isOfService(request) &&
  request.subresource === '' &&
  request.object !== undefined &&
  (request.operation === 'CREATE' || request.operation === 'UPDATE')

/**
 * Follows the store from the first write on; dispose it before the store.
 * @throws Error when the range is none
 */
export function serviceAllocator(
  store: ObjectStore,
  {
    clusterIPRanges = ['10.96.0.0/16'],
    nodePortRange = [30_000, 32_767],
    clock = systemClock,
    random = Math.random,
  }: ServiceAllocatorOptions = {},
): AdmissionPlugin & Disposable {
  const index = new AllocationIndex(store, clock)
  const own = clusterIPRanges.map(cidr => {
    const range = addressRange(cidr)
    if (!range) throw new Error(`not a usable range of addresses: ${cidr}`)
    return range
  })
  const families = own.map(({ family }) => family)
  const ports = portRange(...nodePortRange)
  /** What nobody asked for by name. */
  const picked = new WeakMap<AdmissionRequest, readonly Value[]>()
  const ownerOf = (request: AdmissionRequest) =>
    `/registry/core/services/${request.namespace}/${request.object?.metadata.name || request.name}`
  let server: ServerWriter | undefined
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
    // For validation to refuse: as many as a body holds must not keep anybody busy here.
    if (list(service.spec.clusterIPs).length > 2 || list(service.spec.ipFamilies).length > 2) return
    if (list(service.spec.ipFamilies).some(family => family !== 'IPv4' && family !== 'IPv6')) return
    if (portNumber(service.spec.healthCheckNodePort || 1).length > 0) return
    const errors = [...pairErrors(service), ...initIPFamilies(service, old, families)]
    if (errors.length > 0) refuse(service, ...errors)
    const owner = ownerOf(request)
    const ranges = rangesOf(store, own)
    const held = old ? valuesOf(old) : []
    const isNew = old === undefined
    const allocation: Allocation = { service, owner, isNew, held, ranges, ports, index, random }
    const asked = valuesOf(service)
    allocateAddresses(allocation)
    allocateNodePorts(allocation)
    const given = valuesOf(service).filter(value => !asked.includes(value))
    // When plugins are asked again, what was given the first time seems to have been asked for.
    picked.set(request, [...(picked.get(request) ?? []), ...given])
    if (!request.dryRun) index.reserve(valuesOf(service), owner, false, request)
  }
  return {
    name: 'ServiceAllocator',
    kinds: [ServiceType],
    attach: to => {
      server = to
    },
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
    written(request, now) {
      if (!server || !isOfService(request)) return
      const { namespace, oldObject } = request
      const name = (now ?? oldObject)?.metadata.name ?? request.name
      return followAddresses(server, store, { namespace, name }, oldObject, now)
    },
    settle: request => index.settle(request),
    [Symbol.dispose]: () => index[Symbol.dispose](),
  }
}
