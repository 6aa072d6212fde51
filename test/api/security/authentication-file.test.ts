// The file of an AuthenticationConfiguration, changed while the server runs.
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type CryptoKey, exportJWK, generateKeyPair, type JWK, SignJWT } from 'jose'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { tokenReviews } from '../../../src/main/apiserver/endpoints/reviews/identity-reviews.ts'
import { readAuthenticationConfiguration } from '../../../src/main/apiserver/authn/settings.ts'
import { makeAuthority, makeLeaf } from '../../../src/main/pki/certificates.ts'
import { startTestApiServer, type TestApiServer } from '../../support/api-server.ts'
import { ManualClock } from '../../support/manual-clock.ts'
import { raw } from '../core/support/raw.ts'

const clock = new ManualClock(Date.now())
let folder: string
let path: string
let issuer: Server
let url: string
let caPem: string
let key: { publicKey: CryptoKey; privateKey: CryptoKey }
let jwk: JWK
let server: TestApiServer

const configuration = (prefixes: string[], anonymous = true) =>
  JSON.stringify({
    apiVersion: 'apiserver.config.k8s.io/v1',
    kind: 'AuthenticationConfiguration',
    anonymous: { enabled: anonymous },
    jwt: prefixes.map(prefix => ({
      issuer: { url, audiences: ['flotilla'], certificateAuthority: caPem },
      claimMappings: { username: { claim: 'sub', prefix } },
    })),
  })

beforeAll(async () => {
  const authority = await makeAuthority('issuer-ca', 1, Date.now())
  caPem = authority.certPem
  const { certPem, keyPem } = await makeLeaf(authority, {
    ...{ commonName: 'issuer', organizations: [], usage: 'server', ipAddresses: ['127.0.0.1'] },
    ...{ days: 1, nowMs: Date.now() },
  })
  key = await generateKeyPair('RS256')
  jwk = { ...(await exportJWK(key.publicKey)), kid: 'one', alg: 'RS256', use: 'sig' }
  issuer = createServer({ cert: certPem, key: keyPem }, (request, response) => {
    const isKeys = request.url === '/keys'
    response.end(JSON.stringify(isKeys ? { keys: [jwk] } : { issuer: url, jwks_uri: `${url}/keys` }))
  })
  await new Promise<void>(resolve => issuer.listen(0, '127.0.0.1', resolve))
  url = `https://127.0.0.1:${(issuer.address() as AddressInfo).port}`
  folder = await mkdtemp(join(tmpdir(), 'flotilla-authentication-'))
  path = join(folder, 'authentication.yaml')
  const text = configuration(['a:'])
  await writeFile(path, text)
  const settings = await readAuthenticationConfiguration(text)
  server = await startTestApiServer({
    ...{ clock, identity: 'apiserver-x', subresources: [tokenReviews] },
    authentication: { ...settings, file: { path, text, anonymous: settings.anonymous } },
  })
})
afterAll(async () => {
  await server[Symbol.asyncDispose]()
  issuer.closeAllConnections()
  await new Promise(resolve => issuer.close(resolve))
  await rm(folder, { recursive: true })
})

async function whoIs(): Promise<string | undefined> {
  const token = await new SignJWT({ sub: 'ana', aud: 'flotilla' })
    .setProtectedHeader({ alg: 'RS256', kid: 'one' })
    .setIssuer(url)
    .setExpirationTime(Math.floor(clock.now() / 1000) + 300)
    .sign(key.privateKey)
  const { json } = await raw(server, '/apis/authentication.k8s.io/v1/tokenreviews', { body: { spec: { token } } })
  return json.status?.user?.username
}

/** As editors and volumes do: a new file takes the place of the old one. */
async function replace(text: string): Promise<void> {
  await writeFile(`${path}.new`, text)
  await rename(`${path}.new`, path)
}

async function counted(status: string): Promise<number> {
  const { body } = await server.server.metrics.text()
  const line = new RegExp(`^apiserver_authentication_config_controller_automatic_reloads_total{status="${status}",apiserver_id_hash="sha256:[0-9a-f]{64}"} (\\d+)$`, 'm') // prettier-ignore
  return Number(line.exec(body)?.[1] ?? 0)
}
const inForce = async () =>
  /last_config_info{.*hash="(sha256:[0-9a-f]+)"} 1/.exec((await server.server.metrics.text()).body)?.[1]

test('what changes in it holds without a restart', async () => {
  expect(await whoIs()).toBe('a:ana')
  const before = await inForce()
  await replace(configuration(['b:']))
  await expect.poll(whoIs, { timeout: 10_000 }).toBe('b:ana')
  expect(await counted('success')).toBe(1)
  expect(await inForce()).not.toBe(before)
})

test.each([
  ['is no configuration', () => 'kind: Other'],
  ['says something else of anonymous requests', () => configuration(['c:'], false)],
])('a file that %s changes nothing, and is counted', async (_what, text) => {
  const failures = await counted('failure')
  await replace(text())
  await expect.poll(() => counted('failure'), { timeout: 10_000 }).toBe(failures + 1)
  expect(await whoIs()).toBe('b:ana')
})

test('issuers that are not named any more are nobody’s', async () => {
  await replace(configuration([]))
  await expect.poll(whoIs, { timeout: 10_000 }).toBeUndefined()
  expect(await counted('success')).toBe(2)
})

test('it is looked at every minute where the system tells of nothing, and a file that is gone is no reason to forget', async () => {
  await replace(configuration(['d:']))
  await expect.poll(whoIs, { timeout: 10_000 }).toBe('d:ana')
  let failures = await counted('failure')
  await rm(path)
  await expect.poll(() => counted('failure'), { timeout: 10_000 }).toBeGreaterThan(failures)
  failures = await counted('failure')
  await clock.advance(60_000)
  await expect.poll(() => counted('failure'), { timeout: 10_000 }).toBeGreaterThan(failures)
  expect(await whoIs()).toBe('d:ana')
})
