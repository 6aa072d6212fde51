// Connections from the API server to Services: to one of the endpoints behind them, as proxies do.
import { connect } from 'node:net'
import type { Duplex } from 'node:stream'
import { Service } from '../../../shared/api/core/v1.ts'
import type { EndpointContext } from '../endpoints/contract.ts'
import { notFound } from '../../../shared/machinery/status.ts'
import { locateService } from '../endpoints/proxy/locate.ts'
import type { NodeDialer } from '../proxy/node-tunnels.ts'
import { nodesAndOutside } from '../proxy/outside.ts'

export interface ServiceRef {
  readonly namespace: string
  readonly name: string
  readonly port: number
}

/** @throws ApiError 503 when nothing answers behind the Service, 404 without it */
export type DialService = (service: ServiceRef) => Promise<Duplex>

type Reader = Pick<EndpointContext, 'resources' | 'get' | 'find' | 'list' | 'random'>

/** An ExternalName is looked up from here; every other Service is reached where its pods run, or its endpoints are. */
export function serviceDialer(nodes: NodeDialer, context: Reader): DialService {
  const dialer = nodesAndOutside(nodes)
  return async ({ namespace, name, port }) => {
    const services = context.resources.byUrl('', 'v1', 'services')
    const found = services && context.find(services, { namespace, name })?.object
    // Upstream calls it by one, here alone.
    if (!found) throw notFound({ group: '', plural: 'service' }, name)
    const { spec } = found as unknown as Service
    if (spec.type === 'ExternalName') return connect({ host: spec.externalName ?? '', port })
    const { nodeName, target } = locateService({ scheme: 'https', name, port: String(port) }, namespace, context)
    return dialer.dial(nodeName, target)
  }
}
