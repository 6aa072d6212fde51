// Bootstrap tokens: Secrets in kube-system that let a new node in for a while.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { tokenReviews } from '../../../src/main/apiserver/endpoints/reviews/identity-reviews.ts'
import { Secret } from '../../../src/shared/api/core/v1.ts'
import { startTestApiServer, type TestApiServer } from '../../support/api-server.ts'
import { ManualClock } from '../../support/manual-clock.ts'
import { raw } from '../core/support/raw.ts'

let server: TestApiServer
const clock = new ManualClock(Date.now())
beforeAll(async () => {
  server = await startTestApiServer({ clock, subresources: [tokenReviews] })
})
afterAll(() => server[Symbol.asyncDispose]())

const SECRET = '0123456789abcdef'
const REVIEWS = '/apis/authentication.k8s.io/v1/tokenreviews'

async function createToken(id: string, data: Record<string, string> = {}, type = 'bootstrap.kubernetes.io/token') {
  await server.clientAs().create(Secret, {
    metadata: { namespace: 'kube-system', name: `bootstrap-token-${id}` },
    type,
    stringData: { 'token-id': id, 'token-secret': SECRET, 'usage-bootstrap-authentication': 'true', ...data },
  })
}

const codeOf = async (token: string) =>
  (await raw(server, '/api/v1/nodes', { as: 'none', headers: { authorization: `Bearer ${token}` } })).code

const review = async (token: string, audiences?: string[]) =>
  (await raw(server, REVIEWS, { body: { spec: { token, ...(audiences ? { audiences } : {}) } } })).json.status

test('a token is the user of its id, a bootstrapper, and in the groups that its Secret adds', async () => {
  await createToken('aaaaaa', { 'auth-extra-groups': 'system:bootstrappers:kubeadm:default-node-token' })
  const { code, json } = await raw(server, '/api/v1/nodes', {
    as: 'none',
    headers: { authorization: `Bearer aaaaaa.${SECRET}` },
  })
  expect(code).toBe(403)
  expect(json.message).toContain('User "system:bootstrap:aaaaaa" cannot list resource "nodes"')
  expect(await review(`aaaaaa.${SECRET}`)).toEqual({
    authenticated: true,
    audiences: [server.server.tokens.issuer],
    user: {
      username: 'system:bootstrap:aaaaaa',
      groups: ['system:bootstrappers', 'system:bootstrappers:kubeadm:default-node-token', 'system:authenticated'],
    },
  })
})

test('a token is meant for the API server alone', async () => {
  await createToken('bbbbbb')
  expect(await review(`bbbbbb.${SECRET}`, ['vault'])).toEqual({ user: {}, error: 'invalid bearer token' })
})

test.each([
  ['whose secret part is another', 'cccccc', {}, `cccccc.fedcba9876543210`],
  ['that is not for authentication', 'dddddd', { 'usage-bootstrap-authentication': 'false' }, `dddddd.${SECRET}`],
  ['whose Secret names another id', 'eeeeee', { 'token-id': 'ffffff' }, `eeeeee.${SECRET}`],
  ['with a group that is not the bootstrappers’', 'gggggg', { 'auth-extra-groups': 'system:masters' }, `gggggg.${SECRET}`], // prettier-ignore
  ['with an end that nobody can read', 'hhhhhh', { expiration: 'tomorrow' }, `hhhhhh.${SECRET}`],
  ['that nobody made', 'iiiiii', undefined, `jjjjjj.${SECRET}`],
  ['of a Secret’s path', 'kkkkkk', {}, `../kkkkkk.${SECRET}`],
])('a token %s is refused', async (_why, id, data, token) => {
  if (data) await createToken(id, data)
  expect(await codeOf(token)).toBe(401)
})

test('a Secret of another type is no token', async () => {
  await createToken('llllll', {}, 'Opaque')
  expect(await codeOf(`llllll.${SECRET}`)).toBe(401)
})

test('a token ends when its Secret says, or with its Secret', async () => {
  await createToken('mmmmmm', { expiration: new Date(clock.now() + 60_000).toISOString() })
  await createToken('nnnnnn')
  expect(await codeOf(`mmmmmm.${SECRET}`)).toBe(403)
  await clock.advance(61_000)
  expect(await codeOf(`mmmmmm.${SECRET}`)).toBe(401)
  expect(await codeOf(`nnnnnn.${SECRET}`)).toBe(403)
  await server.clientAs().delete(Secret, { namespace: 'kube-system', name: 'bootstrap-token-nnnnnn' })
  expect(await codeOf(`nnnnnn.${SECRET}`)).toBe(401)
})
