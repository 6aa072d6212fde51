// Which endpoints of a Service port get traffic.
import type { ServiceEndpoint, ServicePort } from './service-port.ts'

export interface NodePlace {
  readonly nodeName: string
  /** The node's `topology.kubernetes.io/zone`, when it has one. */
  readonly zone?: string | undefined
}

export interface ChosenEndpoints {
  /** For traffic that may leave the node. */
  readonly cluster: readonly ServiceEndpoint[]
  /** For traffic that a policy keeps on this node. */
  readonly local: readonly ServiceEndpoint[]
}

export function chooseEndpoints({ endpoints }: Pick<ServicePort, 'endpoints'>, place: NodePlace): ChosenEndpoints {
  return {
    cluster: preferHinted(usable(endpoints), place),
    local: usable(endpoints.filter(endpoint => endpoint.local)),
  }
}

/** Ready ones; while there are none, those that still serve although they are being terminated (KEP-1669). */
function usable(endpoints: readonly ServiceEndpoint[]): readonly ServiceEndpoint[] {
  const ready = endpoints.filter(endpoint => endpoint.ready)
  return ready.length > 0 ? ready : endpoints.filter(endpoint => endpoint.serving && endpoint.terminating)
}

/** Hints count only when every endpoint has one and at least one is meant for here (KEP-2433, KEP-4444). */
function preferHinted(
  endpoints: readonly ServiceEndpoint[],
  { nodeName, zone }: NodePlace,
): readonly ServiceEndpoint[] {
  if (endpoints.every(endpoint => endpoint.forNodes?.length)) {
    const here = endpoints.filter(endpoint => endpoint.forNodes?.includes(nodeName))
    if (here.length > 0) return here
  }
  if (zone !== undefined && endpoints.every(endpoint => endpoint.forZones?.length)) {
    const here = endpoints.filter(endpoint => endpoint.forZones?.includes(zone))
    if (here.length > 0) return here
  }
  return endpoints
}
