// The proxies are rights of their own: whoever may do anything with nodes, pods or services may not go through them.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ClusterRole, ClusterRoleBinding } from '../../../src/shared/api/rbac/v1.ts'
import { raw } from '../core/support/raw.ts'
import { startSecuredCluster, type SecuredCluster } from './support/cluster.ts'

type Identity = Awaited<ReturnType<SecuredCluster['api']['pki']['issueClientCertificate']>>

let cluster: SecuredCluster
const identities: Record<string, Identity> = {}
const kinds = ['nodes', 'pods', 'services']
const METHODS = {
  GET: 'get',
  HEAD: 'get',
  POST: 'create',
  PUT: 'update',
  PATCH: 'patch',
  DELETE: 'delete',
  OPTIONS: '',
}
const ROLES = {
  owner: [{ verbs: ['*'], apiGroups: [''], resources: kinds }],
  reader: [{ verbs: ['get'], apiGroups: [''], resources: kinds.map(kind => `${kind}/proxy`) }],
  writer: [{ verbs: ['create'], apiGroups: [''], resources: kinds.map(kind => `${kind}/proxy`) }],
  passer: [{ verbs: ['*'], apiGroups: [''], resources: kinds.map(kind => `${kind}/proxy`) }],
}
beforeAll(async () => {
  cluster = await startSecuredCluster()
  for (const [name, rules] of Object.entries(ROLES)) {
    identities[name] = await cluster.api.pki.issueClientCertificate({ commonName: name, organizations: [] })
    await cluster.admin.create(ClusterRole, { metadata: { name }, rules })
    await cluster.admin.create(ClusterRoleBinding, {
      metadata: { name },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name },
      subjects: [{ kind: 'User', apiGroup: 'rbac.authorization.k8s.io', name }],
    })
  }
})
afterAll(() => cluster[Symbol.asyncDispose]())

const within = (kind: string) => (kind === 'nodes' ? '/api/v1/nodes' : `/api/v1/namespaces/default/${kind}`)
const ask = (user: string, path: string, method = 'GET') => raw(cluster.api, path, { method, as: identities[user] })

describe.each(kinds)('%s/proxy', kind => {
  const where = kind === 'nodes' ? 'at the cluster scope' : 'in the namespace "default"'
  const proxy = `${within(kind)}/none/proxy`
  test('is not held by who holds every verb on the kind', async () => {
    expect((await ask('owner', within(kind))).code).toBe(200)
    const { code, json } = await ask('owner', `${proxy}/`)
    expect([code, json.message]).toEqual([
      403,
      `${kind} "none" is forbidden: User "owner" cannot get resource "${kind}/proxy" in API group "" ${where}`,
    ])
  })
  test.each(Object.entries(METHODS))('%s takes the verb "%s", or all of them', async (method, verb) => {
    for (const path of [proxy, `${proxy}/deep/er?a=1`]) {
      // The right is there: it is the object that is not.
      const may = { get: 'reader', create: 'writer', '': 'passer' }[verb]
      if (may) expect((await ask(may, path, method)).code).toBe(path === proxy && verb === 'get' ? 301 : 404)
      const other = verb === 'get' ? 'writer' : 'reader'
      const { code, text } = await ask(other, path, method)
      expect(code).toBe(403)
      if (method !== 'HEAD') expect(text).toContain(`User \\"${other}\\" cannot ${verb} resource \\"${kind}/proxy\\"`)
    }
  })
})
