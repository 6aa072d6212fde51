// Port-forwards that end while they begin, over real sockets.
import { once } from 'node:events'
import { type AddressInfo, connect } from 'node:net'
import { describe, expect, it } from 'vitest'
import { WebSocket, WebSocketServer } from 'ws'
import { PortForwards } from '../../src/main/desktop/port-forwards.ts'
import { deferred } from '../../src/shared/machinery/deferred.ts'

describe('PortForwards', () => {
  it('leaves no stream open when a forward is stopped while its pod is looked for', async () => {
    const cluster = new WebSocketServer({ port: 0, host: '127.0.0.1' })
    await once(cluster, 'listening')
    const { port } = cluster.address() as AddressInfo
    const asked = deferred()
    const pod = deferred<object>()
    const closed = deferred()
    const get = () => {
      asked.resolve()
      return pod.promise
    }
    const open = (path: string, protocols: readonly string[]) => {
      const stream = new WebSocket(`ws://127.0.0.1:${port}${path}`, [...protocols])
      stream.on('close', () => closed.resolve())
      return Promise.resolve(stream)
    }
    try {
      await using forwards = new PortForwards({ get, open }, () => undefined)
      const spec = { id: '1', kind: 'pods' as const, namespace: 'default', name: 'web', port: 80, localPort: 0 }
      const { localPort } = await forwards.start(spec)
      connect(localPort, '127.0.0.1').on('error', () => undefined)
      await asked.promise
      await forwards.stop('1')
      pod.resolve({ status: { phase: 'Running' } })
      await closed.promise
      expect(cluster.clients.size).toBe(0)
    } finally {
      cluster.close()
    }
  })
})
