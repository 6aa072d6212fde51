// pods/proxy, services/proxy and nodes/proxy: HTTP through the API server to what runs in the cluster.
// @see https://kubernetes.io/docs/tasks/access-application-cluster/access-cluster-services/
import { connect as connectTls } from 'node:tls'
import { notFound } from '../../../../shared/machinery/status.ts'
import { forward } from '../../proxy/forward.ts'
import type { NodeDialer } from '../../proxy/node-tunnels.ts'
import { nodesAndOutside } from '../../proxy/outside.ts'
import { parseProxyName } from '../../proxy/targets.ts'
import type { ApiRequest, ApiResponse } from '../../request.ts'
import type { EndpointContext, SubresourceHandler } from '../contract.ts'
import { type Locate, locateNode, locatePod, locateService } from './locate.ts'

/** Pods' certificates come from anybody: TLS protects the way, as upstream, and does not tell who answers. */
const encrypted = (dialer: NodeDialer): NodeDialer => ({
  dial: async (nodeName, target) =>
    connectTls({ socket: await dialer.dial(nodeName, target), rejectUnauthorized: false }),
})

const READING = new Set(['GET', 'HEAD'])

/** The part of the path that belongs to the API server. */
const prefixOf = ({ info }: ApiRequest): string =>
  info.rest === '' ? info.path.replace(/\/$/, '') : info.path.slice(0, info.path.length - info.rest.length - 1)

function proxyHandler(resource: 'pods' | 'services' | 'nodes', locate: Locate, dialer: NodeDialer): SubresourceHandler {
  const kind = { pods: 'PodProxyOptions', services: 'ServiceProxyOptions', nodes: 'NodeProxyOptions' }[resource]
  return {
    group: '',
    resource,
    subresource: 'proxy',
    kind: { group: '', version: 'v1', kind },
    methods: { GET: 'get', POST: 'create', PUT: 'update', PATCH: 'patch', DELETE: 'delete', OPTIONS: 'get' },
    longRunning: true,
    async handle(request: ApiRequest, context: EndpointContext): Promise<ApiResponse> {
      const { info, query } = request
      const descriptor = context.resources.byUrl('', 'v1', resource)
      if (!descriptor) throw notFound({ group: '', plural: resource }, info.name)
      const prefix = prefixOf(request)
      // Relative links of the target's pages need the slash.
      if (info.rest === '' && !info.path.endsWith('/') && READING.has(request.method) && !request.upgrade) {
        const search = query.size > 0 ? `?${query}` : ''
        return { code: 301, headers: { location: `${info.path}/${search}` }, bytes: Buffer.alloc(0), contentType: 'text/plain' } // prettier-ignore
      }
      const wanted = parseProxyName(info.name)
      await context.admit({
        operation: 'CONNECT',
        resource: descriptor,
        subresource: 'proxy',
        namespace: info.namespace,
        name: wanted.name,
        options: { path: `/${info.rest}` },
        user: request.user,
        dryRun: false,
        warn: text => request.warn(text),
      })
      const { nodeName, target } = locate(wanted, info.namespace, context)
      const path = `/${info.rest}${query.size > 0 ? `?${query}` : ''}`
      const through = wanted.scheme === 'https' && target !== 'kubelet' ? encrypted(dialer) : dialer
      return forward(through, { nodeName, target, path, prefix }, request)
    },
  }
}

export const proxyHandlers = (dialer: NodeDialer): SubresourceHandler[] => [
  proxyHandler('pods', locatePod, dialer),
  proxyHandler('services', locateService, nodesAndOutside(dialer)),
  proxyHandler('nodes', locateNode, dialer),
]
