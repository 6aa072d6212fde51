// What containers answer to HTTP probes and hooks.
import { type AddressInfo, createServer, type Server } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { httpGet, httpTarget } from '../../src/agent/kubelet/lifecycle/http.ts'

let server: Server
afterEach(() => void server.close())

async function askAtContainer(answer: string) {
  server = createServer(socket => {
    socket.on('error', () => undefined)
    socket.once('data', () => socket.write(answer))
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return httpGet(httpTarget({ port }, '127.0.0.1', port, 'kube-probe'), 10_000)
}

test('an answer is over where it says so, whether or not the connection is', async () => {
  expect(await askAtContainer('HTTP/1.1 200 Fine\r\nContent-Length: 2\r\n\r\nok')).toEqual({ status: 200, body: 'ok' })
})

test('a container that changes the protocol without having been asked to has answered, and does not pass for one that hangs', async () => {
  const answer = await askAtContainer('HTTP/1.1 101 Other\r\nUpgrade: other\r\nConnection: upgrade\r\n\r\n')
  expect(answer).toEqual({ status: 101, body: '' })
})
