// Who may talk to etcd: mutual TLS with certificates made by openssl, and users whose tokens run out.
import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { openEtcdEngine } from '../../src/main/store/etcd/engine.ts'
import { poll } from '../suites/store.ts'
import { EtcdServer } from './etcd-server.ts'
import { tempFolder } from './temp-folder.ts'

const ends: AsyncDisposable[] = []
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end[Symbol.asyncDispose]()
})
function use<T extends AsyncDisposable>(resource: T): T {
  ends.push(resource)
  return resource
}

/** A certificate authority, and certificates of it for 127.0.0.1 and for a client. */
async function certificates() {
  const { path } = use(await tempFolder())
  const at = (name: string) => join(path, name)
  const openssl = (...args: string[]) => execFileSync('openssl', args, { stdio: ['ignore', 'ignore', 'pipe'] })
  const key = (name: string) => [
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:P-256',
    '-nodes',
    '-keyout',
    at(`${name}.key`),
  ]
  const authority = (name: string) =>
    openssl('req', '-x509', ...key(name), '-days', '2', '-subj', `/CN=${name}`, '-out', at(`${name}.crt`))
  authority('ca')
  authority('other-ca')
  for (const name of ['server', 'client']) {
    openssl('req', ...key(name), '-subj', `/CN=${name}`, '-out', at(`${name}.csr`))
    writeFileSync(at(`${name}.ext`), 'subjectAltName=IP:127.0.0.1\nextendedKeyUsage=serverAuth,clientAuth\n')
    const signed = ['-CA', at('ca.crt'), '-CAkey', at('ca.key'), '-CAcreateserial', '-days', '2']
    openssl(
      'x509',
      '-req',
      '-in',
      at(`${name}.csr`),
      ...signed,
      '-extfile',
      at(`${name}.ext`),
      '-out',
      at(`${name}.crt`),
    )
  }
  return at
}

describe('mutual TLS', () => {
  test('a client certificate lets in; without one, or with another authority, opening answers Unavailable', async () => {
    const at = await certificates()
    const server = use(
      await EtcdServer.start({
        tlsArgs: [
          ['--cert-file', at('server.crt'), '--key-file', at('server.key')],
          ['--client-cert-auth', '--trusted-ca-file', at('ca.crt')],
        ].flat(),
      }),
    )
    const open = (tls: { ca?: string; cert?: string; key?: string }) =>
      openEtcdEngine({ endpoints: [server.url], tls, requestTimeoutMs: 2_000 })
    const code = (tls: object) =>
      open(tls).then(
        () => 'opened',
        (error: { code: string }) => error.code,
      )
    const identity = { cert: at('client.crt'), key: at('client.key') }
    const engine = use(await open({ ca: at('ca.crt'), ...identity }))
    await engine.commit([{ key: '/a', value: '1' }])
    expect(await code({ ca: at('ca.crt') })).toBe('Unavailable')
    expect(await code({ ca: at('other-ca.crt'), ...identity })).toBe('Unavailable')
    expect(await code({ ca: at('missing.crt'), ...identity })).toBe('Unavailable')
    expect(await code({ ca: at('ca.crt'), cert: at('client.crt') })).toBe('Unavailable')
  })
})

describe('users', () => {
  test('a user with rights on the prefix alone is enough, and a token that ran out is renewed', async () => {
    const server = use(await EtcdServer.start({ args: ['--auth-token-ttl', '2'] }))
    const base64 = (text: string) => Buffer.from(text).toString('base64')
    const admin = (path: string, body: object) => server.json(`/v3/auth/${path}`, body)
    await admin('user/add', { name: 'root', password: 'r' })
    await admin('role/add', { name: 'root' })
    await admin('user/grant', { user: 'root', role: 'root' })
    await admin('user/add', { name: 'flotilla', password: 'f' })
    await admin('role/add', { name: 'flotilla' })
    await admin('role/grant', {
      name: 'flotilla',
      perm: { permType: 'READWRITE', key: base64('/flotilla/'), range_end: base64('/flotilla0') },
    })
    await admin('user/grant', { user: 'flotilla', role: 'flotilla' })
    await admin('enable', {})
    const open = (password: string, prefix = '/flotilla') =>
      openEtcdEngine({
        endpoints: [server.url],
        auth: { username: 'flotilla', password },
        prefix,
        requestTimeoutMs: 3_000,
      })
    const refusal = (opening: Promise<unknown>) =>
      opening.then(
        () => 'opened',
        (error: Error) => error.message,
      )
    expect(await refusal(open('wrong'))).toMatch(/authentication failed/)
    expect(await refusal(open('f', '/elsewhere'))).toMatch(/permission denied/)
    const engine = use(await open('f'))
    const first = await engine.commit([{ key: '/a', value: '1' }])
    const until = Date.now() + 4_000
    await poll(() => Date.now() > until)
    expect(await engine.commit([{ key: '/a', value: '2' }])).toBe(first + 1)
    expect(await engine.latestRevision!()).toBe(first + 1)
  })
})
