// Where pods, services and nodes answer: the node to go through, if it is one's, and the address to ask there.
import { Node, Pod, Service } from '../../../../shared/api/core/v1.ts'
import type { Endpoint, EndpointSlice } from '../../../../shared/api/discovery/v1.ts'
import { KUBELET_PORT } from '../../../../shared/machinery/node-network.ts'
import type { KubeObject } from '../../../../shared/machinery/object.ts'
import type { ResourceType } from '../../../../shared/machinery/resource-type.ts'
import { ApiError, badRequest, notFound } from '../../../../shared/machinery/status.ts'
import type { NodeTarget } from '../../proxy/node-tunnels.ts'
import { assertProxyable, hostPort, portNumber, type ProxyName } from '../../proxy/targets.ts'
import type { EndpointContext } from '../contract.ts'

const SERVICE_LABEL = 'kubernetes.io/service-name'

export interface Location {
  /** '' for an endpoint that is no pod: it is asked from here. */
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
  const nodeOf = nodesOf(namespace, context)
  const places = own.flatMap(slice =>
    (slice.ports ?? [])
      .filter(candidate => (candidate.name ?? '') === portName && candidate.port !== undefined)
      .flatMap(({ port: number = 0 }) =>
        (slice.endpoints ?? [])
          .filter(({ conditions }) => conditions?.ready !== false)
          .flatMap(endpoint => {
            const nodeName = nodeOf(endpoint)
            const [address] = endpoint.addresses
            return nodeName === undefined || address === undefined ? [] : [{ nodeName, address, number }]
          }),
      ),
  )
  const place = places[Math.floor(context.random() * places.length)]
  if (!place) throw unavailable(`no endpoints available for service ${JSON.stringify(name)}`)
  return { nodeName: place.nodeName, target: hostPort(assertProxyable(place.address), place.number) }
}

/**
 * Slices may be written by users: what a pod has as its address counts only where the endpoint names that pod.
 * @returns the node of an endpoint, '' for one that is no pod; undefined for one that does not count
 */
function nodesOf(namespace: string, context: Reader): (endpoint: Endpoint) => string | undefined {
  const pods = context.resources.byUrl('', 'v1', 'pods')
  let known: Set<string> | undefined
  const isPods = (address: string) => {
    known ??= new Set((pods ? context.list(pods) : []).flatMap(pod => ownAddresses(pod as unknown as Pod)))
    return known.has(address)
  }
  return ({ targetRef, addresses: [address = ''], nodeName }) => {
    if (targetRef?.kind !== 'Pod') return isPods(address) ? undefined : ''
    const found = pods && targetRef.name ? context.find(pods, { namespace, name: targetRef.name }) : undefined
    return found && podAddresses(found.object as unknown as Pod).includes(address) ? nodeName : undefined
  }
}

const podAddresses = ({ status }: Pod): string[] =>
  [status.podIP, ...(status.podIPs ?? []).map(({ ip }) => ip)].filter(ip => ip !== undefined)

/** Those of its node are not a pod's own, and one that has ended has none any more. */
const ownAddresses = (pod: Pod): string[] =>
  pod.spec.hostNetwork || pod.status.phase === 'Succeeded' || pod.status.phase === 'Failed' ? [] : podAddresses(pod)

export const locateNode: Locate = ({ name, port }, _namespace, context) => {
  const node = read(context, Node, '', name)
  const kubelet = node.status.daemonEndpoints?.kubeletEndpoint?.Port || KUBELET_PORT
  if (port === '' || portNumber(port) === kubelet) return { nodeName: name, target: 'kubelet' }
  const address = node.status.addresses?.find(({ type }) => type === 'InternalIP')?.address
  return { nodeName: name, target: hostPort(assertProxyable(address), portNumber(port)) }
}
