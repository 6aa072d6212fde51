// Through the API server to pods, services and nodes, over the node's real link.
import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server } from 'node:http'
import { Agent, request as httpsRequest } from 'node:https'
import type { AddressInfo } from 'node:net'
import { networkInterfaces } from 'node:os'
import { gunzipSync, gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { runTunnel } from '../../../src/agent/tunnel/tunnel.ts'
import { Node, Pod, Service, ServiceAccount } from '../../../src/shared/api/core/v1.ts'
import { EndpointSlice } from '../../../src/shared/api/discovery/v1.ts'
import { ClusterRoleBinding } from '../../../src/shared/api/rbac/v1.ts'
import { systemClock } from '../../../src/shared/machinery/clock.ts'
import { startSecuredCluster, type SecuredCluster } from '../authz/support/cluster.ts'
import { raw } from '../core/support/raw.ts'
import { eventually } from '../../support/eventually.ts'

const namespace = 'default'
const stop = new AbortController()
const address = Object.values(networkInterfaces())
  .flatMap(list => list ?? [])
  .find(({ internal, family, address: ip }) => !internal && family === 'IPv4' && !ip.startsWith('169.254.'))!.address

/** Not UTF-8, not well-formed, with links of each sort. */
const PAGE = Buffer.from(
  `<!doctype html><a class=x href='/over/there?a=1&amp;b'>caf\xe9</a><a href=near>n</a><img src="//cdn/x.png"><br/ >
   <a href="https://elsewhere/">e</a><form action="/send"><p data-x="/kept"><script>var a = '<a href="/kept">'</script>`,
  'latin1',
)

let cluster: SecuredCluster
let app: Server
let kubelet: Server
let running: Promise<void>
let port: number

const listen = (server: Server, host: string) =>
  new Promise<number>(resolve => server.listen(0, host, () => resolve((server.address() as AddressInfo).port)))
const makePod = async (name: string, podIP: string) => {
  await cluster.admin.create(Pod, {
    metadata: { name, namespace },
    spec: { nodeName: 'box', containers: [{ name: 'main', image: 'x', ports: [{ containerPort: port }] }] },
  })
  await cluster.admin.patch(
    Pod,
    { namespace, name },
    { status: { podIP, podIPs: [{ ip: podIP }] } },
    { subresource: 'status' },
  )
}

beforeAll(async () => {
  cluster = await startSecuredCluster()
  await cluster.admin.create(ServiceAccount, { metadata: { name: 'default', namespace } })
  app = createServer((request, response) => {
    if (request.url === '/away') return void response.writeHead(302, { location: '/there' }).end()
    if (request.url === '/page') {
      const packed = gzipSync(PAGE)
      return void response.writeHead(200, { 'content-type': 'text/html', 'content-encoding': 'gzip' }).end(packed)
    }
    if (request.url === '/full') return void response.writeHead(507).end('no room')
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const body = Buffer.concat(chunks).toString()
      response.end(JSON.stringify({ method: request.method, url: request.url, body, headers: request.headers }))
    })
  })
  port = await listen(app, address)
  kubelet = createServer((request, response) =>
    response.writeHead(request.url === '/refused' ? 403 : 200).end(`kubelet ${request.url}`),
  )
  await cluster.node('box').create(Node, { metadata: { name: 'box' }, spec: {} })
  const { certPem: cert, keyPem: key } = await cluster.api.pki.issueClientCertificate({
    commonName: 'system:node:box',
    organizations: ['system:nodes'],
  })
  running = runTunnel({
    servers: [cluster.api.url.replace('127.0.0.1', 'localhost')],
    tls: { ca: cluster.api.pki.caPem, cert, key },
    nodeName: 'box',
    kubelet: connection => void kubelet.emit('connection', connection),
    clock: systemClock,
    signal: stop.signal,
  })
  await eventually(() => expect(cluster.tunnels.connected).toEqual(['box']))
  await makePod('web', address)
  await cluster.admin.create(Service, { metadata: { name: 'web', namespace }, spec: { ports: [{ port: 80 }] } })
  await cluster.admin.create(EndpointSlice, {
    metadata: { name: 'web-1', namespace, labels: { 'kubernetes.io/service-name': 'web' } },
    addressType: 'IPv4',
    ports: [{ name: '', port, protocol: 'TCP' }],
    endpoints: [{ addresses: [address], nodeName: 'box', targetRef: { kind: 'Pod', name: 'web', namespace } }],
  })
})
afterAll(async () => {
  stop.abort()
  await running
  await cluster[Symbol.asyncDispose]()
  for (const server of [app, kubelet]) server.close()
})

const PODS = '/api/v1/namespaces/default/pods'
const get = (path: string) => raw(cluster.api, path)

describe('pods/proxy', () => {
  test('passes bodies of any length on, with and without a length, and those of GET', async () => {
    const large = 'x'.repeat(8 * 1024 * 1024)
    const headers = { 'content-type': 'text/plain' }
    const chunked = { ...headers, 'transfer-encoding': 'chunked' }
    for (const options of [
      { body: large, headers },
      { body: large, headers: chunked },
    ]) {
      const { code, json } = await raw(cluster.api, `${PODS}/web:${port}/proxy/upload`, options)
      expect([code, json.body.length]).toEqual([200, large.length])
    }
    const search = { method: 'GET', body: '{"query":{}}' }
    const { json } = await raw(cluster.api, `${PODS}/web:${port}/proxy/_search`, search)
    expect(json).toMatchObject({ method: 'GET', body: search.body })
    expect((await raw(cluster.api, `${PODS}/web:${port}/proxy/`, { method: 'POST' })).json).toMatchObject({ body: '' })
  })
  test('passes an answer on that comes before the end of the body', async () => {
    const path = `${PODS}/web:${port}/proxy/full`
    const answer = await raw(cluster.api, path, { body: 'x'.repeat(8 * 1024 * 1024) })
    expect([answer.code, answer.text]).toEqual([507, 'no room'])
    expect((await raw(cluster.api, `${PODS}/web:${port}/proxy/after`, { body: 'y' })).json).toMatchObject({ body: 'y' })
  })
  test('reads what such a body still has to its end, so that its connection can be used again', async () => {
    const { certPem: cert, keyPem: key } = cluster.api.pki.admin
    const agent = new Agent({ keepAlive: true, maxSockets: 1, ca: cluster.api.pki.caPem, cert, key })
    const answered = async (path: string, body: string) => {
      const sent = httpsRequest(`${cluster.api.url}${PODS}/web:${port}/proxy/${path}`, { agent, method: 'POST' })
      const written = once(sent.end(body), 'finish')
      const [answer] = (await once(sent, 'response')) as [IncomingMessage]
      await Promise.all([once(answer.resume(), 'end'), written])
      return [answer.statusCode, sent.reusedSocket]
    }
    for (const round of [1, 2, 3]) expect(await answered('full', 'x'.repeat(8 * 1024 * 1024))).toEqual([507, round > 1])
    expect(await answered('after', 'y')).toEqual([200, true])
    agent.destroy()
  })
  test('passes method, path, query and body on, but no credentials', async () => {
    const { code, json } = await raw(cluster.api, `${PODS}/web:${port}/proxy/a%20b/c?x=1`, {
      body: 'hello',
      headers: { 'content-type': 'text/plain', cookie: 'secret=1' },
    })
    expect([code, json]).toMatchObject([200, { method: 'POST', url: '/a%20b/c?x=1', body: 'hello' }])
    expect(json.headers).toMatchObject({ 'content-type': 'text/plain' })
    expect(json.headers).not.toHaveProperty('cookie')
  })
  test.each(['GET', 'POST'])(
    'tells the pod of a %s neither the token nor who else the client says it is',
    async method => {
      const account = { namespace, name: 'default' }
      const asked = { spec: {} }
      const given = await cluster.admin.createSubresource(ServiceAccount, account, 'token', asked)
      const { token } = (given as unknown as { status: { token: string } }).status
      const headers = {
        authorization: `Bearer ${token}`,
        'impersonate-user': 'kubernetes-admin',
        'impersonate-group': 'system:masters',
        'impersonate-extra-scopes': 'all',
        'impersonate-uid': '1',
        'x-remote-user': 'eve',
        'x-remote-group': 'system:masters',
        'x-remote-extra-scopes': 'all',
        'x-remote-uid': '1',
        'x-of-the-client': 'kept',
      }
      await cluster.admin.create(ClusterRoleBinding, {
        metadata: { name: `proxies-${method.toLowerCase()}` },
        roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'cluster-admin' },
        subjects: [{ kind: 'ServiceAccount', ...account }],
      })
      const { code, json } = await raw(cluster.api, `${PODS}/web:${port}/proxy/`, { method, as: 'none', headers })
      expect(code).toBe(200)
      const seen = json.headers as Record<string, string>
      expect(Object.keys(seen).filter(name => /^(authorization$|cookie$|impersonate-)/.test(name))).toEqual([])
      // The server itself tells the pod who asks: whom it found by the token, and acts for.
      expect(Object.entries(seen).filter(([name]) => name.startsWith('x-remote-'))).toEqual([
        ['x-remote-user', 'kubernetes-admin'],
      ])
      expect(seen['x-of-the-client']).toBe('kept')
      expect(JSON.stringify(seen)).not.toContain(token)
    },
  )
  test.each(['OPTIONS', 'PUT', 'PATCH', 'DELETE'])('passes %s on', async method => {
    const { code, json } = await raw(cluster.api, `${PODS}/web:${port}/proxy/any`, { method })
    expect([code, json.method]).toEqual([200, method])
  })
  test("uses the first container's port when none is named, and keeps redirects behind the proxy", async () => {
    expect((await get(`${PODS}/web/proxy/`)).json.url).toBe('/')
    for (const method of ['GET', 'HEAD']) {
      const bare = await raw(cluster.api, `${PODS}/web/proxy?q=1`, { method })
      expect([bare.code, bare.headers.location]).toEqual([301, `${PODS}/web/proxy/?q=1`])
    }
    expect((await get(`${PODS}/web/proxy/away`)).headers.location).toBe(`${PODS}/web/proxy/there`)
  })
  test('leads the links of pages back through the proxy, and changes nothing else', async () => {
    const answer = await raw(cluster.api, `${PODS}/web/proxy/page`)
    const text = gunzipSync(answer.bytes).toString('latin1')
    const prefix = `${PODS}/web/proxy`
    const wanted = PAGE.toString('latin1')
      .replace(`href='/over/there?a=1&amp;b'`, `href="${prefix}/over/there?a=1&amp;b"`)
      .replace('class=x', 'class="x"')
      .replace('action="/send"', `action="${prefix}/send"`)
    expect(text).toBe(wanted)
  })
  test.each(['127.0.0.1', '169.254.169.254', '::1', 'fe80::1', '0.0.0.0', '224.0.0.1'])(
    'refuses a pod whose status says %s',
    async podIP => {
      const name = `evil-${podIP.replace(/[.:]+/g, '-')}x`
      await makePod(name, podIP)
      const { code, json } = await get(`${PODS}/${name}:${port}/proxy/`)
      expect([code, json.message]).toEqual([400, 'address not allowed'])
    },
  )
  test('answers 404 for a pod that is not there', async () => {
    expect((await get(`${PODS}/none/proxy/`)).code).toBe(404)
  })
  test('needs a right of its own', async () => {
    expect(cluster.api.server.context.authorize({
      isResource: true, verb: 'get', group: '', version: 'v1', namespace, resource: 'pods', subresource: 'proxy',
      name: 'web', path: '', user: { name: 'jane', groups: [] },
    }).decision).toBe('deny') // prettier-ignore
  })
})

describe('services/proxy', () => {
  const services = '/api/v1/namespaces/default/services'
  test('reaches an endpoint, by the port of the service or without one', async () => {
    expect((await get(`${services}/web/proxy/hi`)).json.url).toBe('/hi')
    expect((await get(`${services}/web:80/proxy/hi`)).json.url).toBe('/hi')
  })
  test('answers 503 for another port and without endpoints', async () => {
    const other = await get(`${services}/web:81/proxy/`)
    expect([other.code, other.json.message]).toEqual([503, 'no service port 81 found for service "web"'])
    await cluster.admin.create(Service, { metadata: { name: 'idle', namespace }, spec: { ports: [{ port: 80 }] } })
    expect((await get(`${services}/idle/proxy/`)).json.message).toBe('no endpoints available for service "idle"')
  })
  test('does not follow a slice that names an address of no pod', async () => {
    await cluster.admin.create(Service, { metadata: { name: 'trick', namespace }, spec: { ports: [{ port: 80 }] } })
    await cluster.admin.create(EndpointSlice, {
      metadata: { name: 'trick-1', namespace, labels: { 'kubernetes.io/service-name': 'trick' } },
      addressType: 'IPv4',
      ports: [{ name: '', port, protocol: 'TCP' }],
      endpoints: [{ addresses: ['10.1.2.3'], nodeName: 'box', targetRef: { kind: 'Pod', name: 'web', namespace } }],
    })
    expect((await get(`${services}/trick/proxy/`)).code).toBe(503)
  })
})

test('nodes/proxy reaches the kubelet', async () => {
  expect((await get('/api/v1/nodes/box/proxy/stats/summary?x=1')).text).toBe('kubelet /stats/summary?x=1')
  expect((await get('/api/v1/nodes/box:10250/proxy/logs/')).text).toBe('kubelet /logs/')
})

test('kubectl get --raw goes the same way', async () => {
  const { stdout } = await cluster.kubectl(['get', '--raw', `${PODS}/web:${port}/proxy/raw`])
  expect(JSON.parse(stdout)).toMatchObject({ url: '/raw' })
})

test('a log comes over HTTP, also to somebody who is impersonated', async () => {
  const text = 'kubelet /containerLogs/default/web/main?'
  const headers = { 'impersonate-user': 'somebody', 'impersonate-group': 'system:masters' }
  expect((await get(`${PODS}/web/log`)).text).toBe(text)
  expect((await raw(cluster.api, `${PODS}/web/log`, { headers })).text).toBe(text)
})

test('an upgrade that the node refuses is counted as what it answered', async () => {
  const { caPem: ca, admin } = cluster.api.pki
  const url = `${cluster.api.url.replace('https', 'wss')}/api/v1/nodes/box/proxy/refused`
  const socket = new WebSocket(url, { ca, cert: admin.certPem, key: admin.keyPem })
  const [, answer] = (await once(socket, 'unexpected-response')) as [unknown, IncomingMessage]
  expect(answer.statusCode).toBe(403)
  socket.on('error', () => undefined).terminate()
  const { text } = await get('/metrics')
  const counted = text
    .split('\n')
    .filter(line => /^apiserver_request_total.*resource="nodes".*subresource="proxy"/.test(line))
  expect(counted.join()).toContain('code="403"')
  expect(counted.join()).not.toContain('code="101"')
})

test('a log comes over WebSocket as well, in bytes or as base64', async () => {
  const { caPem: ca, admin } = cluster.api.pki
  const log = async (protocol: string) => {
    const url = `${cluster.api.url.replace('https', 'wss')}${PODS}/web/log`
    const socket = new WebSocket(url, protocol, { ca, cert: admin.certPem, key: admin.keyPem })
    const said: string[] = []
    socket.on('message', (data: Buffer) => said.push(data.toString()))
    await new Promise<void>((resolve, reject) => socket.once('close', () => resolve()).once('error', reject))
    return said.join('')
  }
  const text = 'kubelet /containerLogs/default/web/main?'
  expect(await log('binary.k8s.io')).toBe(text)
  expect(await log('base64.binary.k8s.io')).toBe(Buffer.from(text).toString('base64'))
})
