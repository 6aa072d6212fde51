// ID tokens of an OpenID Connect issuer, which the test itself is.
import { createServer, type Server } from 'node:https'
import type { AddressInfo } from 'node:net'
import { type CryptoKey, exportJWK, generateKeyPair, type JWTPayload, SignJWT } from 'jose'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { tokenReviews } from '../../../src/main/apiserver/endpoints/reviews/identity-reviews.ts'
import { type OidcIssuer, userOfClaims } from '../../../src/main/apiserver/authn/oidc/id-tokens.ts'
import { parseAuthenticationConfiguration } from '../../../src/main/apiserver/authn/settings.ts'
import { parseTokenFile } from '../../../src/main/apiserver/authn/token-file.ts'
import { makeAuthority, makeLeaf } from '../../../src/main/pki/certificates.ts'
import { startTestApiServer, type TestApiServer } from '../../support/api-server.ts'
import { eventually } from '../../support/eventually.ts'
import { ManualClock } from '../../support/manual-clock.ts'
import { raw } from '../core/support/raw.ts'

const clock = new ManualClock(Date.now())
const keys = new Map<string, CryptoKey>()
const published: object[] = []
let issuer: Server
let url: string
let caPem: string
let asked = 0
/** The issuer does not tell its keys. */
let isDown = false
/** What the issuer has at other paths; '' is a failure. */
const endpoints = new Map<string, Promise<string>>()
const credentials: (string | undefined)[] = []
let server: TestApiServer

async function addKey(kid: string, publish = true): Promise<void> {
  const { publicKey, privateKey } = await generateKeyPair('RS256')
  keys.set(kid, privateKey)
  if (publish) published.push({ ...(await exportJWK(publicKey)), kid, alg: 'RS256', use: 'sig' })
}

function sign(claims: JWTPayload & { seconds?: number } = {}, kid = 'one', alg = 'RS256'): Promise<string> {
  const { seconds = 300, ...rest } = claims
  return new SignJWT({ sub: 'ana', aud: 'flotilla', email: 'ana@example.com', groups: ['devs'], hd: 'example.com', ...rest })
    .setProtectedHeader({ alg, kid })
    .setIssuer(rest.iss ?? url)
    .setExpirationTime(Math.floor(clock.now() / 1000) + seconds)
    .sign(keys.get(kid)!)
} // prettier-ignore

beforeAll(async () => {
  const authority = await makeAuthority('issuer-ca', 1, Date.now())
  caPem = authority.certPem
  const { certPem: cert, keyPem: key } = await makeLeaf(authority, {
    commonName: 'issuer',
    organizations: [],
    usage: 'server',
    ipAddresses: ['127.0.0.1'],
    days: 1,
    nowMs: Date.now(),
  })
  issuer = createServer({ cert, key }, (request, response) => {
    if (request.url === '/.well-known/openid-configuration')
      return void response.end(JSON.stringify({ issuer: url, jwks_uri: `${url}/keys` }))
    const told = endpoints.get(request.url ?? '')
    if (told !== undefined) {
      credentials.push(request.headers.authorization)
      return void told.then(text => response.writeHead(text === '' ? 500 : 200).end(text))
    }
    asked++
    if (isDown) return void response.writeHead(500).end()
    response.end(JSON.stringify({ keys: published }))
  })
  await new Promise<void>(resolve => issuer.listen(0, '127.0.0.1', resolve))
  url = `https://127.0.0.1:${(issuer.address() as AddressInfo).port}`
  await addKey('one')
  const settings: OidcIssuer = {
    url,
    audiences: ['flotilla'],
    caPem,
    usernameClaim: 'email',
    usernamePrefix: 'oidc:',
    groupsClaim: 'groups',
    groupsPrefix: 'oidc:',
    requiredClaims: { hd: 'example.com' },
    signingAlgs: ['RS256'],
  }
  server = await startTestApiServer({
    clock,
    subresources: [tokenReviews],
    authentication: { issuers: [settings] },
    tokens: parseTokenFile('# comment\nsecret,robot,7,"builders, testers"\n'),
  })
})
afterAll(async () => {
  await server[Symbol.asyncDispose]()
  issuer.closeAllConnections()
  await new Promise(resolve => issuer.close(resolve))
})

const ask = (token: string) =>
  raw(server, '/api/v1/nodes', { as: 'none', headers: { authorization: `Bearer ${token}` } })
const review = async (token: string) =>
  (await raw(server, '/apis/authentication.k8s.io/v1/tokenreviews', { body: { spec: { token } } })).json.status

test('a token is the user and the groups of its claims, with their prefixes', async () => {
  const { code, json } = await ask(await sign())
  expect(code).toBe(403)
  expect(json.message).toContain('User "oidc:ana@example.com" cannot list resource "nodes"')
  expect(await review(await sign({ jti: 'x', groups: 'ops' }))).toEqual({
    authenticated: true,
    audiences: [server.server.tokens.issuer],
    user: {
      username: 'oidc:ana@example.com',
      groups: ['oidc:ops', 'system:authenticated'],
      extra: { 'authentication.kubernetes.io/credential-id': ['JTI=x'] },
    },
  })
})

test.each<[string, () => Promise<string>]>([
  ['of another client', () => sign({ aud: 'someone-else' })],
  ['of another issuer', () => sign({ iss: 'https://issuer.example.com' })],
  ['without the required claim', () => sign({ hd: 'example.org' })],
  ['whose address is not verified', () => sign({ email_verified: false })],
  ['without a name', () => sign({ email: '' })],
  ['with groups that are none', () => sign({ groups: [1] })],
  ['that is over', () => sign({ seconds: -1 })],
  ['signed by nobody', async () => `${Buffer.from('{"alg":"none"}').toString('base64url')}.${(await sign()).split('.')[1]}.`], // prettier-ignore
  ['that was changed', async () => `${(await sign()).slice(0, -8)}AAAAAAAA`],
])('a token %s is refused', async (_why, token) => {
  expect((await ask(await token())).code).toBe(401)
})

test('a token that was good ends on time', async () => {
  const token = await sign({ seconds: 60 })
  expect((await ask(token)).code).toBe(403)
  await clock.advance(61_000)
  expect((await ask(token)).code).toBe(401)
})

describe('groups that are elsewhere', () => {
  const elsewhere = (source: object, names: unknown = { groups: 'src' }) =>
    sign({ groups: undefined, _claim_names: names, _claim_sources: { src: source } })
  const tell = (path: string, claims: Parameters<typeof sign>[0] | '') => {
    endpoints.set(path, claims === '' ? Promise.resolve('') : sign(claims))
    return `${url}${path}`
  }

  test('are asked for where the token says, with what it brings, and again after a moment', async () => {
    const endpoint = tell('/groups', { groups: ['far', 'away'] })
    const token = await elsewhere({ endpoint, access_token: 'let-me-in' })
    const groups = async () => (await review(token)).user.groups
    credentials.length = 0
    expect(await groups()).toEqual(['oidc:far', 'oidc:away', 'system:authenticated'])
    expect(await groups()).toHaveLength(3)
    expect(credentials).toEqual(['Bearer let-me-in'])
    tell('/groups', { groups: ['moved'] })
    await clock.advance(10_000)
    expect(await groups()).toEqual(['oidc:moved', 'system:authenticated'])
  })

  test('are not asked for where the token has some, names nothing, or has them inside', async () => {
    const endpoint = tell('/unasked', { groups: ['far'] })
    credentials.length = 0
    const here = { _claim_names: { groups: 'src' }, _claim_sources: { src: { endpoint } } }
    expect((await review(await sign(here))).user.groups).toEqual(['oidc:devs', 'system:authenticated'])
    for (const token of [await elsewhere({ endpoint }, { address: 'src' }), await elsewhere({ JWT: 'x.y.z' })])
      expect((await review(token)).user.groups).toEqual(['system:authenticated'])
    expect(credentials).toEqual([])
  })

  test.each<[string, () => Promise<string>]>([
    ['that name no source which there is', async () => elsewhere({ endpoint: tell('/a', {}) }, { groups: 'other' })],
    ['that name something else than a map', async () => elsewhere({ endpoint: tell('/a', {}) }, 'src')],
    ['whose endpoint is not https', async () => elsewhere({ endpoint: 'http://127.0.0.1:1/groups' })],
    ['whose endpoint fails', async () => elsewhere({ endpoint: tell('/fails', '') })],
    ['whose endpoint has no token', async () => {
      endpoints.set('/text', Promise.resolve('["far"]'))
      return elsewhere({ endpoint: `${url}/text` })
    }],
    ['whose endpoint says nothing of groups', async () => elsewhere({ endpoint: tell('/none', { groups: undefined }) })],
    ['whose token is meant for somebody else', async () => elsewhere({ endpoint: tell('/aud', { aud: 'other' }) })],
    ['whose token is over', async () => elsewhere({ endpoint: tell('/over', { seconds: -1 }) })],
    ['whose token is of an issuer that cannot be asked', async () => elsewhere({ endpoint: tell('/iss', { iss: 'https://127.0.0.1:1' }) })],
  ])('refuse a user %s', async (_why, token) => {
    expect((await ask(await token())).code).toBe(401)
  })
}) // prettier-ignore

test('new keys of the issuer are found, and unknown ones do not make it asked again and again', async () => {
  await clock.advance(11_000)
  const before = asked
  await addKey('two')
  expect((await ask(await sign({}, 'two'))).code).toBe(403)
  expect(asked).toBe(before + 1)
  await addKey('forged', false)
  for (let i = 0; i < 5; i++) expect((await ask(await sign({ jti: String(i) }, 'forged'))).code).toBe(401)
  expect(asked).toBe(before + 1)
})

test('while the issuer fails, the keys that it had go on counting, and it is asked again after a moment', async () => {
  const code = async (kid: string) => (await ask(await sign({ jti: crypto.randomUUID() }, kid))).code
  await clock.advance(700_000)
  isDown = true
  const before = asked
  expect([await code('one'), await code('two'), await code('forged')]).toEqual([403, 403, 401])
  expect(asked).toBe(before + 1)
  await clock.advance(11_000)
  expect(await code('one')).toBe(403)
  await eventually(() => expect(asked).toBe(before + 2))
  isDown = false
  await clock.advance(11_000)
  published.splice(0, 1)
  await code('two')
  await eventually(async () => expect([await code('one'), await code('two')]).toEqual([401, 403]))
  expect(asked).toBe(before + 3)
})

test('a static token is the user of its line', async () => {
  expect(await review('secret')).toMatchObject({ user: { username: 'robot', uid: '7', groups: ['builders', 'testers', 'system:authenticated'] } }) // prettier-ignore
  expect((await ask('Secret')).code).toBe(401)
})

test.each(['only-a-token', 'token,,1', 'token,user'])('a line such as %j is no static token', line => {
  expect(() => parseTokenFile(`a,b,c\n${line}`)).toThrow('line 2 of the token file is not token,user,uid')
})

describe('anonymous requests', () => {
  const codes = async (options: Parameters<typeof startTestApiServer>[0]) => {
    await using own = await startTestApiServer(options)
    const get = async (path: string) => (await raw(own, path, { as: 'none' })).code
    return [await get('/readyz'), await get('/api/v1/nodes')]
  }
  test('are judged by roles, or only let through to named paths, or not at all', async () => {
    expect(await codes({})).toEqual([403, 403])
    expect(await codes({ authentication: { anonymous: { enabled: true, paths: ['/readyz'] } } })).toEqual([403, 401])
    expect(await codes({ authentication: { anonymous: { enabled: false } } })).toEqual([401, 401])
  })
})

describe('an AuthenticationConfiguration', () => {
  const file = (more: object) => ({ apiVersion: 'apiserver.config.k8s.io/v1', kind: 'AuthenticationConfiguration', ...more }) // prettier-ignore
  const jwt = {
    issuer: { url: 'https://issuer.example.com', audiences: ['a', 'b'], audienceMatchPolicy: 'MatchAny' },
    claimMappings: { username: { claim: 'sub', prefix: 'x:' }, groups: { claim: 'roles', prefix: '' }, uid: { claim: 'oid' } }, // prettier-ignore
    claimValidationRules: [{ claim: 'hd', requiredValue: 'example.com' }],
  }
  test('names issuers and what needs no log-in', () => {
    const anonymous = { enabled: true, conditions: [{ path: '/livez' }] }
    expect(parseAuthenticationConfiguration(file({ jwt: [jwt], anonymous }))).toMatchObject({
      anonymous: { enabled: true, paths: ['/livez'] },
      issuers: [
        {
          audiences: ['a', 'b'],
          usernameClaim: 'sub',
          usernamePrefix: 'x:',
          groupsClaim: 'roles',
          uidClaim: 'oid',
          requiredClaims: { hd: 'example.com' },
        },
      ],
    })
  })
  describe('with expressions', () => {
    const mappings = {
      username: { expression: "claims.email_verified ? 'ldap:' + claims.email.split('@')[0] : ''" },
      groups: { expression: "claims.roles.map(r, 'ext:' + r)" },
      uid: { expression: "'id-' + claims.sub" },
      extra: [
        { key: 'example.com/tenant', valueExpression: 'claims.tenant' },
        { key: 'example.com/none', valueExpression: "has(claims.nothing) ? claims.nothing : ''" },
      ],
    }
    const user = (claims: JWTPayload) => {
      const { issuers = [] } = parseAuthenticationConfiguration(
        file({
          jwt: [
            {
              issuer: jwt.issuer,
              claimMappings: mappings,
              claimValidationRules: [{ claim: 'hd', requiredValue: 'example.com' }, { expression: 'claims.exp - claims.nbf <= 86400', message: 'it lives too long' }], // prettier-ignore
              userValidationRules: [{ expression: "!user.username.startsWith('system:') && user.groups.all(g, g != 'ext:root')", message: 'nobody may be root' }], // prettier-ignore
            },
          ],
        }),
      )
      return userOfClaims({ sub: '7', email: 'ana@example.com', email_verified: true, hd: 'example.com', roles: ['dev', 'ops'], tenant: ['a', 'b'], exp: 2000, nbf: 1000, ...claims }, issuers[0]!) // prettier-ignore
    }

    test('tells the credential by an identifier that is a text, and by no other', () => {
      const idOf = (jti: string | number) =>
        user({ jti: jti as string }).extra?.['authentication.kubernetes.io/credential-id']
      expect([idOf('x'), idOf(1234), idOf('')]).toEqual([['JTI=x'], undefined, undefined])
    })
    test('says who a token’s user is', () => {
      expect(user({ jti: 'x' })).toEqual({
        name: 'ldap:ana',
        uid: 'id-7',
        groups: ['ext:dev', 'ext:ops'],
        extra: {
          'example.com/tenant': ['a', 'b'],
          'authentication.kubernetes.io/credential-id': ['JTI=x'],
        },
      })
      expect(user({ tenant: '' }).extra).toBeUndefined()
      expect(user({ roles: [] }).groups).toEqual([])
    })

    test.each<[JWTPayload, string]>([
      [{ email_verified: false }, 'the name of the user is empty'],
      [{ exp: 1_000_000 }, 'it lives too long'],
      [{ roles: ['root'] }, 'nobody may be root'],
      [{ hd: 'example.org' }, 'the required claim'],
      [{ roles: 'dev' }, 'an expression fails'],
      [{ email: undefined }, 'an expression fails: no such key: email'],
      [{ tenant: [1] }, 'an expression gives no list of texts'],
    ])('refuses a token of %j', (claims, message) => expect(() => user(claims)).toThrow(message))

    const mapped = (more: object) => file({ jwt: [{ ...jwt, claimMappings: { username: { claim: 'sub' }, ...more } }] })
    test.each<[string, object, string]>([
      ['a name that is a list', mapped({ username: { expression: '[claims.sub]' } }), 'username.expression must be a string, not list'], // prettier-ignore
      ['a broken expression', mapped({ uid: { expression: 'claims.' } }), 'uid.expression does not compile'],
      ['an unknown variable', mapped({ groups: { expression: 'user.groups' } }), 'groups.expression does not compile'],
      ['a claim beside an expression', mapped({ username: { claim: 'sub', expression: 'claims.sub' } }), 'username.claim cannot stand beside an expression'], // prettier-ignore
      ['an address that nobody verified', mapped({ username: { expression: 'claims.email' } }), 'claims.email_verified must be used'], // prettier-ignore
      ['a key of Kubernetes', mapped({ extra: [{ key: 'x.k8s.io/a', valueExpression: "''" }] }), 'extra[0].key is reserved'], // prettier-ignore
      ['a key without a domain', mapped({ extra: [{ key: 'Foo', valueExpression: "''" }] }), 'extra[0].key must be a domain'], // prettier-ignore
      ['a rule that is no bool', file({ jwt: [{ ...jwt, userValidationRules: [{ expression: 'user.username' }] }] }), 'userValidationRules[0].expression must be a bool'], // prettier-ignore
      ['a rule of both kinds', file({ jwt: [{ ...jwt, claimValidationRules: [{ claim: 'a', expression: 'true' }] }] }), 'claimValidationRules[0].claim cannot stand beside an expression'], // prettier-ignore
    ])('%s is refused by its place', (_what, value, message) => {
      expect(() => parseAuthenticationConfiguration(value)).toThrow(message)
    })
  })

  test.each([
    [file({ jwt: [{ ...jwt, trust: [] }] }), 'jwt[0].trust is not supported'],
    [
      file({ jwt: [{ ...jwt, issuer: { url: 'http://x', audiences: ['a'] } }] }),
      'jwt[0].issuer.url must begin with https://',
    ],
    [file({ jwt: {} }), 'jwt must be a list'],
    [{ kind: 'AuthenticationConfiguration' }, 'the file is no AuthenticationConfiguration'],
  ])('that says %j is refused by its place', (value, message) => {
    expect(() => parseAuthenticationConfiguration(value)).toThrow(message)
  })
})
