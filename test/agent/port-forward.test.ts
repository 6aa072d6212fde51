// What goes between a client's streams and ports of a pod.
import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import { type AddressInfo, createServer } from 'node:net'
import { expect, test } from 'vitest'
import type { ApiContext } from '../../src/agent/api/contract.ts'
import { servePortForward } from '../../src/agent/api/port-forward.ts'
import { HeaderEncoder } from '../../src/agent/api/streams/spdy-headers.ts'
import type { Pod } from '../../src/shared/api/core/v1.ts'
import { eventually } from '../support/eventually.ts'
import { frame, pair, synStream } from './support/spdy.ts'

test('a client that takes its data back is told the end of its errors, as kubectl waits for it', async () => {
  const server = createServer(socket => void socket.on('error', () => undefined)).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const pod = { metadata: { name: 'box', uid: 'u' }, status: { podIP: '127.0.0.1' } } as unknown as Pod
  const context = { kubelet: { pod: () => pod } } as unknown as ApiContext
  const [client, socket] = pair()
  const received: Buffer[] = []
  client.on('data', (chunk: Buffer) => received.push(chunk))
  const headers = { upgrade: 'SPDY/3.1', 'x-stream-protocol-version': 'portforward.k8s.io' }
  const message = { headers } as unknown as IncomingMessage
  const request = { message, socket, head: Buffer.alloc(0), query: new URLSearchParams() }
  const done = servePortForward(context, ['default', 'box'], request)
  const encoder = new HeaderEncoder()
  const opening = (id: number, streamtype: string) =>
    synStream(encoder, id, Object.entries({ streamtype, port: String(port), requestid: '0' }))
  const connected = once(server, 'connection')
  client.write(await opening(1, 'error'))
  client.write(frame(1, 1, Buffer.alloc(0)))
  client.write(await opening(3, 'data'))
  await connected
  client.write(frame(0x80030003, 0, Buffer.from([0, 0, 0, 3, 0, 0, 0, 5])))
  await eventually(() => expect(Buffer.concat(received).includes(frame(1, 1, Buffer.alloc(0)))).toBe(true))
  client.destroy()
  await done
  server.close()
})
