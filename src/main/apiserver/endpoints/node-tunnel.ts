// `GET /apis/flotilla.dev/v1/nodes/<name>/tunnel` with an upgrade: a node's agent opens its link.
import { ApiError, badRequest } from '../../../shared/machinery/status.ts'
import type { NodeTunnels } from '../proxy/node-tunnels.ts'
import type { SubresourceHandler } from './contract.ts'

/** Only the node itself may open its link: the certificate must name it. */
export function nodeTunnelHandler(tunnels: NodeTunnels): SubresourceHandler {
  return {
    group: 'flotilla.dev',
    version: 'v1',
    resource: 'nodes',
    subresource: 'tunnel',
    namespaced: false,
    kind: { group: 'flotilla.dev', version: 'v1', kind: 'NodeTunnel' },
    methods: { GET: 'create' },
    hidden: true,
    longRunning: true,
    handle({ info, user, upgrade, headers }) {
      if (user.name !== `system:node:${info.name}` || !user.groups.includes('system:nodes'))
        throw new ApiError(
          403,
          'Forbidden',
          `user ${JSON.stringify(user.name)} may not open the link of node ${JSON.stringify(info.name)}`,
        )
      if (!upgrade || headers.upgrade?.toLowerCase() !== 'flotilla-tunnel')
        throw badRequest('Upgrade: flotilla-tunnel is required')
      upgrade.socket.write(
        'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: flotilla-tunnel\r\n\r\n',
      )
      tunnels.accept(info.name, upgrade.socket, upgrade.head)
      return Promise.resolve({ code: 101, hijacked: true })
    },
  }
}
