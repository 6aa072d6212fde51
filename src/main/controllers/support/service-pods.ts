// Which pods are behind a Service, on which ports: what both endpoints controllers agree on.
import { type Container, Node, Pod, Service, type ServicePort } from '../../../shared/api/core/v1.ts'
import type { ObjectRef } from '../../../shared/client/client.ts'
import type { Change, ControllerContext } from '../../../shared/client/reconciler.ts'
import { Selectors, selectedBy } from '../../../shared/client/selection.ts'
import { deepEqual } from '../../../shared/machinery/deep-equal.ts'
import { type IPFamily, familyOf } from '../../../shared/machinery/ip-address.ts'
import { fromMatchLabels, nothing } from '../../../shared/machinery/selectors.ts'
import { isPodReady, isPodTerminal } from './pod-state.ts'

export const HEADLESS_LABEL = 'service.kubernetes.io/headless'

export const isHeadless = (service: Service): boolean => service.spec.clusterIP === 'None'

/** An absent selector selects nothing: such endpoints are written by hand. */
const selectors = new Selectors<Service>(({ spec }) => (spec.selector ? fromMatchLabels(spec.selector) : nothing))

export const podsBehind = (service: Service, { lister }: ControllerContext): Pod[] =>
  selectedBy(lister(Pod), service.metadata.namespace, selectors.of(service))

/** @returns the Services whose endpoints a change of this pod concerns */
export function servicesOfPod({ type, object: pod, old }: Change<Pod>, { lister }: ControllerContext): ObjectRef[] {
  if (type === 'updated' && old && !isEndpointChange(pod, old)) return []
  const { namespace, labels } = pod.metadata
  const labelsBefore = old ? [old.metadata.labels] : []
  return selectors.selecting(lister(Service), namespace, labels, ...labelsBefore).map(service => service.metadata)
}

/** Most updates of a pod (restart counts, annotations, …) change no endpoint. */
function isEndpointChange(pod: Pod, old: Pod): boolean {
  return (
    !deepEqual(pod.metadata.labels, old.metadata.labels) ||
    !deepEqual(pod.status.podIPs, old.status.podIPs) ||
    pod.status.podIP !== old.status.podIP ||
    isPodReady(pod) !== isPodReady(old) ||
    isPodTerminal(pod) !== isPodTerminal(old) ||
    pod.metadata.deletionTimestamp !== old.metadata.deletionTimestamp ||
    pod.spec.nodeName !== old.spec.nodeName ||
    pod.spec.hostname !== old.spec.hostname ||
    pod.spec.subdomain !== old.spec.subdomain
  )
}

/** @param includeTerminating whether pods that are being deleted still count */
export const isEndpoint = (pod: Pod, includeTerminating: boolean): boolean =>
  !isPodTerminal(pod) &&
  (pod.status.podIP ?? '') !== '' &&
  (includeTerminating || pod.metadata.deletionTimestamp === undefined)

/** @returns the families of a Service's endpoints, the first one that of its Endpoints object */
export function familiesOf({ spec }: Service): readonly [IPFamily, ...IPFamily[]] {
  const families = (spec.ipFamilies ?? []).filter(family => family === 'IPv4' || family === 'IPv6')
  const [first = familyOf(spec.clusterIP ?? ''), ...rest] = families
  return [first, ...rest]
}

/** @returns the pod's address of a family; undefined when it has none */
export function ipOf({ status }: Pod, family: IPFamily): string | undefined {
  const ips = status.podIPs?.map(({ ip }) => ip) ?? [status.podIP ?? '']
  return ips.find(ip => ip && familyOf(ip) === family)
}

/** Only pods of a headless Service that carry its name as subdomain have a DNS name of their own. */
export const hostnameOf = (pod: Pod, service: Service): string | undefined =>
  pod.spec.hostname && pod.spec.subdomain === service.metadata.name ? pod.spec.hostname : undefined

/** @returns the pod's number for a Service port; undefined when the pod has no port of that name */
export function targetPortOf(pod: Pod, { targetPort, port, protocol = 'TCP' }: ServicePort): number | undefined {
  if (typeof targetPort === 'number') return targetPort === 0 ? port : targetPort
  if (!targetPort) return port
  const sidecars = (pod.spec.initContainers ?? []).filter(container => container.restartPolicy === 'Always')
  for (const container of [...pod.spec.containers, ...sidecars]) {
    const found = portNamed(container, targetPort, protocol)
    if (found !== undefined) return found
  }
  return undefined
}

const portNamed = ({ ports }: Container, name: string, protocol: string): number | undefined =>
  ports?.find(port => port.name === name && (port.protocol ?? 'TCP') === protocol)?.containerPort

export const zoneOf = (node: Node | undefined): string | undefined =>
  node?.metadata.labels?.['topology.kubernetes.io/zone'] || undefined
