// Answers of backends that HTTP does not allow: they are refused, and never end the agent.
import { createServer as createPlain, type OutgoingHttpHeaders, request } from 'node:http'
import { connect, createServer } from 'node:http2'
import { type AddressInfo, connect as connectTcp, createServer as createTcp, type Server } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { askedOf, type ClientRequest, type ClientResponse } from '../../src/agent/ingress/exchange.ts'
import { HttpForwarder } from '../../src/agent/ingress/forward-http.ts'
import { forwardUpgrade } from '../../src/agent/ingress/forward-upgrade.ts'

const open: { close(): unknown }[] = []
afterEach(() => {
  for (const each of open.splice(0)) each.close()
})
const listen = (server: Server) => {
  open.push(server)
  return new Promise<number>(resolve =>
    server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port)),
  )
}

/** A backend that answers everything with these bytes. */
const backend = (answer: string) => listen(createTcp(socket => socket.once('data', () => socket.end(answer))))

const asIs = { path: '/', headers: { host: 'x' }, answered: (headers: OutgoingHttpHeaders) => headers }

/** What the client of a proxy in front of that backend sees, over either version of HTTP. */
async function statusThrough(version: 1 | 2, answer: string): Promise<number> {
  const forwarder = new HttpForwarder()
  open.push({ close: () => forwarder[Symbol.dispose]() })
  const targets = [{ ip: '127.0.0.1', port: await backend(answer), protocol: 'http' as const }]
  const proxy = (asked: ClientRequest, response: ClientResponse) =>
    forwarder.forward({ request: asked, response, asked: askedOf(asked), ...asIs, targets })
  if (version === 1) {
    const port = await listen(createPlain(proxy))
    return new Promise((resolve, reject) =>
      request({ port, host: '127.0.0.1' }, reply => resolve(reply.resume().statusCode ?? 0))
        .on('error', reject)
        .end(),
    )
  }
  const session = connect(`http://127.0.0.1:${await listen(createServer(proxy))}`)
  open.unshift(session)
  return new Promise((resolve, reject) => {
    const stream = session.request({ ':path': '/' })
    stream.on('response', headers => resolve(headers[':status'] ?? 0)).on('error', reject)
    stream.resume()
  })
}

test.each([1, 2] as const)('HTTP/%s: a status that does not exist is 502', async version => {
  expect(await statusThrough(version, 'HTTP/1.1 600 X\r\nContent-Length: 0\r\n\r\n')).toBe(502)
  expect(await statusThrough(version, 'HTTP/1.1 999 X\r\nContent-Length: 0\r\n\r\n')).toBe(502)
  expect(await statusThrough(version, 'HTTP/1.1 204 Fine\r\n\r\n')).toBe(204)
})

test.each([1, 2] as const)('HTTP/%s: another protocol, for which nobody asked, is 502', async version => {
  expect(await statusThrough(version, 'HTTP/1.1 101 Other\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n')).toBe(502)
})

test('an upgrade that the backend refuses is answered, and its connection ends', async () => {
  const target = { ip: '127.0.0.1', port: await backend('HTTP/1.1 403 No\r\nContent-Length: 3\r\n\r\nno\n'), protocol: 'http' as const } // prettier-ignore
  const proxy = createPlain().on('upgrade', (asked, socket, head) =>
    forwardUpgrade({ request: asked, socket, head, ...asIs, targets: [target] }),
  )
  const client = connectTcp(await listen(proxy), '127.0.0.1')
  client.write('GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n')
  const answer = (await client.toArray()).join('')
  expect(answer).toMatch(/^HTTP\/1\.1 403 /)
  expect(answer).toMatch(/no\n/)
})
