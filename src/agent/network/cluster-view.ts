// What the node's network needs to know of the cluster: Services, EndpointSlices and Nodes. Fed by informers, and
// before they have answered by what the agent knew last, so that a rebooted node works without the API server.
import { type Node, Node as NodeType, type Service, Service as ServiceType } from '../../shared/api/core/v1.ts'
import { type EndpointSlice, EndpointSlice as EndpointSliceType } from '../../shared/api/discovery/v1.ts'
import type { InformerFactory } from '../../shared/client/informer-factory.ts'
import { keyOf } from '../../shared/client/object-key.ts'
import { SERVICE_NAME_LABEL } from '../proxy/service-port.ts'
import { type ClusterSnapshot, isClusterSnapshot, slim, slimNode } from './cluster-snapshot.ts'

export interface ClusterViewHandler {
  /** A Service or one of its EndpointSlices changed, came or went. @param key `namespace/name` of the Service */
  service?(key: string): void
  node?(name: string): void
}

/** @returns the key of the Service that a slice belongs to; undefined when it names none. */
export function serviceKeyOf({ metadata }: EndpointSlice): string | undefined {
  const name = metadata.labels?.[SERVICE_NAME_LABEL]
  return name ? keyOf({ namespace: metadata.namespace, name }) : undefined
}

export class ClusterView {
  readonly #services = new Map<string, Service>()
  readonly #slices = new Map<string, EndpointSlice>()
  readonly #slicesOf = new Map<string, Map<string, EndpointSlice>>()
  readonly #nodes = new Map<string, Node>()
  readonly #handlers = new Set<ClusterViewHandler>()

  get services(): ReadonlyMap<string, Service> {
    return this.#services
  }
  get nodes(): ReadonlyMap<string, Node> {
    return this.#nodes
  }
  get slices(): ReadonlyMap<string, EndpointSlice> {
    return this.#slices
  }
  slicesOf(serviceKey: string): readonly EndpointSlice[] {
    return [...(this.#slicesOf.get(serviceKey)?.values() ?? [])]
  }

  /** @returns a function that removes the handler. */
  on(handler: ClusterViewHandler): () => void {
    this.#handlers.add(handler)
    return () => this.#handlers.delete(handler)
  }

  putService(service: Service): void {
    this.#services.set(keyOf(service.metadata), service)
    this.#serviceChanged(keyOf(service.metadata))
  }
  removeService(key: string): void {
    if (this.#services.delete(key)) this.#serviceChanged(key)
  }
  putSlice(slice: EndpointSlice): void {
    this.removeSlice(keyOf(slice.metadata), serviceKeyOf(slice))
    this.#slices.set(keyOf(slice.metadata), slice)
    const owner = serviceKeyOf(slice)
    if (owner === undefined) return
    const slices = this.#slicesOf.get(owner) ?? new Map<string, EndpointSlice>()
    this.#slicesOf.set(owner, slices.set(keyOf(slice.metadata), slice))
    this.#serviceChanged(owner)
  }
  /** @param silentFor Service that hears of the change anyway */
  removeSlice(key: string, silentFor?: string): void {
    const old = this.#slices.get(key)
    if (!old) return
    this.#slices.delete(key)
    const owner = serviceKeyOf(old)
    if (owner === undefined) return
    const slices = this.#slicesOf.get(owner)
    slices?.delete(key)
    if (slices?.size === 0) this.#slicesOf.delete(owner)
    if (owner !== silentFor) this.#serviceChanged(owner)
  }
  putNode(node: Node): void {
    this.#nodes.set(keyOf(node.metadata), node)
    for (const handler of this.#handlers) handler.node?.(node.metadata.name)
  }
  removeNode(name: string): void {
    if (!this.#nodes.delete(name)) return
    for (const handler of this.#handlers) handler.node?.(name)
  }

  onChange(changed: () => void): () => void {
    return this.on({ service: changed, node: changed })
  }

  snapshot(): ClusterSnapshot {
    return {
      services: [...this.#services.values()].map(slim),
      slices: [...this.#slices.values()].map(slim),
      nodes: [...this.#nodes.values()].map(slimNode),
    }
  }

  restore(saved: unknown): void {
    if (!isClusterSnapshot(saved)) return
    for (const service of saved.services) this.putService(service)
    for (const slice of saved.slices) this.putSlice(slice)
    for (const node of saved.nodes) this.putNode(node)
  }

  /** Follows the informers from now on; what they do not list is dropped once their first list is complete. */
  follow(informers: InformerFactory): void {
    const services = informers.informer(ServiceType)
    services.on({
      added: service => this.putService(service),
      updated: service => this.putService(service),
      deleted: service => this.removeService(keyOf(service.metadata)),
    })
    const slices = informers.informer(EndpointSliceType)
    slices.on({
      added: slice => this.putSlice(slice),
      updated: slice => this.putSlice(slice),
      deleted: slice => this.removeSlice(keyOf(slice.metadata)),
    })
    const nodes = informers.informer(NodeType)
    nodes.on({
      added: node => this.putNode(node),
      updated: node => this.putNode(node),
      deleted: node => this.removeNode(node.metadata.name),
    })
    const dropUnlisted = (
      known: ReadonlyMap<string, unknown>,
      isListed: (key: string) => boolean,
      drop: (key: string) => void,
    ) => {
      for (const key of [...known.keys()]) if (!isListed(key)) drop(key)
    }
    const never = () => undefined // stopped before the first list: what is known stays
    services.synced().then(
      () =>
        dropUnlisted(
          this.#services,
          key => !!services.lister.byKey(key),
          key => this.removeService(key),
        ),
      never,
    )
    slices.synced().then(
      () =>
        dropUnlisted(
          this.#slices,
          key => !!slices.lister.byKey(key),
          key => this.removeSlice(key),
        ),
      never,
    )
    nodes.synced().then(
      () =>
        dropUnlisted(
          this.#nodes,
          key => !!nodes.lister.byKey(key),
          key => this.removeNode(key),
        ),
      never,
    )
  }

  #serviceChanged(key: string): void {
    for (const handler of this.#handlers) handler.service?.(key)
  }
}
