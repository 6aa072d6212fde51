// kube-proxy, for one family: turns every change of a Service or its endpoints into the rules of that Service.
import type { Service } from '../../shared/api/core/v1.ts'
import type { ClusterView } from '../network/cluster-view.ts'
import type { StaleFlow } from './conntrack.ts'
import { staleFlows } from './conntrack.ts'
import { chooseEndpoints, type NodePlace } from './choose-endpoints.ts'
import type { TrafficPolicy } from './metrics.ts'
import { noRules, rulesOf } from './rules.ts'
import { type ServicePort, type ServicePortContext, servicePortsOf } from './service-port.ts'
import type { RuleTable } from './table.ts'

export interface ProxierOptions extends ServicePortContext {
  readonly view: ClusterView
  readonly table: RuleTable
  readonly clusterCIDR: string
  /** Called when the table changed. */
  readonly changed: () => void
  /** Told after a change which UDP flows would go on to endpoints that left. */
  readonly stale: (flows: readonly StaleFlow[]) => void
}

const ZONE_LABEL = 'topology.kubernetes.io/zone'

export const placeOf = (view: ClusterView, nodeName: string): NodePlace => ({
  nodeName,
  zone: view.nodes.get(nodeName)?.metadata.labels?.[ZONE_LABEL],
})

export class Proxier implements Disposable {
  readonly #options: ProxierOptions
  readonly #ports = new Map<string, readonly ServicePort[]>()
  readonly #forget: () => void
  #zone: string | undefined

  /** Puts the rules of every Service known now into the table, and keeps them up to date. */
  constructor(options: ProxierOptions) {
    this.#options = options
    this.#zone = placeOf(options.view, options.nodeName).zone
    for (const key of options.view.services.keys()) this.#update(key)
    this.#forget = options.view.on({
      service: key => {
        this.#update(key)
        options.changed()
      },
      node: name => {
        if (name === options.nodeName) this.#placeMayHaveChanged()
      },
    })
  }

  /** Ports served now, by Service key. */
  get ports(): ReadonlyMap<string, readonly ServicePort[]> {
    return this.#ports
  }

  /** @returns how many ports keep to this node by their policy, and have endpoints, but none on it */
  withoutLocalEndpoints(policy: TrafficPolicy): number {
    const place: NodePlace = { nodeName: this.#options.nodeName, zone: this.#zone }
    const isKept = (port: ServicePort) => (policy === 'internal' ? port.internalLocal : port.externalLocal)
    return [...this.#ports.values()].flat().filter(port => {
      if (!isKept(port)) return false
      const { cluster, local } = chooseEndpoints(port, place)
      return cluster.length > 0 && local.length === 0
    }).length
  }

  [Symbol.dispose](): void {
    this.#forget()
  }

  #update(key: string): void {
    const { view, table, family, clusterCIDR, stale, nodeName } = this.#options
    const service: Service | undefined = view.services.get(key)
    const before = this.#ports.get(key) ?? []
    const ports = service ? servicePortsOf(service, view.slicesOf(key), this.#options) : []
    if (ports.length > 0) this.#ports.set(key, ports)
    else this.#ports.delete(key)
    const place: NodePlace = { nodeName, zone: this.#zone }
    table.put(`service/${key}`, ports.length > 0 ? rulesOf(ports, { ...place, family, clusterCIDR }) : noRules)
    const flows = staleFlows(before, ports, place)
    if (flows.length > 0) stale(flows)
  }

  #placeMayHaveChanged(): void {
    const { zone } = placeOf(this.#options.view, this.#options.nodeName)
    if (zone === this.#zone) return
    this.#zone = zone
    for (const key of this.#ports.keys()) this.#update(key)
    this.#options.changed()
  }
}
