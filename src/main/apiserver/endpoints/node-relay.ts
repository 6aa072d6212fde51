// `GET /apis/flotilla.dev/v1/nodes/<name>/relay?to=<other>` with an upgrade: a node's agent opens a byte stream to the agent
// of a node that it does not reach itself.
import { ApiError, badRequest } from '../../../shared/machinery/status.ts'
import type { NodeDialer } from '../proxy/node-tunnels.ts'
import type { SubresourceHandler } from './contract.ts'

const PROTOCOL = 'flotilla-relay'

/** Only the node itself may speak in its name: the certificate must name it. */
export function nodeRelayHandler(nodes: NodeDialer): SubresourceHandler {
  return {
    group: 'flotilla.dev',
    version: 'v1',
    resource: 'nodes',
    subresource: 'relay',
    namespaced: false,
    kind: { group: 'flotilla.dev', version: 'v1', kind: 'NodeRelay' },
    methods: { GET: 'create' },
    hidden: true,
    longRunning: true,
    async handle({ info, user, query, upgrade, headers }) {
      if (user.name !== `system:node:${info.name}` || !user.groups.includes('system:nodes'))
        throw new ApiError(
          403,
          'Forbidden',
          `user ${JSON.stringify(user.name)} may not open streams of node ${JSON.stringify(info.name)}`,
        )
      if (!upgrade || headers.upgrade?.toLowerCase() !== PROTOCOL) throw badRequest(`Upgrade: ${PROTOCOL} is required`)
      const to = query.get('to') ?? ''
      if (!/^[a-z0-9.-]+$/.test(to)) throw badRequest('`to` names no other node')
      const { socket, head } = upgrade
      const other = await nodes.dial(to, `relay:${info.name}`)
      socket.write(`HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: ${PROTOCOL}\r\n\r\n`)
      if (head.length > 0) other.write(head)
      const end = () => {
        socket.destroy()
        other.destroy()
      }
      for (const side of [socket, other]) side.on('error', end).once('close', end)
      socket.pipe(other).pipe(socket)
      return { code: 101, hijacked: true }
    },
  }
}
