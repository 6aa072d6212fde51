// Acting as somebody else, and as nobody.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ClusterRole, ClusterRoleBinding } from '../../../src/shared/api/rbac/v1.ts'
import { startSecuredCluster, type SecuredCluster } from '../authz/support/cluster.ts'
import { raw } from '../core/support/raw.ts'

let cluster: SecuredCluster
let helper: { certPem: string; keyPem: string }
const REVIEW = '/apis/authentication.k8s.io/v1/selfsubjectreviews'

beforeAll(async () => {
  cluster = await startSecuredCluster()
  helper = await cluster.api.pki.issueClientCertificate({ commonName: 'helper', organizations: [] })
  await cluster.admin.create(ClusterRole, {
    metadata: { name: 'helper' },
    rules: [
      { apiGroups: [''], resources: ['users'], verbs: ['impersonate'], resourceNames: ['ana'] },
      { apiGroups: [''], resources: ['groups'], verbs: ['impersonate'], resourceNames: ['devs'] },
      { apiGroups: ['authentication.k8s.io'], resources: ['uids'], verbs: ['impersonate'], resourceNames: ['7'] },
      { apiGroups: ['authentication.k8s.io'], resources: ['userextras/scopes'], verbs: ['impersonate'], resourceNames: ['view'] },
      { apiGroups: [''], resources: ['serviceaccounts'], verbs: ['impersonate'], resourceNames: ['bot'] },
    ],
  }) // prettier-ignore
  await cluster.admin.create(ClusterRoleBinding, {
    metadata: { name: 'helper' },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'helper' },
    subjects: [{ kind: 'User', name: 'helper' }],
  })
})
afterAll(() => cluster[Symbol.asyncDispose]())

const as = async (headers: Record<string, string | string[]>) => {
  const { code, json } = await raw(cluster.api, REVIEW, { as: helper, headers, body: {} })
  return code === 201 ? json.status.userInfo : { code, message: json.message }
}

describe('impersonation', () => {
  test('of several groups and values keeps the commas in them', async () => {
    const { json } = await raw(cluster.api, REVIEW, {
      body: {},
      headers: {
        'impersonate-user': 'ana',
        'impersonate-group': ['devs', ',,,chameleon', 'a, b'],
        'impersonate-extra-key': ['hello there', 'one,two'],
      },
    })
    expect(json.status.userInfo).toMatchObject({
      groups: ['devs', ',,,chameleon', 'a, b', 'system:authenticated'],
      extra: { key: ['hello there', 'one,two'] },
    })
  })

  test('takes over name, uid, groups and what else is said', async () => {
    const headers = {
      'impersonate-user': 'ana',
      'impersonate-group': 'devs',
      'impersonate-uid': '7',
      'impersonate-extra-Scopes': 'view',
    }
    expect(await as(headers)).toEqual({
      username: 'ana',
      uid: '7',
      groups: ['devs', 'system:authenticated'],
      extra: { scopes: ['view'] },
    })
  })
  test('of a service account brings its groups', async () => {
    const userInfo = await as({ 'impersonate-user': 'system:serviceaccount:shop:bot' })
    expect(userInfo.groups).toEqual(['system:serviceaccounts', 'system:serviceaccounts:shop', 'system:authenticated'])
  })
  test.each([
    ['a user', { 'impersonate-user': 'bob' }, 'cannot impersonate resource "users" in API group "" at the cluster scope'],
    ['a group', { 'impersonate-user': 'ana', 'impersonate-group': 'system:masters' }, 'cannot impersonate resource "groups"'],
    ['a uid', { 'impersonate-user': 'ana', 'impersonate-uid': '8' }, 'cannot impersonate resource "uids" in API group "authentication.k8s.io"'],
    ['an extra', { 'impersonate-user': 'ana', 'impersonate-extra-scopes': 'admin' }, 'cannot impersonate resource "userextras/scopes" in API group "authentication.k8s.io"'],
    ['a service account', { 'impersonate-user': 'system:serviceaccount:shop:other' }, 'cannot impersonate resource "serviceaccounts" in API group "" in the namespace "shop"'],
  ])('of %s that roles do not allow is refused', async (_what, headers, message) => {
    // The plain verb is tried first by those for whom it did last.
    await as({ 'impersonate-user': 'ana' })
    const { code, message: told } = await as(headers)
    expect(code).toBe(403)
    expect(told).toContain(`User "helper" ${message}`)
  }) // prettier-ignore
  test('of groups alone makes no sense', async () => {
    expect((await as({ 'impersonate-group': 'devs' })).code).toBe(400)
  })
})

test('without a log-in there are health and version, and nothing else', async () => {
  const codeOf = async (path: string) => (await raw(cluster.api, path, { as: 'none' })).code
  for (const path of ['/healthz', '/livez', '/readyz', '/version'])
    expect([path, await codeOf(path)]).toEqual([path, 200])
  for (const path of [
    '/',
    '/api',
    '/apis',
    '/metrics',
    '/openapi/v3',
    '/openid/v1/jwks',
    '/api/v1/namespaces',
    '/logs',
  ])
    expect([path, await codeOf(path)]).toEqual([path, 403])
})
