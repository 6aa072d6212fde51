// Webhooks and extension API servers whose certificate has the name of who signed it, and no key identifiers: they are
// known by who signed it, as upstream's clients know them.
import { generateKeyPairSync } from 'node:crypto'
import { createServer, type Server } from 'node:https'
import { type AddressInfo, connect } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import type { APIService } from '../../../src/shared/api/apiregistration/v1.ts'
import { RemoteService } from '../../../src/main/apiserver/aggregator/remote-service.ts'
import { Connections } from '../../../src/main/apiserver/webhook/connections.ts'
import { importKeys, makeAuthority, makeLeaf, serialNumber, SIGNING } from '../../../src/main/pki/certificates.ts'
import * as x509 from '../../../src/shared/machinery/x509.ts'

const DAY_MS = 86_400_000
const HOST = 'guard.default.svc'

interface Names {
  readonly issuer: string
  readonly subject: string
}
interface Party {
  readonly certPem: string
  readonly keyPem: string
}

const newKeyPem = () =>
  generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()

async function certificate(
  { issuer, subject }: Names,
  { by, days = 1, isAuthority = false }: { by?: Party; days?: number; isAuthority?: boolean },
): Promise<Party> {
  const keyPem = newKeyPem()
  const keys = await importKeys(keyPem)
  const made = await x509.X509CertificateGenerator.create({
    ...{ serialNumber: serialNumber(), issuer, subject, signingAlgorithm: SIGNING, publicKey: keys.publicKey },
    signingKey: by ? (await importKeys(by.keyPem)).privateKey : keys.privateKey,
    notBefore: new Date(Date.now() - 2 * DAY_MS),
    notAfter: new Date(Date.now() + days * DAY_MS),
    extensions: isAuthority
      ? [new x509.BasicConstraintsExtension(true, undefined, true)]
      : [new x509.SubjectAlternativeNameExtension([{ type: 'dns', value: HOST }])],
  })
  return { certPem: made.toString('pem'), keyPem }
}
const authorityOf = (names: Names, days = 1) => certificate(names, { days, isAuthority: true })

let server: Server
const ends: (() => void)[] = []
afterEach(async () => {
  for (const end of ends.splice(0)) end()
  server.closeAllConnections()
  await new Promise(resolve => server.close(resolve))
})

async function serve({ certPem, keyPem }: Party): Promise<number> {
  server = createServer({ cert: certPem, key: keyPem }, (_request, response) => response.end('seen'))
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  return (server.address() as AddressInfo).port
}

function webhookAt(port: number, ca: string): () => Promise<string> {
  const dial = () => Promise.resolve(connect(port, '127.0.0.1'))
  const connections = new Connections({ authority: HOST, host: HOST, port: 443, ca: Buffer.from(ca), dial })
  ends.push(() => connections[Symbol.dispose]())
  return async () => {
    const message = { path: '/', headers: {}, payload: Buffer.from('{}') }
    return (await connections.post(message, new AbortController().signal)).bytes.toString()
  }
}

/** As whom the API server calls extension API servers. */
async function frontProxyClient() {
  const nowMs = Date.now()
  return makeLeaf(await makeAuthority('front-proxy', 1, nowMs), {
    ...{ commonName: 'front-proxy-client', organizations: [], usage: 'client', days: 1, nowMs },
  })
}

describe('a server whose certificate is called like who signed it', () => {
  test.each([
    ['by one name', { issuer: 'CN=guard', subject: 'CN=guard' }],
    ['by no name at all, though its authority names somebody as its own', { issuer: 'CN=nobody', subject: '' }],
  ])('is called, %s', async (_how, names) => {
    const authority = await authorityOf(names)
    const { subject } = names
    const port = await serve(await certificate({ issuer: subject, subject }, { by: authority }))
    expect(await webhookAt(port, authority.certPem)()).toBe('seen')
  })

  test('is called again once it has another certificate', async () => {
    const names = { issuer: 'CN=guard', subject: 'CN=guard' }
    const authority = await authorityOf(names)
    const call = webhookAt(await serve(await certificate(names, { by: authority })), authority.certPem)
    expect(await call()).toBe('seen')
    const { certPem, keyPem } = await certificate(names, { by: authority })
    server.setSecureContext({ cert: certPem, key: keyPem })
    server.closeAllConnections()
    expect(await call()).toBe('seen')
  })

  test('is called again once its certificate is called otherwise than who signed it', async () => {
    const names = { issuer: 'CN=guard', subject: 'CN=guard' }
    const authority = await authorityOf(names)
    const call = webhookAt(await serve(await certificate(names, { by: authority })), authority.certPem)
    expect(await call()).toBe('seen')
    const { certPem, keyPem } = await certificate({ ...names, subject: 'CN=server' }, { by: authority })
    server.setSecureContext({ cert: certPem, key: keyPem })
    server.closeAllConnections()
    expect(await call()).toBe('seen')
  })

  test('is refused when somebody else of that name signed it', async () => {
    const names = { issuer: 'CN=guard', subject: 'CN=guard' }
    const port = await serve(await certificate(names, { by: await authorityOf(names) }))
    await expect(webhookAt(port, (await authorityOf(names)).certPem)()).rejects.toThrow('self-signed certificate')
  })

  test('is refused when the time of who signed it is over', async () => {
    const names = { issuer: 'CN=guard', subject: 'CN=guard' }
    const authority = await authorityOf(names, -1)
    const port = await serve(await certificate(names, { by: authority }))
    await expect(webhookAt(port, authority.certPem)()).rejects.toThrow('certificate')
  })

  test('is refused when it is for another host', async () => {
    const names = { issuer: 'CN=guard', subject: 'CN=guard' }
    const authority = await authorityOf(names)
    const port = await serve(await certificate(names, { by: authority }))
    const dial = () => Promise.resolve(connect(port, '127.0.0.1'))
    const host = 'other.default.svc'
    const connections = new Connections({ authority: host, host, port, ca: Buffer.from(authority.certPem), dial })
    ends.push(() => connections[Symbol.dispose]())
    const message = { path: '/', headers: {}, payload: Buffer.from('{}') }
    await expect(connections.post(message, new AbortController().signal)).rejects.toThrow('altnames')
  })

  test('is reached as an extension API server', async () => {
    const names = { issuer: 'CN=guard', subject: 'CN=guard' }
    const authority = await authorityOf(names)
    const port = await serve(await certificate(names, { by: authority }))
    const caBundle = Buffer.from(authority.certPem).toString('base64')
    const spec = { service: { namespace: 'default', name: 'guard' }, caBundle }
    const remote = new RemoteService({ spec } as APIService, {
      dialService: () => Promise.resolve(connect(port, '127.0.0.1')),
      frontProxy: await frontProxyClient(),
    })
    const socket = await remote.connect(new AbortController().signal)
    expect(socket.authorized).toBe(true)
    socket.destroy()
  })

  test('is unreachable as an extension API server that goes before it was looked at', async () => {
    const names = { issuer: 'CN=guard', subject: 'CN=guard' }
    const authority = await authorityOf(names)
    const port = await serve(await certificate(names, { by: authority }))
    let called = 0
    server.prependListener('connection', socket => ++called > 1 && socket.destroy())
    const spec = { service: { namespace: 'default', name: 'guard' }, caBundle: Buffer.from(authority.certPem).toString('base64') } // prettier-ignore
    const remote = new RemoteService({ spec } as APIService, {
      dialService: () => Promise.resolve(connect(port, '127.0.0.1')),
      frontProxy: await frontProxyClient(),
    })
    await expect(remote.connect(new AbortController().signal)).rejects.toMatchObject({ code: 503 })
    expect(called).toBe(2)
  })
})
