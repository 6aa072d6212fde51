// From a backend to one of the addresses behind it. Requests go to endpoints directly, not through the Service's
// address: so an endpoint that does not answer costs a retry, not a failure.
import type { Service } from '../../shared/api/core/v1.ts'
import type { ClusterView } from '../network/cluster-view.ts'
import { type Family, IPV4, IPV6 } from '../network/family.ts'
import { chooseEndpoints, type NodePlace } from '../proxy/choose-endpoints.ts'
import { endpointsOf } from '../proxy/service-port.ts'
import type { Backend } from './rules.ts'

export interface Target {
  readonly ip: string
  readonly port: number
  /** How to speak to it, by the port's appProtocol. */
  readonly protocol: 'http' | 'https' | 'h2c'
}

export class Backends {
  readonly #view: ClusterView
  readonly #place: () => NodePlace
  readonly #random: () => number

  constructor(view: ClusterView, place: () => NodePlace, random: () => number) {
    this.#view = view
    this.#place = place
    this.#random = random
  }

  /** Whether there is such a Service with such a port. */
  has({ namespace, service: name, port }: Backend): boolean {
    const service = this.#view.services.get(`${namespace}/${name ?? ''}`)
    return service !== undefined && portOf(service, port) !== undefined
  }

  /** @returns its addresses of one family, in the order in which to try them; none when nothing serves it */
  targets({ namespace, service: name, port }: Backend): Target[] {
    const key = `${namespace}/${name ?? ''}`
    const service = this.#view.services.get(key)
    const found = service && portOf(service, port)
    if (!service || !found) return []
    const place = this.#place()
    const slices = this.#view.slicesOf(key)
    const choose = (family: Family) =>
      chooseEndpoints({ endpoints: endpointsOf(found, slices, place.nodeName, family) }, place).cluster
    const ipv4 = choose(IPV4)
    const cluster = ipv4.length > 0 ? ipv4 : choose(IPV6)
    const start = Math.floor(this.#random() * cluster.length)
    const protocol = protocolOf(found.appProtocol)
    return [...cluster.slice(start), ...cluster.slice(0, start)].map(({ ip, port: number }) => ({ ip, port: number, protocol })) // prettier-ignore
  }
}

const portOf = ({ spec }: Service, wanted: number | string | undefined) =>
  (spec.ports ?? []).find(({ port, name }) => (typeof wanted === 'number' ? port === wanted : name === wanted))

function protocolOf(appProtocol: string | undefined): Target['protocol'] {
  if (appProtocol?.toLowerCase() === 'https') return 'https'
  return appProtocol === 'kubernetes.io/h2c' || appProtocol?.toLowerCase() === 'grpc' ? 'h2c' : 'http'
}
