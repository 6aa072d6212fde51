// A right inside one namespace must never reach what is outside of it, whatever the URL looks like.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { KeyPair } from '../../../src/main/pki/pki.ts'
import { startSecuredCluster, type SecuredCluster } from '../authz/support/cluster.ts'
import { raw } from '../core/support/raw.ts'

let cluster: SecuredCluster
let owner: KeyPair
beforeAll(async () => {
  cluster = await startSecuredCluster()
  owner = await cluster.api.pki.issueClientCertificate({ commonName: 'owner', organizations: [] })
  await raw(cluster.api, '/api/v1/namespaces', { body: { metadata: { name: 'mine' } } })
  await raw(cluster.api, '/api/v1/nodes', { body: { metadata: { name: 'n1' } } })
  const rules = [{ apiGroups: ['*'], resources: ['*'], verbs: ['*'] }]
  const rbac = '/apis/rbac.authorization.k8s.io/v1/namespaces/mine'
  await raw(cluster.api, `${rbac}/roles`, { body: { metadata: { name: 'all' }, rules } })
  await raw(cluster.api, `${rbac}/rolebindings`, {
    body: {
      metadata: { name: 'all' },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'all' },
      subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: 'owner' }],
    },
  })
})
afterAll(() => cluster[Symbol.asyncDispose]())

const asOwner = (path: string, options: { method?: string; body?: unknown } = {}) =>
  raw(cluster.api, path, { as: owner, ...options })

describe('who may do everything in one namespace', () => {
  test('can use it', async () => {
    expect((await asOwner('/api/v1/namespaces/mine/configmaps', { body: { metadata: { name: 'c' } } })).code).toBe(201)
    expect((await asOwner('/api/v1/namespaces/mine')).code).toBe(200)
  })
  test.each([
    ['GET', '/api/v1/namespaces/mine/nodes/n1/proxy/pods'],
    ['GET', '/api/v1/namespaces/mine/nodes/n1'],
    ['GET', '/api/v1/namespaces/mine/namespaces/kube-system'],
    ['DELETE', '/api/v1/namespaces/mine/namespaces/default'],
    ['PUT', '/api/v1/namespaces/mine/namespaces/kube-system/finalize'],
    ['PUT', '/apis/certificates.k8s.io/v1/namespaces/mine/certificatesigningrequests/x/approval'],
    ['POST', '/apis/authentication.k8s.io/v1/namespaces/mine/tokenreviews'],
    ['POST', '/apis/authorization.k8s.io/v1/namespaces/mine/subjectaccessreviews'],
    ['GET', '/apis/flotilla.dev/v1/namespaces/mine/nodes/n1/tunnel'],
    ['POST', '/api/v1/pods/p/binding'],
  ])('%s %s reaches nothing outside', async (method, path) => {
    const { code, json } = await asOwner(
      path,
      method === 'GET' || method === 'DELETE' ? { method } : { method, body: {} },
    )
    expect([403, 404, 405]).toContain(code)
    expect(json.kind).toBe('Status')
    expect(json.reason).toMatch(/^(Forbidden|NotFound|MethodNotAllowed)$/)
    expect(json.message).toMatch(/could not find the requested resource|is forbidden|does not allow/)
  })
  test('the namespaces of others are still there', async () => {
    const { json } = await raw(cluster.api, '/api/v1/namespaces/default')
    expect(json.metadata.deletionTimestamp).toBeUndefined()
  })
})
