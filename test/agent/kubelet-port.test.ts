// The kubelet's port: who is let in, for what, and what it shows itself by.
import { X509Certificate } from 'node:crypto'
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { connect as connectTcp, createServer } from 'node:net'
import { type RequestOptions, request } from 'node:https'
import { connect } from 'node:tls'
import type { TLSSocket } from 'node:tls'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { ApiContext } from '../../src/agent/api/contract.ts'
import { DelegatedAccess } from '../../src/agent/api/delegated-access.ts'
import { type KubeletPortOptions, openKubeletPort } from '../../src/agent/api/kubelet-port.ts'
import { servingCertificate } from '../../src/agent/identity/serving-certificate.ts'
import { ServiceAccount } from '../../src/shared/api/core/v1.ts'
import { ClusterRole, ClusterRoleBinding } from '../../src/shared/api/rbac/v1.ts'
import { systemClock } from '../../src/shared/machinery/clock.ts'
import { silentLog } from '../../src/shared/machinery/log.ts'
import { type SecuredCluster, startSecuredCluster } from '../api/authz/support/cluster.ts'
import { eventually } from '../support/eventually.ts'
import { freePort } from '../support/free-ports.ts'
import { ManualClock } from '../support/manual-clock.ts'
import { temporaryFolder } from './support/node.ts'

const NODE = 'box'
const HOST = '127.0.0.1'
const namespace = 'default'
const group = 'rbac.authorization.k8s.io'
const folder = temporaryFolder()
const clock = new ManualClock()
let cluster: SecuredCluster
let port: number
let opened: AsyncDisposable
/** May read metrics. */
let scraper: Promise<string> | undefined

/** What its handlers need for the paths that are asked for here. */
const context = {
  kubelet: { pods: [{ metadata: { name: 'web', namespace } }] },
  configuration: { kind: 'KubeletConfiguration' },
  nodeName: NODE,
  clock,
  log: silentLog,
} as unknown as ApiContext
const open = (at: number, more: Partial<Pick<KubeletPortOptions, 'handshakeMs'>> = {}) =>
  openKubeletPort({
    ...context,
    ...more,
    places: [{ host: HOST, port: at }],
    folder: folder.path,
    addresses: [HOST],
    access: new DelegatedAccess(cluster.node(NODE), NODE, clock),
  })

/** A service account that may do with nodes what is given: `metrics`, or `proxy:create`. */
async function account(name: string, ...subresources: string[]): Promise<string> {
  await cluster.admin.create(ServiceAccount, { metadata: { name, namespace } })
  await cluster.admin.create(ClusterRole, {
    metadata: { name },
    rules: subresources.map(text => {
      const [subresource, verb = 'get'] = text.split(':')
      return { apiGroups: [''], resources: [`nodes/${subresource}`], verbs: [verb] }
    }),
  })
  await cluster.admin.create(ClusterRoleBinding, {
    metadata: { name },
    roleRef: { apiGroup: group, kind: 'ClusterRole', name },
    subjects: [{ kind: 'ServiceAccount', name, namespace }],
  })
  return token(name)
}
async function token(name: string): Promise<string> {
  const body = await cluster.admin.createSubresource(ServiceAccount, { namespace, name }, 'token', { spec: {} })
  return (body as { status: { token: string } }).status.token
}

const ask = (path: string, bearer?: string, more: RequestOptions = {}) =>
  new Promise<{ code: number; text: string; connection: string | undefined }>((resolve, reject) => {
    const headers = { ...(bearer !== undefined && { Authorization: `Bearer ${bearer}` }), ...more.headers }
    request({ host: HOST, port, path, rejectUnauthorized: false, agent: false, ...more, headers }, response => {
      let text = ''
      response.on('data', chunk => (text += String(chunk)))
      response.on('end', () => resolve({ code: response.statusCode!, text, connection: response.headers.connection }))
    })
      .on('error', reject)
      .end()
  })
const code = async (...args: Parameters<typeof ask>) => (await ask(...args)).code

beforeAll(async () => {
  await clock.advance(1) // no time is none to what remembers
  cluster = await startSecuredCluster()
  port = await freePort()
  opened = await open(port)
})
afterAll(async () => {
  await opened?.[Symbol.asyncDispose]()
  await cluster[Symbol.asyncDispose]()
  folder.remove()
})

describe('whoever the API server does not know', () => {
  test('is refused, even what says nothing but that the kubelet is well', async () => {
    for (const path of ['/healthz', '/metrics', '/pods', '/exec/default/web/main', '/nowhere'])
      expect(await ask(path)).toEqual({ code: 401, text: 'Unauthorized\n', connection: 'close' })
    expect(await code('/pods', 'made-up')).toBe(401)
    expect(await code('/pods', '')).toBe(401)
    expect(await code('/pods', undefined, { headers: { Authorization: 'Basic YTpi' } })).toBe(401)
  })
  test('is refused with a certificate too: that it was revoked is not known here', async () => {
    const { certPem: cert, keyPem: key } = cluster.api.pki.admin
    expect(await code('/pods', undefined, { cert, key })).toBe(401)
  })
  test('gets no session', async () => {
    const socket: TLSSocket = connect({ host: HOST, port, rejectUnauthorized: false })
    socket.write(
      'GET /exec/default/web/main?command=id HTTP/1.1\r\nHost: box\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n',
    )
    let answer = ''
    socket.on('data', chunk => (answer += String(chunk)))
    await new Promise(resolve => socket.on('end', resolve))
    expect(answer).toMatch(/^HTTP\/1.1 401 .*Unauthorized\n$/s)
  })
})

describe('a service account', () => {
  test('is told what it lacks', async () => {
    const none = await account('nobody')
    expect(await ask('/metrics/cadvisor', none)).toMatchObject({
      code: 403,
      text: 'Forbidden (user=system:serviceaccount:default:nobody, verb=get, resource=nodes, subresource(s)=[metrics])\n',
    })
    expect((await ask('/pods', none)).text).toContain('subresource(s)=[pods proxy])')
  })
  test('reads what its role says, and that alone', async () => {
    const pods = await account('reader', 'pods')
    expect(JSON.parse((await ask('/pods', pods)).text)).toMatchObject({ items: [{ metadata: { name: 'web' } }] })
    expect(await code('/pods/', pods)).toBe(404)
    expect(await code('/configz', pods)).toBe(403)
    expect(await code('/podsandmore', pods)).toBe(403)
    expect(await code('/pods', pods, { method: 'POST' })).toBe(403)
  })
  test.each([
    '/metrics/../pods',
    '/metrics/%2e%2e/pods',
    '/metrics/.%2E/containerLogs/default/web/main',
    '/metrics/..\\pods',
    '/metrics\\..\\pods',
    '/metrics/../../metrics/../pods?x=/metrics',
    'http://box/pods',
  ])('is allowed what is served, however the path %s begins', async path => {
    const metrics = await (scraper ??= account('scraper', 'metrics'))
    expect((await ask(path, metrics)).text).toMatch(/^Forbidden .*subresource\(s\)=\[(pods )?proxy\]\)\n$/)
  })
  test('is told of a path that is none', async () => {
    expect(await code('/metrics%zz', await (scraper ??= account('scraper', 'metrics')))).toBe(400)
  })
  test('may read all of it by nodes/proxy, and start nothing in a container by reading', async () => {
    const proxy = await account('proxy', 'proxy')
    for (const path of ['/pods', '/healthz', '/configz']) expect(await code(path, proxy)).toBe(200)
    expect(await code('/metrics', proxy)).toBe(403)
    const headers = { Connection: 'Upgrade', Upgrade: 'websocket' }
    expect(await ask('/exec/default/web/main?command=id', proxy, { headers })).toMatchObject({
      code: 403,
      text: 'Forbidden (user=system:serviceaccount:default:proxy, verb=create, resource=nodes, subresource(s)=[proxy])\n',
    })
  })
})

test('what the API server said is remembered for as long as the kubelet of Kubernetes does', async () => {
  const bearer = await account('short', 'healthz')
  expect(await code('/healthz', bearer)).toBe(200)
  await cluster.admin.delete(ClusterRoleBinding, { name: 'short' })
  await cluster.admin.delete(ServiceAccount, { namespace, name: 'short' })
  expect(await code('/healthz', bearer)).toBe(200)
  await clock.advance(121_000)
  expect(await code('/healthz', bearer)).toBe(401)

  const other = await account('granted')
  expect(await code('/healthz', other)).toBe(403)
  await cluster.admin.patch(ClusterRole, { name: 'granted' }, {
    rules: [{ apiGroups: [''], resources: ['nodes/healthz'], verbs: ['get'] }],
  }) // prettier-ignore
  expect(await code('/healthz', other)).toBe(403)
  await clock.advance(31_000)
  await eventually(async () => {
    await clock.advance(31_000)
    return (await code('/healthz', other)) === 200
  })
})

test('of many who ask the same at once, one asks the API server; of many who ask otherwise, not all do', async () => {
  let reviews = 0
  let answer: () => void = () => undefined
  const held = new Promise<void>(resolve => (answer = resolve))
  const client = {
    async create() {
      reviews++
      await held
      return { status: { authenticated: false } }
    },
  }
  const access = new DelegatedAccess(client as never, NODE, clock)
  const asks = (bearer: string) =>
    access
      .check({ method: 'GET', url: '/pods', headers: { authorization: `Bearer ${bearer}` } } as never)
      .then(() => 200)
      .catch((error: { code: number }) => error.code)
  const same = Array.from({ length: 50 }, () => asks('same'))
  const others = Array.from({ length: 100 }, (_, at) => asks(`other-${at}`))
  expect(reviews).toBe(32)
  answer()
  expect(new Set(await Promise.all(same))).toEqual(new Set([401]))
  const codes = await Promise.all(others)
  expect(codes.filter(code => code === 503)).toHaveLength(69)
  expect(codes.filter(code => code === 401)).toHaveLength(31)
})

describe('the certificate', () => {
  const names = [NODE, '192.0.2.7', '2001:db8::7']
  const DAY_MS = 86_400_000
  test('names the node and its addresses, is kept, and its key is nobody else’s', async () => {
    const { cert, key } = await servingCertificate(folder.path, names, systemClock.now())
    const certificate = new X509Certificate(cert)
    expect(certificate.checkHost(NODE)).toBe(NODE)
    expect(certificate.checkIP('192.0.2.7')).toBe('192.0.2.7')
    expect(certificate.checkIP('2001:db8::7')).toBe('2001:db8::7')
    expect(certificate.checkIP('192.0.2.8')).toBeUndefined()
    expect(certificate.keyUsage).toEqual(['1.3.6.1.5.5.7.3.1'])
    expect(statSync(`${folder.path}/kubelet.key`).mode & 0o777).toBe(0o600)
    expect(await servingCertificate(folder.path, names, systemClock.now() + 200 * DAY_MS)).toEqual({ cert, key })
  })
  test.each([
    ['an address is another', [NODE, '192.0.2.9'], 0],
    ['it is about to expire', names, 300 * DAY_MS],
  ])('is made anew when %s', async (_, wanted, later) => {
    const before = await servingCertificate(folder.path, names, systemClock.now())
    const { cert } = await servingCertificate(folder.path, wanted, systemClock.now() + later)
    expect(cert).not.toBe(before.cert)
    expect(readFileSync(`${folder.path}/kubelet.crt`, 'utf8')).toBe(cert)
  })
  test('is made anew when what was kept is none', async () => {
    writeFileSync(`${folder.path}/kubelet.crt`, 'nonsense')
    const { cert } = await servingCertificate(folder.path, names, systemClock.now())
    expect(new X509Certificate(cert).checkHost(NODE)).toBe(NODE)
    expect(existsSync(`${folder.path}/kubelet.crt.new`)).toBe(false)
  })
})

test('a port that somebody else has is taken as soon as it is free', async () => {
  const taken = await freePort()
  const blocker = createServer()
  await new Promise<void>(resolve => blocker.listen(taken, HOST, resolve))
  const late = await open(taken)
  await new Promise(resolve => blocker.close(resolve))
  await eventually(async () => {
    await clock.advance(5_000)
    return (await code('/healthz', undefined, { port: taken })) === 401
  })
  await late[Symbol.asyncDispose]()
  await expect(code('/healthz', undefined, { port: taken })).rejects.toThrow(/ECONNREFUSED/)
})

test('who connects and says nothing does not keep one of its places', async () => {
  const at = await freePort()
  await using _ = await open(at, { handshakeMs: 50 })
  const silent = connectTcp(at, HOST)
  silent.on('error', () => undefined)
  await new Promise(resolve => silent.on('close', resolve))
})
