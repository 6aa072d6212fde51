// What runs in the cluster is hostile: its answers pass through the API server, under the API server's own origin.
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http'
import { type AddressInfo, createServer as createTcpServer, type Server as TcpServer, type Socket } from 'node:net'
import { request as httpsRequest } from 'node:https'
import { networkInterfaces } from 'node:os'
import { connect as tlsConnect } from 'node:tls'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { runTunnel } from '../../../src/agent/tunnel/tunnel.ts'
import { Node, Pod, ServiceAccount } from '../../../src/shared/api/core/v1.ts'
import { systemClock } from '../../../src/shared/machinery/clock.ts'
import { startSecuredCluster, type SecuredCluster } from '../authz/support/cluster.ts'
import { raw } from '../core/support/raw.ts'
import { eventually } from '../../support/eventually.ts'

const namespace = 'default'
const stop = new AbortController()
const address = Object.values(networkInterfaces())
  .flatMap(list => list ?? [])
  .find(({ internal, family, address: ip }) => !internal && family === 'IPv4' && !ip.startsWith('169.254.'))!.address

let cluster: SecuredCluster
let app: Server
let seen: IncomingHttpHeaders = {}
let rude: TcpServer
const open = new Set<Socket>()
let running: Promise<void>
let port: number
let rudePort: number

const PODS = '/api/v1/namespaces/default/pods'

/** What pods answer to an upgrade, head by head. */
const OURS = 'Set-Cookie: __Host-flotilla-session=evil; Path=/; Secure\r\nClear-Site-Data: "cookies"\r\n'
const RUDE_UPGRADES: Readonly<Record<string, readonly string[]>> = {
  '/taken': [`HTTP/1.1 101 Fine\r\n${OURS}Connection: Upgrade\r\nUpgrade: chat\r\n\r\n`, 'Set-Cookie: of the chat'],
  '/interim': [
    `HTTP/1.1 103 Wait\r\n${OURS}\r\n`,
    `HTTP/1.1 101 Fine\r\nX: y\n${OURS}Upgrade: chat\r\nConnection: Upgrade\r\n\r\n`,
  ],
  '/refused': [`HTTP/1.1 403 No\r\n${OURS}Content-Length: 2\r\nConnection: keep-alive\r\n\r\n`, 'no'],
  '/folded': [`HTTP/1.1 403 No\r\nX-Kept: a\r\nSet-Cookie: a=b;\r\n c=d\r\nSet-Cookie : e=f\r\n\r\n`],
  '/always-soon': [...new Array<string>(10_000).fill('HTTP/1.1 103 Wait\r\n\r\n'), 'HTTP/1.1 101 Fine\r\n\r\n'],
  '/no-http': ['220 mail at your service\r\n\r\n'],
}

const listen = (server: TcpServer, host: string) =>
  new Promise<number>(resolve => server.listen(0, host, () => resolve((server.address() as AddressInfo).port)))

beforeAll(async () => {
  cluster = await startSecuredCluster()
  await cluster.admin.create(ServiceAccount, { metadata: { name: 'default', namespace } })
  app = createServer((request, response) => {
    if (request.url === '/other-protocol')
      return void request.socket.write('HTTP/1.1 101 Other\r\nUpgrade: other\r\nConnection: upgrade\r\n\r\n')
    response.writeHead(200, {
      'content-type': 'text/html',
      'set-cookie': '__Host-flotilla-session=evil; Path=/; Secure',
      'clear-site-data': '"cookies"',
      'service-worker-allowed': '/',
      'access-control-allow-origin': 'https://evil.example',
      'access-control-allow-credentials': 'true',
      'content-security-policy': 'default-src *',
      'x-frame-options': 'DENY',
      'x-of-the-app': 'kept',
    })
    response.end('<script>fetch("/api/v1/secrets")</script>')
  }).on('upgrade', (request, socket) => {
    seen = request.headers
    const answers = RUDE_UPGRADES[request.url ?? '']
    if (answers) return void socket.end(answers.join(''))
    socket.end('HTTP/1.1 403 Forbidden\r\nConnection: close\r\n\r\n')
  })
  port = await listen(app, address)
  // Takes connections, and ends each with a reset as soon as something comes in.
  rude = createTcpServer(socket => {
    open.add(socket)
    socket.on('close', () => open.delete(socket))
    socket.on('error', () => undefined)
    socket.on('data', () => socket.write('this is no TLS at all\r\n', () => socket.resetAndDestroy()))
  })
  rudePort = await listen(rude, address)
  await cluster.node('box').create(Node, { metadata: { name: 'box' }, spec: {} })
  const { certPem: cert, keyPem: key } = await cluster.api.pki.issueClientCertificate({
    commonName: 'system:node:box',
    organizations: ['system:nodes'],
  })
  running = runTunnel({
    servers: [cluster.api.url.replace('127.0.0.1', 'localhost')],
    tls: { ca: cluster.api.pki.caPem, cert, key },
    nodeName: 'box',
    kubelet: connection => void connection.destroy(),
    clock: systemClock,
    signal: stop.signal,
  })
  await eventually(() => expect(cluster.tunnels.connected).toEqual(['box']))
  await cluster.admin.create(Pod, {
    metadata: { name: 'web', namespace },
    spec: { nodeName: 'box', containers: [{ name: 'main', image: 'x' }] },
  })
  const status = { podIP: address, podIPs: [{ ip: address }] }
  await cluster.admin.patch(Pod, { namespace, name: 'web' }, { status }, { subresource: 'status' })
})
afterAll(async () => {
  stop.abort()
  await running
  await cluster[Symbol.asyncDispose]()
  app.close()
  rude.close()
})

describe('an answer of a pod', () => {
  test('is a stranger to a browser: sandboxed, and it sets, clears and opens nothing of ours', async () => {
    const { code, headers } = await raw(cluster.api, `${PODS}/web:${port}/proxy/`)
    expect(code).toBe(200)
    expect(headers['content-security-policy']).toMatch(/^sandbox /)
    expect(headers['content-security-policy']).not.toContain('allow-same-origin')
    expect(headers['content-security-policy']).not.toContain('allow-top-navigation')
    for (const name of [
      'set-cookie',
      'clear-site-data',
      'service-worker-allowed',
      'access-control-allow-origin',
      'access-control-allow-credentials',
    ])
      // prettier-ignore
      expect(headers[name], name).toBeUndefined()
    expect(headers['x-of-the-app']).toBe('kept')
  })
})

test('a pod that answers with another protocol than it was asked for has answered wrongly', async () => {
  const { code } = await raw(cluster.api, `${PODS}/web:${port}/proxy/other-protocol`)
  expect(code).toBe(502)
})

describe('a pod that speaks no TLS', () => {
  test('behind https: ends the request that asked, not the server', async () => {
    for (const method of ['GET', 'POST'])
      for (let i = 0; i < 5; i++) {
        const { code } = await raw(cluster.api, `${PODS}/https:web:${rudePort}/proxy/`, {
          method,
          ...(method === 'POST' ? { body: 'x'.repeat(100_000) } : {}),
        })
        expect(code).toBe(503)
      }
    await eventually(() => expect(open.size).toBe(0))
    expect((await raw(cluster.api, '/version')).code).toBe(200)
  })
  test('is not even dialled for a body that never comes', async () => {
    const before = open.size
    const { certPem: cert, keyPem: key } = cluster.api.pki.admin
    const request = httpsRequest(`${cluster.api.url}${PODS}/https:web:${rudePort}/proxy/`, {
      method: 'POST',
      ca: cluster.api.pki.caPem,
      cert,
      key,
      headers: { 'content-length': '10' },
    })
    request.on('error', () => undefined)
    request.flushHeaders()
    // Another request that went all the way shows that this one had the time to.
    expect((await raw(cluster.api, `${PODS}/web:${port}/proxy/`)).code).toBe(200)
    expect(open.size).toBe(before)
    request.destroy()
  })
})

test('a bearer token in the WebSocket protocols is not handed to the pod', async () => {
  const { certPem: cert, keyPem: key } = cluster.api.pki.admin
  const socket = tlsConnect({ host: '127.0.0.1', port: cluster.api.port, ca: cluster.api.pki.caPem, cert, key })
  socket.write(
    `GET ${PODS}/web:${port}/proxy/ws HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
      'Authorization: Bearer sesame\r\nSec-WebSocket-Protocol: base64url.bearer.authorization.k8s.io.c2VzYW1l, chat\r\n\r\n',
  )
  await new Promise(resolve => socket.on('close', resolve).resume())
  expect(seen['sec-websocket-protocol']).toBe('chat')
  expect(JSON.stringify(seen)).not.toContain('sesame')
  expect(JSON.stringify(seen)).not.toContain('c2VzYW1l')
})

describe('what a pod answers to an upgrade', () => {
  const upgrade = async (path: string) => {
    const { certPem: cert, keyPem: key } = cluster.api.pki.admin
    const socket = tlsConnect({ host: '127.0.0.1', port: cluster.api.port, ca: cluster.api.pki.caPem, cert, key })
    socket.write(
      `GET ${PODS}/web:${port}/proxy${path} HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: chat\r\n\r\n`,
    )
    const chunks: Buffer[] = []
    socket.on('data', chunk => chunks.push(chunk))
    await new Promise(resolve => socket.on('close', resolve))
    return Buffer.concat(chunks).toString()
  }
  test('reaches the client, but for what would be said in our name', async () => {
    expect(await upgrade('/taken')).toBe(
      'HTTP/1.1 101 Fine\r\nConnection: Upgrade\r\nUpgrade: chat\r\n\r\nSet-Cookie: of the chat',
    )
    expect(await upgrade('/interim')).toBe(
      'HTTP/1.1 103 Wait\r\n\r\nHTTP/1.1 101 Fine\r\nX: y\r\nUpgrade: chat\r\nConnection: Upgrade\r\n\r\n',
    )
  })
  test('is a stranger’s page where it is no upgrade, and the last of its connection', async () => {
    const [head, body] = (await upgrade('/refused')).split('\r\n\r\n')
    expect(body).toBe('no')
    expect(head).toMatch(
      /^HTTP\/1.1 403 No\r\nContent-Length: 2\r\nContent-Security-Policy: sandbox [^\r]*\r\nConnection: close$/,
    )
    expect(await upgrade('/folded')).toMatch(
      /^HTTP\/1.1 403 No\r\nX-Kept: a\r\nContent-Security-Policy: [^\r]*\r\nConn/,
    )
  })
  test('ends the connection where it is put off again and again', async () => {
    expect(await upgrade('/always-soon')).not.toContain('101 Fine')
  })
  test('ends the connection where it is no HTTP', async () => {
    expect(await upgrade('/no-http')).toBe('')
  })
})
