// Issuers of ID tokens that change their keys, or answer what no issuer should, and tokens in their name that are not theirs.
import { createHmac, createPublicKey } from 'node:crypto'
import { createServer, type Server } from 'node:https'
import type { ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import {
  type CryptoKey,
  exportJWK,
  exportSPKI,
  generateKeyPair,
  type JWK,
  type JWTHeaderParameters,
  SignJWT,
} from 'jose'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { OidcIssuer } from '../../../src/main/apiserver/authn/oidc/id-tokens.ts'
import { makeAuthority, makeLeaf } from '../../../src/main/pki/certificates.ts'
import { startTestApiServer, type TestApiServer } from '../../support/api-server.ts'
import { eventually } from '../../support/eventually.ts'
import { ManualClock } from '../../support/manual-clock.ts'
import { raw } from '../core/support/raw.ts'

interface KeyPair {
  readonly publicKey: CryptoKey
  readonly privateKey: CryptoKey
}
type Answer = (response: ServerResponse) => void

const clock = new ManualClock(Date.now())
/** What is said at a path; nothing is a 404. */
const said = new Map<string, Answer>()
const asked: string[] = []
let issuers: Server
let origin: string
let server: TestApiServer
let pairs: KeyPair[]

const NAMES = [
  'honest',
  'rotates',
  'many',
  'other-name',
  'plain',
  'away',
  'endless',
  'deep',
  'no-list',
  'oct',
  'silent',
]
const urlOf = (name: string) => `${origin}/${name}`
const answer =
  (value: unknown): Answer =>
  response =>
    response.end(JSON.stringify(value))
const about = (name: string, more: object = {}) => {
  said.set(`/${name}/.well-known/openid-configuration`, answer({ issuer: urlOf(name), jwks_uri: `${urlOf(name)}/keys`, ...more })) // prettier-ignore
}
const publish = (name: string, keys: unknown) => said.set(`/${name}/keys`, answer({ keys }))
const jwk = async ({ publicKey }: KeyPair, more: JWK | object = {}): Promise<object> => ({
  ...(await exportJWK(publicKey)),
  ...more,
})
const claims = { sub: 'ana', aud: 'flotilla' }
const expiry = () => Math.floor(clock.now() / 1000) + 300
const sign = (
  name: string,
  { privateKey }: KeyPair,
  header: Partial<JWTHeaderParameters> = {},
  jti = crypto.randomUUID(),
) =>
  new SignJWT({ ...claims, jti })
    .setProtectedHeader({ alg: 'ES256', ...header })
    .setIssuer(urlOf(name))
    .setExpirationTime(expiry())
    .sign(privateKey, { crit: { mine: true } })
const code = async (token: string) =>
  (await raw(server, '/api/v1/nodes', { as: 'none', headers: { authorization: `Bearer ${token}` } })).code
/** Known, but with no rights; or not known at all. */
const [KNOWN, UNKNOWN] = [403, 401]

beforeAll(async () => {
  const authority = await makeAuthority('issuer-ca', 1, Date.now())
  const { certPem: cert, keyPem: key } = await makeLeaf(authority, {
    ...{ commonName: 'issuer', organizations: [], usage: 'server', ipAddresses: ['127.0.0.1'] },
    ...{ days: 1, nowMs: Date.now() },
  })
  issuers = createServer({ cert, key }, ({ url = '' }, response) => {
    asked.push(url)
    const answers = said.get(url)
    if (answers) answers(response)
    else response.writeHead(404).end()
  })
  await new Promise<void>(resolve => issuers.listen(0, '127.0.0.1', resolve))
  origin = `https://127.0.0.1:${(issuers.address() as AddressInfo).port}`
  pairs = await Promise.all(Array.from({ length: 3 }, () => generateKeyPair('ES256')))
  const issuerOf = (name: string): OidcIssuer => ({
    ...{ url: urlOf(name), audiences: ['flotilla'], caPem: authority.certPem, requiredClaims: {} },
    ...{ usernameClaim: 'sub', usernamePrefix: '', groupsPrefix: '', signingAlgs: ['ES256', 'RS256'] },
  })
  server = await startTestApiServer({ clock, authentication: { issuers: NAMES.map(issuerOf) } })
  for (const name of NAMES) {
    about(name)
    publish(name, [await jwk(pairs[0]!, { kid: 'one' })])
  }
})
afterAll(async () => {
  await server[Symbol.asyncDispose]()
  issuers.closeAllConnections()
  await new Promise(resolve => issuers.close(resolve))
})

test('an issuer may put another key under the name of an old one', async () => {
  const [before, now] = [pairs[0]!, pairs[1]!]
  expect(await code(await sign('rotates', before, { kid: 'one' }))).toBe(KNOWN)
  publish('rotates', [await jwk(now, { kid: 'one' })])
  await clock.advance(11_000)
  const signed = asked.length
  expect(await code(await sign('rotates', now, { kid: 'one' }))).toBe(KNOWN)
  expect(await code(await sign('rotates', before, { kid: 'one' }))).toBe(UNKNOWN)
  // Whoever makes tokens up does not make it asked again and again.
  for (let i = 0; i < 5; i++) expect(await code(await sign('rotates', pairs[2]!, { kid: 'one' }))).toBe(UNKNOWN)
  expect(asked.length - signed).toBe(2)
})

test('a token that names no key is of any of the issuer’s, and of so many at most', async () => {
  const others = await Promise.all(Array.from({ length: 31 }, () => generateKeyPair('ES256')))
  const [first, last, beyond] = [others[0]!, pairs[0]!, pairs[1]!]
  publish('many', await Promise.all([...others, last, beyond].map((pair, i) => jwk(pair, { kid: `k${i}` }))))
  expect(await code(await sign('many', first))).toBe(KNOWN)
  expect(await code(await sign('many', last))).toBe(KNOWN)
  expect(await code(await sign('many', beyond))).toBe(UNKNOWN)
  expect(await code(await sign('many', beyond, { kid: 'k32' }))).toBe(KNOWN)
  expect(await code(await sign('many', pairs[2]!))).toBe(UNKNOWN)
})

const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
const payload = () => part({ ...claims, iss: urlOf('honest'), exp: expiry() })
const keyed = (header: object, secret: Buffer | string) => {
  const text = `${part(header)}.${payload()}`
  return `${text}.${createHmac('sha256', secret).update(text).digest('base64url')}`
}

test.each<[string, () => Promise<string>]>([
  ['signed by nobody', () => Promise.resolve(`${part({ alg: 'none' })}.${payload()}.`)],
  ['signed by nobody, in other letters', () => Promise.resolve(`${part({ alg: 'NoNe' })}.${payload()}.AAAA`)],
  ['whose secret is the public key', async () => keyed({ alg: 'HS256', kid: 'one' }, await exportSPKI(pairs[0]!.publicKey))],
  ['whose secret is the public key in bytes', async () => keyed({ alg: 'HS256' }, createPublicKey(await exportSPKI(pairs[0]!.publicKey)).export({ type: 'spki', format: 'der' }))],
  ['that brings its own key', async () => sign('honest', pairs[1]!, { jwk: await exportJWK(pairs[1]!.publicKey) })],
  ['that says where its key is', () => sign('honest', pairs[1]!, { jku: `${origin}/evil/keys`, x5u: `${origin}/evil/x5u`, kid: '../evil/keys' })],
  ['of an algorithm that its key is not for', async () => sign('honest', { ...pairs[1]!, ...(await generateKeyPair('ES384')) }, { alg: 'ES384', kid: 'one' })],
  ['that demands what nobody knows', () => sign('honest', pairs[0]!, { kid: 'one', crit: ['mine'], mine: 1 })],
])('a token %s is refused, and nobody is asked for it', async (_what, token) => {
  expect(await code(await sign('honest', pairs[0]!, { kid: 'one' }))).toBe(KNOWN)
  expect(await code(await token())).toBe(UNKNOWN)
  expect(asked.filter(path => path.includes('evil'))).toEqual([])
}) // prettier-ignore

test.each<[string, () => void]>([
  ['other-name', () => about('other-name', { issuer: 'https://somebody.example' })],
  ['plain', () => about('plain', { jwks_uri: `${urlOf('plain').replace('https:', 'http:')}/keys` })],
  ['away', () => said.set('/away/keys', response => response.writeHead(302, { location: `${urlOf('honest')}/keys` }).end())], // prettier-ignore
  ['deep', () => said.set('/deep/keys', response => response.end(`{"keys":${'['.repeat(500_000)}`))],
  ['no-list', () => publish('no-list', { one: 1, __proto__: [] })],
  ['oct', () => publish('oct', [{ kty: 'oct', k: Buffer.from('secret').toString('base64url'), kid: 'one' }])],
])('what an issuer says wrongly is believed of none: %s', async (name, lie) => {
  lie()
  expect(await code(await sign(name, pairs[0]!, { kid: 'one' }))).toBe(UNKNOWN)
  expect(await code(keyed({ alg: 'HS256', kid: 'one' }, 'secret'))).toBe(UNKNOWN)
  expect(await code(await sign('honest', pairs[0]!, { kid: 'one' }))).toBe(KNOWN)
})

test('keys without an end are read as far as keys can be long, and what never comes keeps nobody else waiting', async () => {
  let sent = 0
  const closed = new Promise<void>(resolve =>
    said.set('/endless/keys', response => {
      const chunk = Buffer.alloc(64 * 1024, ' ')
      const more = () => {
        while (!response.destroyed && response.write(chunk)) sent += chunk.length
      }
      response
        .on('drain', more)
        .on('close', resolve)
        .on('error', () => undefined)
      more()
    }),
  )
  expect(await code(await sign('endless', pairs[0]!, { kid: 'one' }))).toBe(UNKNOWN)
  await closed
  expect(sent).toBeLessThan(64 * 1024 * 1024)

  let silent: ServerResponse | undefined
  said.set('/silent/keys', response => void (silent = response.writeHead(200)))
  const waiting = code(await sign('silent', pairs[0]!, { kid: 'one' }))
  await eventually(() => expect(silent).toBeDefined())
  silent!.write('{"keys":')
  expect(await code(await sign('honest', pairs[0]!, { kid: 'one' }))).toBe(KNOWN)
  silent!.destroy()
  expect(await waiting).toBe(UNKNOWN)
})
