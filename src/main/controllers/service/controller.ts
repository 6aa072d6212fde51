// service: Services of type LoadBalancer are reached on the addresses of the nodes; kube-proxy answers there.
import { Node, Service, type LoadBalancerIngress } from '../../../shared/api/core/v1.ts'
import { EndpointSlice } from '../../../shared/api/discovery/v1.ts'
import {
  type Change,
  type ControllerContext,
  type Reconciler,
  type Result,
  done,
  mapped,
  own,
} from '../../../shared/client/reconciler.ts'
import { byNamespace } from '../../../shared/client/lister.ts'
import { isConditionTrue, removeCondition, setCondition } from '../../../shared/machinery/conditions.ts'
import type { Condition } from '../../../shared/api/meta/v1.ts'
import { formatTime } from '../../../shared/machinery/clock.ts'
import { deepEqual } from '../../../shared/machinery/deep-equal.ts'
import { familyOf } from '../../../shared/machinery/ip-address.ts'
import { SERVICE_NAME } from '../endpointslice/slice.ts'
import { addressesOf } from '../support/node-addresses.ts'
import { writeStatus } from '../support/write-status.ts'

const EXCLUDED = 'node.kubernetes.io/exclude-from-external-load-balancers'
/** Of the nodes themselves: sshd and the kubelet; a Service there would lock everybody out. */
const RESERVED = new Set(['TCP/22', 'TCP/10250'])
/** Upstream's name of the condition that tells of ports that cannot be had. */
const PORTS_ERROR = 'LoadBalancerPortsError'

/** A Service of another class is another controller's. */
const isOurs = ({ spec }: Service): boolean => spec.type === 'LoadBalancer' && !spec.loadBalancerClass

const portsOf = ({ spec }: Service): string[] =>
  (spec.ports ?? []).map(({ protocol = 'TCP', port }) => `${protocol}/${port}`)

/** Who was first keeps the port. */
const isBefore = (a: Service, b: Service): boolean => {
  const [mine, theirs] = [a.metadata.creationTimestamp, b.metadata.creationTimestamp]
  return mine === theirs ? a.metadata.uid < b.metadata.uid : mine < theirs
}

export class ServiceLoadBalancerController implements Reconciler<Service> {
  readonly name = 'service'
  readonly type = Service
  readonly watches = [
    own(Service, ({ object, old }) => isOurs(object) || (old !== undefined && isOurs(old))),
    // A port that becomes free is for whoever waited for it.
    mapped(Service, ({ type, object, old }, context) =>
      (type === 'deleted' && isOurs(object)) || (old && isOurs(old) && !deepEqual(old.spec, object.spec))
        ? allOurs(context)
        : [],
    ),
    mapped(Node, ({ object, old }: Change<Node>, context) =>
      old && deepEqual(placeOf(old), placeOf(object)) ? [] : allOurs(context),
    ),
    mapped(EndpointSlice, ({ object: { metadata } }, { lister }) => {
      const name = metadata.labels?.[SERVICE_NAME] ?? ''
      const service = lister(Service).get({ namespace: metadata.namespace, name })
      return service && isOurs(service) && service.spec.externalTrafficPolicy === 'Local' ? [service.metadata] : []
    }),
  ]

  async reconcile(service: Service, context: ControllerContext): Promise<Result> {
    if (service.metadata.deletionTimestamp) return done
    const { events } = context
    const isServed = isOurs(service)
    if (!isServed && !service.status.conditions?.some(({ type }) => type === PORTS_ERROR)) return done
    const refusal = isServed ? whyNot(service, context) : undefined
    const before = service.status.loadBalancer?.ingress ?? []
    const ingress = isServed && refusal === undefined ? ingressOf(service, context) : []
    if (refusal !== undefined)
      events.event(service, 'Warning', 'SyncLoadBalancerFailed', `Error syncing load balancer: ${refusal}`)
    const conditions = conditionsOf(service, refusal, formatTime(context.clock.now()))
    if (deepEqual(before, ingress) && deepEqual(service.status.conditions ?? [], conditions)) return done
    const { conditions: _before, ...status } = service.status
    await writeStatus(context, Service, service, {
      ...status,
      loadBalancer: ingress.length ? { ingress } : {},
      ...(conditions.length > 0 && { conditions }),
    })
    if (ingress.length > 0 && before.length === 0)
      events.event(service, 'Normal', 'EnsuredLoadBalancer', 'Ensured load balancer')
    return done
  }
}

const conditionsOf = ({ status, metadata }: Service, refusal: string | undefined, now: string): Condition[] =>
  refusal === undefined
    ? removeCondition(status.conditions, PORTS_ERROR)
    : setCondition<Condition>(
        status.conditions,
        { type: PORTS_ERROR, status: 'True', reason: 'PortConflict', message: refusal, observedGeneration: metadata.generation ?? 0 }, // prettier-ignore
        now,
      )

const allOurs = ({ lister }: ControllerContext) =>
  lister(Service)
    .list()
    .filter(isOurs)
    .map(({ metadata }) => metadata)

function whyNot(service: Service, { lister }: ControllerContext): string | undefined {
  const ports = portsOf(service)
  const reserved = ports.find(port => RESERVED.has(port))
  if (reserved) return `port ${reserved} belongs to the nodes themselves`
  for (const other of lister(Service).list()) {
    if (!isOurs(other) || other.metadata.uid === service.metadata.uid || !isBefore(other, service)) continue
    const taken = portsOf(other).find(port => ports.includes(port) && !RESERVED.has(port))
    if (taken) return `port ${taken} is taken by Service ${other.metadata.namespace}/${other.metadata.name}`
  }
  return undefined
}

const placeOf = ({ metadata, status }: Node) => ({
  excluded: metadata.labels?.[EXCLUDED] !== undefined || metadata.deletionTimestamp !== undefined,
  ready: isConditionTrue(status.conditions, 'Ready'),
  addresses: addressesOf(status.addresses),
})

function ingressOf(service: Service, context: ControllerContext): LoadBalancerIngress[] {
  const families = new Set(service.spec.ipFamilies ?? ['IPv4'])
  const local = service.spec.externalTrafficPolicy === 'Local' ? nodesWithEndpoints(service, context) : undefined
  const places = context
    .lister(Node)
    .list()
    .filter(({ metadata }) => !local || local.has(metadata.name))
    .map(placeOf)
    .filter(({ excluded }) => !excluded)
  // With no node ready at all, nobody can tell which ones still answer: all stay.
  const ready = places.filter(place => place.ready)
  const addresses = (ready.length > 0 ? ready : places)
    .flatMap(place => place.addresses)
    .filter(address => families.has(familyOf(address)))
  const { loadBalancerIP } = service.spec
  return [...new Set(addresses)]
    .filter(address => !loadBalancerIP || address === loadBalancerIP)
    .sort()
    .map(ip => ({ ip, ipMode: 'VIP' }))
}

function nodesWithEndpoints({ metadata: { namespace, name } }: Service, { lister }: ControllerContext): Set<string> {
  return new Set(
    lister(EndpointSlice)
      .by(byNamespace, namespace)
      .filter(slice => slice.metadata.labels?.[SERVICE_NAME] === name)
      .flatMap(slice => slice.endpoints ?? [])
      .filter(({ conditions }) => conditions?.ready ?? true)
      .flatMap(({ nodeName }) => nodeName ?? []),
  )
}
