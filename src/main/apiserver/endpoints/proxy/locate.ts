// Where pods, services and nodes answer: the node to go through and the address to ask there.
import { Node, Pod, Service } from '../../../../shared/api/core/v1.ts'
import type { Endpoint, EndpointSlice } from '../../../../shared/api/discovery/v1.ts'
import type { KubeObject } from '../../../../shared/machinery/object.ts'
import type { ResourceType } from '../../../../shared/machinery/resource-type.ts'
import { ApiError, badRequest, notFound } from '../../../../shared/machinery/status.ts'
import type { NodeTarget } from '../../proxy/node-tunnels.ts'
import { assertProxyable, hostPort, portNumber, type ProxyName } from '../../proxy/targets.ts'
import type { EndpointContext } from '../contract.ts'

const KUBELET_PORT = 10_250
const SERVICE_LABEL = 'kubernetes.io/service-name'

export interface Location {
  readonly nodeName: string
  readonly target: NodeTarget
}

type Reader = Pick<EndpointContext, 'resources' | 'get' | 'find' | 'list' | 'random'>

export type Locate = (name: ProxyName, namespace: string, context: Reader) => Location

const unavailable = (message: string) => new ApiError(503, 'ServiceUnavailable', message)

function read<T extends KubeObject>(context: Reader, type: ResourceType<T>, namespace: string, name: string): T {
  const resource = context.resources.byUrl(type.group, type.version, type.plural)
  if (!resource) throw notFound(type, name)
  return context.get(resource, { namespace, name }) as unknown as T
}

export const locatePod: Locate = ({ name, port }, namespace, context) => {
  const pod = read(context, Pod, namespace, name)
  const declared = pod.spec.containers.flatMap(({ ports }) => ports ?? [])[0]?.containerPort
  const wanted = port === '' ? (declared ?? 80) : portNumber(port)
  if (!pod.spec.nodeName) throw badRequest(`pod ${name} does not have a host assigned`)
  const address = assertProxyable(pod.status.podIP)
  return { nodeName: pod.spec.nodeName, target: hostPort(address, wanted) }
}

export const locateService: Locate = ({ name, port }, namespace, context) => {
  const service = read(context, Service, namespace, name)
  const ports = service.spec.ports ?? []
  let portName = port
  if (/^\d+$/.test(port)) {
    const found = ports.find(declared => String(declared.port) === port)
    if (!found) throw unavailable(`no service port ${port} found for service ${JSON.stringify(name)}`)
    portName = found.name ?? ''
  } else if (port === '' && ports.length === 1) portName = ports[0]?.name ?? ''
  const slices = context.resources.byUrl('discovery.k8s.io', 'v1', 'endpointslices')
  const own = (slices ? context.list(slices, namespace) : [])
    .map(object => object as unknown as EndpointSlice)
    .filter(({ metadata }) => metadata.labels?.[SERVICE_LABEL] === name)
  const places = own.flatMap(slice =>
    (slice.ports ?? [])
      .filter(candidate => (candidate.name ?? '') === portName && candidate.port !== undefined)
      .flatMap(({ port: number = 0 }) =>
        (slice.endpoints ?? [])
          .filter(endpoint => endpoint.conditions?.ready !== false && ownsAddress(endpoint, namespace, context))
          .flatMap(({ nodeName, addresses }) =>
            nodeName && addresses[0] ? [{ nodeName, address: addresses[0], number }] : [],
          ),
      ),
  )
  const place = places[Math.floor(context.random() * places.length)]
  if (!place) throw unavailable(`no endpoints available for service ${JSON.stringify(name)}`)
  return { nodeName: place.nodeName, target: hostPort(assertProxyable(place.address), place.number) }
}

/** Slices may be written by users: an address counts only if it is that of the pod that the endpoint names. */
function ownsAddress({ targetRef, addresses }: Endpoint, namespace: string, context: Reader): boolean {
  if (targetRef?.kind !== 'Pod' || !targetRef.name) return false
  const pods = context.resources.byUrl('', 'v1', 'pods')
  const found = pods && context.find(pods, { namespace, name: targetRef.name })
  const { podIP, podIPs } = (found?.object as unknown as Pod | undefined)?.status ?? {}
  return [podIP, ...(podIPs ?? []).map(({ ip }) => ip)].includes(addresses[0] ?? '-')
}

export const locateNode: Locate = ({ name, port }, _namespace, context) => {
  const node = read(context, Node, '', name)
  const kubelet = node.status.daemonEndpoints?.kubeletEndpoint?.Port || KUBELET_PORT
  if (port === '' || portNumber(port) === kubelet) return { nodeName: name, target: 'kubelet' }
  const address = node.status.addresses?.find(({ type }) => type === 'InternalIP')?.address
  return { nodeName: name, target: hostPort(assertProxyable(address), portNumber(port)) }
}
