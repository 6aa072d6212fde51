// One port without TLS for both versions of HTTP.
import { connect as connectHttp2 } from 'node:http2'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { afterEach, expect, test } from 'vitest'
import { createPlainServer, withoutHttp2Offer } from '../../src/agent/ingress/plain-server.ts'
import type { ClientRequest, ClientResponse } from '../../src/agent/ingress/exchange.ts'

const ends: (() => unknown)[] = []
afterEach(() => {
  for (const end of ends.splice(0).reverse()) end()
})

/** Answers with the version of HTTP, the method and the body. */
const echo = async (request: ClientRequest, response: ClientResponse) => {
  let body = ''
  for await (const chunk of request) body += String(chunk)
  response.end(`${request.httpVersion} ${request.method ?? ''} ${body}`)
}

async function listen(headersTimeout = 30_000): Promise<number> {
  const server = createPlainServer({ headersTimeout }, (request, response) => void echo(request, response))
  server.on('upgrade', (request, socket, head) => {
    if (withoutHttp2Offer(request, socket, head)) server.emit('connection', socket)
    else socket.end('HTTP/1.1 101 Switching Protocols\r\n\r\nother')
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  ends.push(() => {
    server.close()
    server.closeAllConnections()
  })
  return (server.address() as AddressInfo).port
}

function open(port: number): Socket {
  const socket = connect(port, '127.0.0.1').setNoDelay()
  ends.push(() => socket.destroy())
  return socket
}
const said = async (socket: Socket) => String(await new Promise<Buffer>(resolve => socket.once('data', resolve)))

test('a client that begins with HTTP/2 is served it, with many requests on one connection', async () => {
  const session = connectHttp2(`http://127.0.0.1:${await listen()}`)
  ends.push(() => session.destroy())
  const ask = async (body: string) => {
    const stream = session.request({ ':method': 'POST', ':path': '/' })
    stream.end(body)
    return (await stream.toArray()).join('')
  }
  expect(await Promise.all(['a', 'b', 'x'.repeat(100_000)].map(ask))).toEqual(['2.0 POST a', '2.0 POST b', `2.0 POST ${'x'.repeat(100_000)}`]) // prettier-ignore
})

test('a client of HTTP/1.1 is served as before, however its first bytes come', async () => {
  const socket = open(await listen())
  for (const byte of 'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nhi') {
    socket.write(byte)
    await new Promise(setImmediate)
  }
  expect(await said(socket)).toMatch(/1\.1 POST hi$/)
  // A method that begins as HTTP/2's preface does.
  socket.write('PROPFIND / HTTP/1.1\r\nHost: x\r\n\r\n')
  expect(await said(socket)).toMatch(/1\.1 PROPFIND $/)
})

test('the preface may come in pieces', async () => {
  const socket = open(await listen())
  socket.write('PRI * HT')
  await new Promise(setImmediate)
  socket.write('TP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0')
  const frame = await new Promise<Buffer>(resolve => socket.once('data', resolve))
  expect(frame[3]).toBe(4) // SETTINGS
})

test('an offer of HTTP/2 is not taken: curl is answered in HTTP/1.1, with its body, and the connection stays', async () => {
  const port = await listen()
  const url = `http://127.0.0.1:${port}/`
  const curl = (...args: string[]) => promisify(execFile)('curl', ['-s', '-m', '5', ...args])
  expect((await curl('--http2', '-d', 'hello', url)).stdout).toBe('1.1 POST hello')
  expect((await curl('--http2', '-w', '%{num_connects}\n', url, url)).stdout).toBe('1.1 GET 1\n1.1 GET 0\n')
  expect((await curl('--http2-prior-knowledge', '-d', 'hello', url)).stdout).toBe('2.0 POST hello')
  const socket = open(port)
  socket.write('GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: other\r\n\r\n')
  expect(await said(socket)).toMatch(/^HTTP\/1.1 101/)
})

test('a connection that says nothing, or only begins to, ends', async () => {
  const port = await listen(50)
  for (const begin of ['', 'PRI *']) {
    const socket = open(port)
    socket.write(begin)
    await new Promise(resolve => socket.once('close', resolve))
  }
})
