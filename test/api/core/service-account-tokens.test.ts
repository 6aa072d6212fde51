// Service-account tokens: issued, verified, and dead with what they are bound to.
import { createPublicKey, verify, type JsonWebKey } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createServiceAccountTokens } from '../../../src/main/apiserver/authn/service-account-tokens.ts'
import { serviceAccountToken } from '../../../src/main/apiserver/endpoints/serviceaccounts/token.ts'
import { startTestApiServer, type TestApiServer } from '../../support/api-server.ts'
import { ManualClock } from '../../support/manual-clock.ts'
import { type AnyJson, PODS, pod, raw } from './support/raw.ts'

let server: TestApiServer
const clock = new ManualClock(Date.now())
beforeAll(async () => {
  server = await startTestApiServer({ clock, subresources: [serviceAccountToken] })
})
afterAll(() => server[Symbol.asyncDispose]())

const account = async (name: string) => {
  const { json } = await raw(server, '/api/v1/namespaces/default/serviceaccounts', { body: { metadata: { name } } })
  return { name, uid: json.metadata!.uid! as string }
}
const ask = (token: string) =>
  raw(server, '/api/v1/namespaces', { as: 'none', headers: { authorization: `Bearer ${token}` } })

describe('a token', () => {
  test('names the account and its groups', async () => {
    const serviceAccount = await account('robot')
    const request = { namespace: 'default', serviceAccount, audiences: [], expirationSeconds: 3600 }
    const { token, expiresAtMs } = await server.server.tokens.issue(request)
    expect(expiresAtMs).toBe(Math.floor(clock.now() / 1000) * 1000 + 3_600_000)
    const { code, json } = await ask(token)
    expect(code).toBe(403)
    expect(json.message).toContain('User "system:serviceaccount:default:robot" cannot list resource "namespaces"')
    const verified = await server.server.tokens.verify(token)
    expect(verified!.user.groups).toEqual([
      'system:serviceaccounts',
      'system:serviceaccounts:default',
      'system:authenticated',
    ])
  })
  test('dies when it expires', async () => {
    const serviceAccount = await account('short')
    const { token } = await server.server.tokens.issue({
      namespace: 'default',
      serviceAccount,
      audiences: [],
      expirationSeconds: 60,
    })
    expect((await ask(token)).code).toBe(403)
    await clock.advance(61_000)
    expect((await ask(token)).code).toBe(401)
  })
  test('of a pod that reads it once is accepted for a year, and each use past its hour is told', async () => {
    await account('reader')
    const body = { metadata: { name: 'reads-once' }, spec: { serviceAccountName: 'reader', containers: [{ name: 'a', image: 'a' }] } } // prettier-ignore
    await raw(server, '/api/v1/namespaces/default/pods', { body })
    const boundObjectRef = { kind: 'Pod', apiVersion: 'v1', name: 'reads-once' }
    const token = async (spec: AnyJson) =>
      (await raw(server, '/api/v1/namespaces/default/serviceaccounts/reader/token', { body: { spec } })).json
        .status as {
        token: string
        expirationTimestamp: string
      }
    const claimsOf = ({ token }: { token: string }) =>
      JSON.parse(Buffer.from(token.split('.')[1]!, 'base64url').toString()) as AnyJson
    const counted = async (name: string) =>
      Number(
        new RegExp(`^serviceaccount_${name}_tokens_total (\\d+)`, 'm').exec((await raw(server, '/metrics')).text)![1],
      )
    const given = await token({ boundObjectRef, expirationSeconds: 3607 })
    const claims = claimsOf(given)
    expect([claims.exp - claims.iat, claims['kubernetes.io'].warnafter - claims.iat]).toEqual([365 * 24 * 3600, 3607])
    expect(Date.parse(given.expirationTimestamp)).toBe((claims.iat + 3607) * 1000)
    expect((await ask(given.token)).code).toBe(403)
    const before = [await counted('valid'), await counted('stale')]
    await clock.advance(2 * 3600 * 1000)
    const verified = await server.server.tokens.verify(given.token)
    expect(verified!.annotations).toEqual({
      'authentication.k8s.io/stale-token': expect.stringMatching(
        /^subject: system:serviceaccount:default:reader, seconds after warning threshold: 359\d$/,
      ) as string,
    })
    expect([await counted('valid'), await counted('stale')]).toEqual([before[0], before[1]! + 1])

    // What asks for another time, for somebody else or for no pod ends when it says.
    for (const spec of [
      { boundObjectRef, expirationSeconds: 3600 },
      { boundObjectRef, expirationSeconds: 3607, audiences: ['vault'] },
      { expirationSeconds: 3607 },
    ]) {
      const other = claimsOf(await token(spec))
      expect([other.exp - other.iat, other['kubernetes.io'].warnafter]).toEqual([spec.expirationSeconds, undefined])
    }
  })
  test('dies with its account, also when one of the same name is made again', async () => {
    const serviceAccount = await account('mortal')
    const { token } = await server.server.tokens.issue({
      namespace: 'default',
      serviceAccount,
      audiences: [],
      expirationSeconds: 3600,
    })
    expect((await ask(token)).code).toBe(403)
    await raw(server, '/api/v1/namespaces/default/serviceaccounts/mortal', { method: 'DELETE' })
    expect((await ask(token)).code).toBe(401)
    await account('mortal')
    expect((await ask(token)).code).toBe(401)
  })
  test.each(['the account', 'the pod', 'the secret'])(
    'dies a minute after %s should be gone, whoever holds it back',
    async what => {
      const suffix = what.replace('the ', '')
      const held = { finalizers: ['example.com/hold'] }
      const collection = (plural: string) => `/api/v1/namespaces/default/${plural}`
      const make = async (plural: string, content: AnyJson) => {
        const { json } = await raw(server, collection(plural), {
          body: { ...content, metadata: { name: `held-${suffix}`, ...held } },
        })
        return { name: json.metadata.name as string, uid: json.metadata.uid as string }
      }
      const serviceAccount = await make('serviceaccounts', {})
      const spec = { serviceAccountName: serviceAccount.name, containers: [{ name: 'main', image: 'x' }] }
      const bound =
        what === 'the pod'
          ? { boundTo: { kind: 'Pod' as const, ...(await make('pods', { spec })) } }
          : what === 'the secret'
            ? { boundTo: { kind: 'Secret' as const, ...(await make('secrets', {})) } }
            : {}
      const order = { namespace: 'default', serviceAccount, audiences: [], expirationSeconds: 3600, ...bound }
      const { token } = await server.server.tokens.issue(order)
      const plural = what === 'the account' ? 'serviceaccounts' : `${suffix}s`
      await raw(server, `${collection(plural)}/held-${suffix}?gracePeriodSeconds=0`, { method: 'DELETE' })
      await clock.advance(59_000)
      expect((await ask(token)).code).toBe(403)
      await clock.advance(2_000)
      expect((await ask(token)).code).toBe(401)
      expect((await raw(server, `${collection(plural)}/held-${suffix}`)).code).toBe(200)
    },
  )
  test('bound to a pod dies with the pod', async () => {
    const serviceAccount = await account('podded')
    const { json } = await raw(server, PODS, { body: pod('owner') })
    const boundTo = { kind: 'Pod' as const, name: 'owner', uid: json.metadata!.uid! as string }
    const { token } = await server.server.tokens.issue({
      namespace: 'default',
      serviceAccount,
      audiences: [],
      expirationSeconds: 3600,
      boundTo,
    })
    expect((await server.server.tokens.verify(token))!.user.extra).toMatchObject({
      'authentication.kubernetes.io/pod-name': ['owner'],
    })
    await raw(server, `${PODS}/owner?gracePeriodSeconds=0`, { method: 'DELETE' })
    expect((await ask(token)).code).toBe(401)
  })
  test('for another audience is not for this server', async () => {
    const serviceAccount = await account('vault')
    const { token } = await server.server.tokens.issue({
      namespace: 'default',
      serviceAccount,
      audiences: ['vault'],
      expirationSeconds: 3600,
    })
    expect((await ask(token)).code).toBe(401)
    expect((await server.server.tokens.verify(token, ['vault', 'x']))!.audiences).toEqual(['vault'])
  })
  test('signed by another key, or changed, is refused', async () => {
    const serviceAccount = await account('forged')
    const { generateKeyPairSync } = await import('node:crypto')
    const keyPem = generateKeyPairSync('ec', { namedCurve: 'P-256' })
      .privateKey.export({ type: 'pkcs8', format: 'pem' })
      .toString()
    const other = createServiceAccountTokens({
      keyPem,
      issuer: server.server.tokens.issuer,
      apiAudiences: server.server.tokens.apiAudiences,
      clock,
      lookup: () => undefined,
      onSecretUsed: () => undefined,
    })
    const request = { namespace: 'default', serviceAccount, audiences: [], expirationSeconds: 3600 }
    expect((await ask((await other.issue(request)).token)).code).toBe(401)
    const { token } = await server.server.tokens.issue(request)
    const [head, payload, signature] = token.split('.') as [string, string, string]
    const changed = JSON.parse(Buffer.from(payload, 'base64url').toString()) as Record<string, unknown>
    changed.sub = 'system:serviceaccount:kube-system:admin'
    const forged = Buffer.from(JSON.stringify(changed)).toString('base64url')
    expect((await ask(`${head}.${forged}.${signature}`)).code).toBe(401)
    const none = Buffer.from('{"alg":"none"}').toString('base64url')
    expect((await ask(`${none}.${payload}.`)).code).toBe(401)
  })
})

test('the published keys verify a token by themselves', async () => {
  const serviceAccount = await account('published')
  const { token } = await server.server.tokens.issue({
    namespace: 'default',
    serviceAccount,
    audiences: [],
    expirationSeconds: 600,
  })
  const { json: configuration } = await raw(server, '/.well-known/openid-configuration')
  expect(configuration.issuer).toBe('https://kubernetes.default.svc.cluster.local')
  const { json, headers } = await raw(server, '/openid/v1/jwks')
  expect(headers['content-type']).toBe('application/jwk-set+json')
  const [head, payload, signature] = token.split('.') as [string, string, string]
  const header = JSON.parse(Buffer.from(head, 'base64url').toString()) as { kid: string; alg: string }
  const jwk = json.keys!.find((key: AnyJson) => key.kid === header.kid) as JsonWebKey
  const key = { key: createPublicKey({ key: jwk, format: 'jwk' }), dsaEncoding: 'ieee-p1363' as const }
  expect(verify('sha256', Buffer.from(`${head}.${payload}`), key, Buffer.from(signature, 'base64url'))).toBe(true)
})
