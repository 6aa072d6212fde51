// What the roles of a fresh cluster let their holders do, beyond what other tests ask of them.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ClusterRoleBinding, Role, RoleBinding } from '../../../src/shared/api/rbac/v1.ts'
import type { AnyJson } from '../core/support/raw.ts'
import { failure, startSecuredCluster, type SecuredCluster } from './support/cluster.ts'

let cluster: SecuredCluster
const namespace = 'default'
const group = 'rbac.authorization.k8s.io'
const subject = (name: string) => [{ kind: 'User', apiGroup: group, name }]
beforeAll(async () => {
  cluster = await startSecuredCluster()
  for (const name of ['view', 'edit', 'admin'])
    await cluster.admin.create(RoleBinding, {
      metadata: { name, namespace },
      roleRef: { apiGroup: group, kind: 'ClusterRole', name },
      subjects: subject(`${name}er`),
    })
  for (const name of [
    'system:certificates.k8s.io:kubelet-serving-approver',
    'system:kube-aggregator',
    'system:monitoring',
  ])
    await cluster.admin.create(ClusterRoleBinding, {
      metadata: { name: `test:${name}` },
      roleRef: { apiGroup: group, kind: 'ClusterRole', name },
      subjects: subject(name),
    })
})
afterAll(() => cluster[Symbol.asyncDispose]())

async function may(user: string, resourceAttributes: object): Promise<boolean> {
  const path = '/apis/authorization.k8s.io/v1/subjectaccessreviews'
  const { status } = (await cluster.admin.raw('POST', path, { spec: { user, resourceAttributes } })) as AnyJson
  return status.allowed
}

describe('those who view or edit a namespace', () => {
  test.each(['', 'events.k8s.io'])('see its events, and whoever edits may write them, in the group "%s"', async of => {
    const asked = (verb: string) => ({ verb, group: of, resource: 'events', namespace })
    expect(await may('viewer', asked('watch'))).toBe(true)
    expect(await may('viewer', asked('create'))).toBe(false)
    expect(await may('editer', asked('create'))).toBe(true)
  })
  test('may be handed roles that name the group extensions still, by whoever administers it', async () => {
    const rules = [
      { verbs: ['get', 'update'], apiGroups: ['extensions', 'networking.k8s.io'], resources: ['ingresses'] },
    ]
    const admin = cluster.as('adminer')
    expect((await admin.create(Role, { metadata: { name: 'ingresses', namespace }, rules })).rules).toEqual(rules)
    const others = [{ verbs: ['get'], apiGroups: ['extensions'], resources: ['secrets'] }]
    expect((await failure(admin.create(Role, { metadata: { name: 'others', namespace }, rules: others }))).code).toBe(
      403,
    )
  })
})

test('approvers of one signer approve for no other one', async () => {
  const approve = (name: string) => ({ verb: 'approve', group: 'certificates.k8s.io', resource: 'signers', name })
  const who = 'system:certificates.k8s.io:kubelet-serving-approver'
  expect(await may(who, approve('kubernetes.io/kubelet-serving'))).toBe(true)
  expect(await may(who, approve('kubernetes.io/kube-apiserver-client'))).toBe(false)
})

test('aggregators find the servers of extensions, monitors the metrics of nodes', async () => {
  expect(await may('system:kube-aggregator', { verb: 'list', resource: 'services' })).toBe(true)
  expect(await may('system:monitoring', { verb: 'get', resource: 'nodes', subresource: 'metrics' })).toBe(true)
  expect(await may('system:monitoring', { verb: 'get', resource: 'nodes', subresource: 'proxy' })).toBe(false)
})

test('those who lead hold leases, not config maps', async () => {
  const lease = { verb: 'update', group: 'coordination.k8s.io', resource: 'leases', namespace: 'kube-system' }
  expect(await may('system:serviceaccount:kube-system:leader-election-controller', lease)).toBe(true)
  expect(await may('system:kube-scheduler', { ...lease, group: '', resource: 'configmaps' })).toBe(false)
})
