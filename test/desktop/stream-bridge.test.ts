// A terminal that the cluster does not open: what the window is told is what the server said.
import { type Server, createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, expect, it } from 'vitest'
import { createStreamBridge } from '../../src/main/desktop/stream-bridge.ts'
import type { StreamEvents } from '../../src/preload/channels.ts'
import { deferred } from '../../src/shared/machinery/deferred.ts'

let server: Server
afterEach(() => new Promise<void>(resolve => server.close(() => resolve())))

/** @returns the reason with which the stream ends, on a server that answers so */
async function refusal(code: number, body: string): Promise<string> {
  server = createServer()
  server.on('upgrade', (_request, socket) => {
    socket.end(`HTTP/1.1 ${code} No\r\ncontent-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`)
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const access = { server: `http://127.0.0.1:${port}`, tls: { rejectUnauthorized: true }, headers: {} }
  const source = { get: () => Promise.resolve(access), refused: () => false }
  const { promise, resolve } = deferred<string>()
  const bridge = createStreamBridge(source, ({ event }: StreamEvents) => {
    if (event.type === 'close') resolve(event.reason)
  })
  await bridge.open('/api/v1/namespaces/default/pods/web/exec?command=sh', ['v5.channel.k8s.io'])
  return await promise
}

it.each([
  [
    'a Status',
    500,
    JSON.stringify({ kind: 'Status', message: 'no preferred addresses found' }),
    'no preferred addresses found',
  ],
  ['a line of text', 502, 'the node is away\n', 'the node is away'],
  ['nothing', 503, '', 'the server answered 503'],
])('is told as the server says it, in %s', async (_what, code, body, told) =>
  expect(await refusal(code, body)).toBe(told),
)
