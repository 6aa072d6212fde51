// What a hostile page, a wrong credential or a stranger gets from the server.
import { X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect as tlsConnect } from 'node:tls'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { SubresourceHandler } from '../../../src/main/apiserver/endpoints/contract.ts'
import { systemClock } from '../../../src/shared/machinery/clock.ts'
import { revokeCertificates } from '../../../src/shared/machinery/revoke-certificates.ts'
import { startTestApiServer, type TestApiServer, testAdmin } from '../../support/api-server.ts'
import { CONFIG_MAPS, configMap, PODS, pod, raw, type RawOptions } from './support/raw.ts'

/** Takes the upgrade over and says hello: what exec does, without a kubelet. */
const hello: SubresourceHandler = {
  group: '',
  resource: 'pods',
  subresource: 'hello',
  kind: { group: '', version: 'v1', kind: 'Pod' },
  methods: { GET: 'get' },
  longRunning: true,
  async handle(request) {
    request.upgrade!.socket.end(
      'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: hello\r\n\r\nhello',
    )
    return { code: 101, hijacked: true }
  },
}

/** Takes the upgrade over and keeps it open, as a terminal does. */
const stay: SubresourceHandler = {
  ...hello,
  subresource: 'stay',
  async handle(request) {
    request.upgrade!.socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: stay\r\n\r\n')
    return { code: 101, hijacked: true }
  },
}

let server: TestApiServer
let uiDir: string
beforeAll(async () => {
  uiDir = await mkdtemp(join(tmpdir(), 'flotilla-ui-'))
  await mkdir(join(uiDir, 'assets'))
  await writeFile(join(uiDir, 'index.html'), '<!doctype html><head><title>Flotilla</title></head>')
  await writeFile(join(uiDir, 'assets', 'index-DeadBeef.js'), 'export {}')
  await writeFile(join(uiDir, '..', 'flotilla-secret.txt'), 'secret')
  await symlink('/etc/passwd', join(uiDir, 'assets', 'link.txt'))
  server = await startTestApiServer({ ui: { dir: uiDir }, subresources: [hello, stay] })
  await raw(server, PODS, { body: pod('p') })
})
afterAll(async () => {
  await server[Symbol.asyncDispose]()
  await rm(uiDir, { recursive: true, force: true })
  await rm(join(tmpdir(), 'flotilla-secret.txt'), { force: true })
})

const ownOrigin = () => `https://127.0.0.1:${server.port}`
const login = (token: string, headers: Record<string, string> = {}) =>
  raw(server, '/ui/login', { as: 'none', body: { token }, headers: { origin: ownOrigin(), ...headers } })

async function sessionCookie(): Promise<string> {
  const { headers } = await login(server.server.issueLoginToken(testAdmin))
  return headers['set-cookie']![0]!.split(';')[0]!
}
const withCookie = async (path: string, options: RawOptions = {}) =>
  raw(server, path, { as: 'none', ...options, headers: { cookie: await sessionCookie(), ...options.headers } })

/** Sends an upgrade and gives the answer's status line. */
function upgrade(path: string, headers: Record<string, string>, certificate = false): Promise<string> {
  return new Promise((resolve, reject) => {
    const identity = certificate ? { cert: server.pki.admin.certPem, key: server.pki.admin.keyPem } : {}
    const socket = tlsConnect(
      { host: '127.0.0.1', port: server.port, ca: server.pki.caPem, ALPNProtocols: ['http/1.1'], ...identity },
      () => {
        const lines = Object.entries({
          host: `127.0.0.1:${server.port}`,
          connection: 'Upgrade',
          upgrade: 'hello',
          ...headers,
        })
        socket.write(`GET ${path} HTTP/1.1\r\n${lines.map(([k, v]) => `${k}: ${v}`).join('\r\n')}\r\n\r\n`)
      },
    )
    let text = ''
    socket.setEncoding('utf8')
    socket.on('data', chunk => (text += chunk))
    socket.on('close', () => resolve(text))
    socket.on('error', reject)
  })
}

/** A request whose answer does not end by itself. */
function openStream(path: string, headers: Record<string, string>) {
  const socket = tlsConnect({
    host: '127.0.0.1',
    port: server.port,
    ca: server.pki.caPem,
    ALPNProtocols: ['http/1.1'],
  })
  const lines = Object.entries({ host: `127.0.0.1:${server.port}`, ...headers })
  socket.write(`GET ${path} HTTP/1.1\r\n${lines.map(([k, v]) => `${k}: ${v}`).join('\r\n')}\r\n\r\n`)
  return { socket, begun: once(socket, 'data'), over: once(socket, 'close') }
}

describe('login', () => {
  test('a token works once and gives an HttpOnly, Secure, SameSite=Strict cookie of a named user', async () => {
    const token = server.server.issueLoginToken(testAdmin)
    const { code, headers, json } = await login(token)
    expect(code).toBe(200)
    expect(json.user!.name).toBe('kubernetes-admin')
    const [cookie] = headers['set-cookie']!
    expect(cookie).toMatch(/^__Host-flotilla-session-\d+=[\w-]{40,}; Path=\/; Secure; HttpOnly; SameSite=Strict/)
    const again = await login(token)
    expect(again.code).toBe(401)
    expect(again.headers['set-cookie']).toBeUndefined()
  })
  test('clusters on several ports of one machine, which share their cookies, each have a session of their own', async () => {
    const mine = await sessionCookie()
    const another = mine.replace(/-\d+=.*/, '-1=of-another-cluster')
    const as = { as: 'none', headers: { cookie: `${another}; ${mine}` } } as const
    expect(mine).toMatch(new RegExp(`^__Host-flotilla-session-${server.port}=`))
    expect((await raw(server, '/ui/session', as)).json.user!.name).toBe('kubernetes-admin')
  })
  test('a wrong token opens nothing', async () => {
    expect((await login('nonsense')).code).toBe(401)
    expect((await login('')).code).toBe(401)
  })
  test('a page of another origin cannot log a browser in', async () => {
    const token = server.server.issueLoginToken(testAdmin)
    expect((await login(token, { origin: 'https://evil.example' })).code).toBe(403)
    expect((await login(token)).code).toBe(200) // and did not use the token up
  })
  test('the session reads, says who it is, and ends with logout', async () => {
    const cookie = await sessionCookie()
    const as = { as: 'none', headers: { cookie } } as const
    expect((await raw(server, '/ui/session', as)).json.user!.name).toBe('kubernetes-admin')
    expect((await raw(server, CONFIG_MAPS, as)).code).toBe(200)
    const out = await raw(server, '/ui/logout', {
      as: 'none',
      method: 'POST',
      headers: { cookie, origin: ownOrigin() },
    })
    expect(out.headers['set-cookie']![0]).toContain('Max-Age=0')
    expect((await raw(server, '/ui/session', as)).code).toBe(401)
    expect((await raw(server, CONFIG_MAPS, as)).code).toBe(403)
  })
  test.each(['logout', 'revocation'])('%s ends what is open in the session: watches and upgrades', async how => {
    const user = { name: `seven-${how}`, groups: ['system:masters'] }
    const { headers } = await login(server.server.issueLoginToken(user))
    const cookie = headers['set-cookie']![0]!.split(';')[0]!
    const unused = server.server.issueLoginToken(user)
    const open = [
      openStream(`${CONFIG_MAPS}?watch=1`, { cookie }),
      openStream(`${PODS}/p/stay`, { cookie, origin: ownOrigin(), connection: 'Upgrade', upgrade: 'stay' }),
    ]
    const others = openStream(`${CONFIG_MAPS}?watch=1`, { cookie: await sessionCookie() })
    await Promise.all([...open, others].map(({ begun }) => begun))
    if (how === 'logout')
      await raw(server, '/ui/logout', { as: 'none', method: 'POST', headers: { cookie, origin: ownOrigin() } })
    else await revokeCertificates(server.clientAs(), systemClock, { userName: user.name, reason: 'left' })
    await Promise.all(open.map(({ over }) => over))
    expect((await raw(server, '/ui/session', { as: 'none', headers: { cookie } })).code).toBe(401)
    expect((await login(unused)).code).toBe(how === 'logout' ? 200 : 401)
    expect(others.socket.destroyed).toBe(false)
    others.socket.destroy()
  })
})

describe('a session cookie', () => {
  test('writes only with the CSRF header', async () => {
    const body = configMap('csrf')
    const bare = await withCookie(CONFIG_MAPS, { body, headers: { origin: ownOrigin() } })
    expect(bare.code).toBe(403)
    const full = await withCookie(CONFIG_MAPS, { body, headers: { origin: ownOrigin(), 'x-flotilla-csrf': '1' } })
    expect(full.code).toBe(201)
    const remove = await withCookie(`${CONFIG_MAPS}/csrf`, { method: 'DELETE' })
    expect(remove.code).toBe(403)
  })
  test.each([
    ['another origin', { origin: 'https://evil.example' }],
    ['another port of this host', { origin: 'https://127.0.0.1:1' }],
    ['plain http of this host', { origin: 'http://127.0.0.1' }],
    ['an opaque origin', { origin: 'null' }],
    ['a page of another site', { 'sec-fetch-site': 'cross-site' }],
    ['a page of another port', { 'sec-fetch-site': 'same-site' }],
  ])('is refused to %s, reading and writing', async (_who, headers) => {
    expect((await withCookie(CONFIG_MAPS, { headers })).code).toBe(403)
    const write = await withCookie(CONFIG_MAPS, {
      body: configMap('evil'),
      headers: { ...headers, 'x-flotilla-csrf': '1' },
    })
    expect(write.code).toBe(403)
    expect((await raw(server, `${CONFIG_MAPS}/evil`)).code).toBe(404)
  })
  test('opens an upgrade only from our own origin', async () => {
    const cookie = await sessionCookie()
    const path = `${PODS}/p/hello`
    expect(await upgrade(path, { cookie })).toMatch(/^HTTP\/1.1 403/)
    expect(await upgrade(path, { cookie, origin: 'https://evil.example' })).toMatch(/^HTTP\/1.1 403/)
    expect(await upgrade(path, { cookie, origin: 'https://127.0.0.1:1' })).toMatch(/^HTTP\/1.1 403/)
    expect(await upgrade(path, { cookie, origin: ownOrigin() })).toContain('hello')
  })
  test('is never answered with permission for another origin', async () => {
    const { headers } = await withCookie(CONFIG_MAPS)
    expect(Object.keys(headers).filter(name => name.startsWith('access-control-'))).toEqual([])
    expect(headers['cross-origin-resource-policy']).toBe('same-origin')
    expect(headers['x-content-type-options']).toBe('nosniff')
    const preflight = await raw(server, CONFIG_MAPS, {
      as: 'none',
      method: 'OPTIONS',
      headers: { origin: 'https://evil.example', 'access-control-request-method': 'POST' },
    })
    expect(preflight.code).toBeGreaterThanOrEqual(400)
  })
})

describe('the Host header', () => {
  test.each(['evil.example', `evil.example:443`, '127.0.0.1.evil.example', 'localhost.evil.example'])(
    '%j is refused, even with the right certificate',
    async host => {
      const { code, json } = await raw(server, CONFIG_MAPS, { headers: { host } })
      expect(code).toBe(421)
      expect(json.kind).toBe('Status')
    },
  )
  test.each(['localhost', 'LOCALHOST:6443', '[::1]:6443', 'kubernetes.default.svc', '10.96.0.1'])(
    '%s is ours',
    async host => {
      expect((await raw(server, CONFIG_MAPS, { headers: { host } })).code).toBe(200)
    },
  )
  test('is checked on upgrades as well', async () => {
    expect(await upgrade(`${PODS}/p/hello`, { host: 'evil.example' }, true)).toMatch(/^HTTP\/1.1 421/)
  })
})

describe('client certificates', () => {
  test('name the user, and its organizations are the groups', async () => {
    const jane = await server.pki.issueClientCertificate({ commonName: 'jane', organizations: ['dev', 'ops'] })
    const { code, json } = await raw(server, CONFIG_MAPS, { as: jane })
    expect(code).toBe(403)
    expect(json.message).toBe(
      'configmaps is forbidden: User "jane" cannot list resource "configmaps" in API group "" in the namespace "default"',
    )
    const root = await server.pki.issueClientCertificate({
      commonName: 'root',
      organizations: ['dev', 'system:masters'],
    })
    expect((await raw(server, CONFIG_MAPS, { as: root })).code).toBe(200)
  })
  test('name the same user on the next connection, and others another', async () => {
    const [ana, bob] = await Promise.all(
      ['ana', 'bob'].map(commonName => server.pki.issueClientCertificate({ commonName, organizations: [] })),
    )
    for (const [as, name] of [[ana, 'ana'], [bob, 'bob'], [ana, 'ana'], [server.pki.serving], [bob, 'bob']] as const) {
      const { json } = await raw(server, CONFIG_MAPS, { as: as! })
      expect(json.message).toMatch(name ? `User "${name}" cannot list` : /^Unauthorized/)
    }
  })
  test('the serving certificate comes with its authority', async () => {
    const socket = tlsConnect({ host: '127.0.0.1', port: server.port, ca: server.pki.caPem })
    await once(socket, 'secureConnect')
    const served = socket.getPeerCertificate(true)
    socket.destroy()
    const der = (pem: string) => new X509Certificate(pem).raw
    expect(served.raw).toEqual(der(server.pki.serving.certPem))
    expect(served.issuerCertificate.raw).toEqual(der(server.pki.caPem))
  })
  test('the serving certificate cannot log in', async () => {
    expect((await raw(server, CONFIG_MAPS, { as: server.pki.serving })).code).toBe(401)
  })
  test('of another authority are refused, as wrong tokens are', async () => {
    const other = await startTestApiServer()
    const { json } = await raw(server, CONFIG_MAPS, { as: other.pki.admin })
    await other[Symbol.asyncDispose]()
    expect(json).toMatchObject({ code: 401, reason: 'Unauthorized' })
  })
})

describe('no or wrong credentials', () => {
  test('are the anonymous user, who may do nothing by default', async () => {
    const { code, json } = await raw(server, '/api/v1/secrets', { as: 'none' })
    expect(code).toBe(403)
    expect(json.message).toContain('User "system:anonymous" cannot list resource "secrets"')
  })
  test('a token that nobody knows answers 401', async () => {
    const { code, json } = await raw(server, CONFIG_MAPS, { as: 'none', headers: { authorization: 'Bearer nonsense' } })
    expect(code).toBe(401)
    expect(json).toMatchObject({ kind: 'Status', reason: 'Unauthorized' })
  })
})

describe('impersonation', () => {
  test('acts as the other user when the real one may', async () => {
    const { code, json } = await raw(server, CONFIG_MAPS, { headers: { 'impersonate-user': 'jane' } })
    expect(code).toBe(403)
    expect(json.message).toContain('User "jane" cannot list')
    const group = { 'impersonate-user': 'jane', 'impersonate-group': 'system:masters' }
    expect((await raw(server, CONFIG_MAPS, { headers: group })).code).toBe(200)
  })
  test('is refused to those who may not', async () => {
    const jane = await server.pki.issueClientCertificate({ commonName: 'jane', organizations: [] })
    const { code, json } = await raw(server, CONFIG_MAPS, {
      as: jane,
      headers: { 'impersonate-user': 'kubernetes-admin' },
    })
    expect(code).toBe(403)
    expect(json.message).toContain('User "jane" cannot impersonate-on:user-info:list resource "configmaps"')
  })
  test('without a user answers 400', async () => {
    expect((await raw(server, CONFIG_MAPS, { headers: { 'impersonate-group': 'x' } })).code).toBe(400)
  })
})

describe('the window', () => {
  test('is served with a strict policy, and its places lead to the same page', async () => {
    const nonces = new Set<string | undefined>()
    for (const path of ['/ui/', '/ui/workloads/pods', '/ui/login']) {
      const { code, headers, text } = await raw(server, path, { as: 'none' })
      expect(code).toBe(200)
      expect(text).toContain('<title>Flotilla')
      expect(headers['content-security-policy']).toContain("default-src 'none'")
      expect(headers['content-security-policy']).toContain("frame-ancestors 'none'")
      expect(headers['content-security-policy']).not.toContain('unsafe-')
      // A page that was kept would bring a nonce that no longer counts.
      expect(headers['cache-control']).toBe('no-store')
      const nonce = /'nonce-([^']+)'/.exec(String(headers['content-security-policy']))?.[1]
      expect(text).toContain(`<meta name="style-nonce" content="${nonce}" />`)
      expect(nonces.has(nonce)).toBe(false)
      nonces.add(nonce)
    }
  })
  test('hashed assets are cached for ever', async () => {
    const { headers } = await raw(server, '/ui/assets/index-DeadBeef.js', { as: 'none' })
    expect(headers['cache-control']).toContain('immutable')
    expect(headers['content-type']).toContain('text/javascript')
  })
  test.each([
    '/ui/../flotilla-secret.txt',
    '/ui/%2e%2e/flotilla-secret.txt',
    '/ui/..%2fflotilla-secret.txt',
    '/ui/assets/..%2f..%2fflotilla-secret.txt',
    '/ui/assets/link.txt',
    '/ui/%00.txt',
  ])('%s leads nowhere', async path => {
    const { code, text } = await raw(server, path, { as: 'none' })
    expect(code).toBeGreaterThanOrEqual(400)
    expect(text).not.toContain('secret\n')
    expect(text).not.toContain('root:')
  })
  test('a browser at the root is sent to it; a client gets the paths', async () => {
    const browser = await raw(server, '/', { as: 'none', headers: { accept: 'text/html' } })
    expect(browser.code).toBe(302)
    expect(browser.headers.location).toBe('/ui/')
    expect((await raw(server, '/')).json.paths).toContain('/version')
  })
})
