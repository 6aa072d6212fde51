// endpointslice: the EndpointSlices of every Service that has a selector.
import { Node, Pod, Service } from '../../../shared/api/core/v1.ts'
import { EndpointSlice } from '../../../shared/api/discovery/v1.ts'
import type { ObjectRef } from '../../../shared/client/client.ts'
import type { Index } from '../../../shared/client/lister.ts'
import { keyOf } from '../../../shared/client/object-key.ts'
import {
  type Change,
  type ControllerContext,
  type Reconciler,
  type Result,
  done,
  mapped,
  own,
  requeueAfter,
} from '../../../shared/client/reconciler.ts'
import type { Clock } from '../../../shared/machinery/clock.ts'
import type { IPFamily } from '../../../shared/machinery/ip-address.ts'
import { isNamespaceTerminating, isNotFound } from '../../../shared/machinery/status.ts'
import { isPodReady } from '../support/pod-state.ts'
import { podsByNode } from '../support/pods-by-node.ts'
import { familiesOf, isEndpoint, podsBehind, servicesOfPod, zoneOf } from '../support/service-pods.ts'
import { TriggerTimes } from '../support/trigger-times.ts'
import { type NodeOf, type PortGroup, groupEndpoints, isLost } from './endpoints.ts'
import { MANAGED_BY, MANAGER, SERVICE_NAME, draftSlice, labelsOf, placeholderSlice, withEndpoints } from './slice.ts'
import { planSlices } from './plan.ts'
import { topologyHints, wantsTopology, zoneFacts } from './topology.ts'
import { SliceTracker } from './tracker.ts'

/** Slices by `namespace/service`, our own only: others may keep slices for the same Service. */
const slicesOfService: Index<EndpointSlice> = {
  name: 'service',
  values: ({ metadata: { namespace, labels } }) =>
    labels?.[MANAGED_BY] === MANAGER && labels[SERVICE_NAME] ? [keyOf({ namespace, name: labels[SERVICE_NAME] })] : [],
}

/** Enough for the watch to bring what was just written. */
const CACHE_LAG_MS = 50

export class EndpointSliceController implements Reconciler<Service> {
  readonly name = 'endpointslice'
  readonly eventSource = 'endpoint-slice-controller'
  readonly type = Service
  readonly watches = [
    own(Service),
    mapped(Pod, servicesOfPod),
    mapped<EndpointSlice>(EndpointSlice, (change, context) => this.#sliceChanged(change, context)),
    mapped(Node, nodeChanged),
  ]
  readonly #tracker: SliceTracker
  readonly #triggers = new TriggerTimes()
  /** Address family and Service → why hints are off; '' = they are on. */
  readonly #topology = new Map<string, string>()

  constructor(clock: Clock) {
    this.#tracker = new SliceTracker(clock)
  }

  async reconcile(service: Service, context: ControllerContext): Promise<Result> {
    if (!service.spec.selector || service.spec.type === 'ExternalName' || service.metadata.deletionTimestamp)
      return done
    const key = keyOf(service.metadata)
    const slices = context.lister(EndpointSlice).by(slicesOfService, key)
    if (!this.#tracker.isCurrent(key, slices)) return requeueAfter(CACHE_LAG_MS)
    const pods = podsBehind(service, context)
    const nodeOf: NodeOf = ({ spec: { nodeName } }) =>
      nodeName ? context.lister(Node).get({ name: nodeName }) : undefined
    const types = familiesOf(service)
    const trigger = this.#triggers.of(service, pods)
    for (const addressType of types) {
      const mine = slices.filter(slice => slice.addressType === addressType && !slice.metadata.deletionTimestamp)
      const zones = this.#zones(service, pods, addressType, nodeOf, context)
      const groups = groupEndpoints(service, pods, addressType, nodeOf, zones)
      await this.#write(context, service, addressType, mine, groups, trigger)
    }
    // An address family that the Service lost.
    const obsolete = slices.filter(slice => !types.some(type => type === slice.addressType))
    for (const slice of obsolete) await this.#delete(context, key, slice)
    return done
  }

  /** Topology aware routing, for a Service that asks for it: which zone each ready pod serves. */
  #zones(
    service: Service,
    pods: readonly Pod[],
    addressType: IPFamily,
    nodeOf: NodeOf,
    { lister, events }: ControllerContext,
  ): ReadonlyMap<string, string> | undefined {
    const key = `${addressType} ${keyOf(service.metadata)}`
    if (!wantsTopology(service)) {
      const before = this.#topology.get(key)
      this.#topology.delete(key)
      if (before === '')
        events.event(
          service,
          'Warning',
          'TopologyAwareHintsDisabled',
          `Topology Aware Hints has been disabled, addressType: ${addressType}`,
        )
      return undefined
    }
    const located = pods
      .filter(pod => isEndpoint(pod, false) && isPodReady(pod) && !isLost(service, pod, nodeOf))
      .map(pod => ({ key: pod.metadata.uid, zone: zoneOf(nodeOf(pod)) }))
    const hints = topologyHints(located, lister(Node).list())
    const state = 'zones' in hints ? '' : hints.disabled
    if (this.#topology.get(key) !== state) {
      this.#topology.set(key, state)
      const [type, reason, text] =
        state === ''
          ? (['Normal', 'TopologyAwareHintsEnabled', 'Topology Aware Hints has been enabled'] as const)
          : (['Warning', 'TopologyAwareHintsDisabled', state] as const)
      events.event(service, type, reason, `${text}, addressType: ${addressType}`)
    }
    return 'zones' in hints ? hints.zones : undefined
  }

  /** Slices go with their Service through the garbage collector. */
  gone(ref: ObjectRef): undefined {
    this.#tracker.forget(keyOf(ref))
    this.#triggers.forget(ref)
    for (const family of ['IPv4', 'IPv6']) this.#topology.delete(`${family} ${keyOf(ref)}`)
  }

  async #write(
    context: ControllerContext,
    service: Service,
    addressType: IPFamily,
    slices: readonly EndpointSlice[],
    groups: readonly PortGroup[],
    trigger: string | undefined,
  ): Promise<void> {
    const { client, signal, events } = context
    const key = keyOf(service.metadata)
    const plan = planSlices(slices, groups, labelsOf(service))
    try {
      for (const { ports, endpoints } of plan.create) {
        const draft = draftSlice(service, addressType, ports, endpoints, trigger)
        this.#tracker.written(key, await client.create(EndpointSlice, draft, { signal }))
      }
      for (const { slice, endpoints } of plan.update) {
        const next = withEndpoints(service, slice, endpoints, trigger)
        this.#tracker.written(key, await client.update(EndpointSlice, next, { signal }))
      }
      // A Service without endpoints has one empty slice: that it is empty is news as well.
      const survivors = slices.length - plan.delete.length + plan.create.length
      const [spare] = plan.delete
      if (survivors === 0 && spare) {
        const next = withEndpoints(service, spare, [], trigger)
        this.#tracker.written(key, await client.update(EndpointSlice, next, { signal }))
      } else if (survivors === 0) {
        const draft = placeholderSlice(service, addressType, trigger)
        this.#tracker.written(key, await client.create(EndpointSlice, draft, { signal }))
      }
      for (const slice of plan.delete) if (slice !== spare || survivors > 0) await this.#delete(context, key, slice)
    } catch (error) {
      if (isNamespaceTerminating(error)) return
      const why = error instanceof Error ? error.message : String(error)
      const what = `Error updating Endpoint Slices for Service ${key}: ${why}`
      events.event(service, 'Warning', 'FailedToUpdateEndpointSlices', what)
      throw error
    }
  }

  async #delete({ client, signal }: ControllerContext, key: string, slice: EndpointSlice): Promise<void> {
    const { namespace, name, uid } = slice.metadata
    this.#tracker.deleting(key, slice)
    try {
      await client.delete(EndpointSlice, { namespace, name }, { preconditions: { uid }, signal })
    } catch (error) {
      if (!isNotFound(error)) throw error
    }
  }

  #sliceChanged({ type, object, old }: Change<EndpointSlice>, context: ControllerContext): ObjectRef[] {
    const keys = new Set([object, ...(old ? [old] : [])].flatMap(slice => slicesOfService.values(slice)))
    const refs: ObjectRef[] = []
    for (const key of keys) {
      const service = context.lister(Service).byKey(key)
      // What we wrote ourselves comes back as an event: no reason to look again.
      const expected =
        type === 'deleted' ? this.#tracker.deletionSeen(key, object) : this.#tracker.isOurWrite(key, object)
      if (service && !expected) refs.push(service.metadata)
    }
    return refs
  }
}

/** Endpoints are there as long as their node is, and show its zone. */
function nodeChanged({ type, object, old }: Change<Node>, { lister }: ControllerContext): ObjectRef[] {
  const sameFacts = type === 'updated' && zoneFacts(old) === zoneFacts(object)
  const byTopology = sameFacts
    ? []
    : lister(Service)
        .list()
        .filter(wantsTopology)
        .map(({ metadata }) => metadata)
  if (type === 'updated' && zoneOf(old) === zoneOf(object)) return byTopology
  const here = lister(Pod).by(podsByNode, object.metadata.name)
  const change = (pod: Pod): Change<Pod> => ({ type: 'added', object: pod })
  return [...byTopology, ...here.flatMap(pod => servicesOfPod(change(pod), { lister } as ControllerContext))]
}
