// Roles that gather others, and the right to write a role with more than one has: what may be changed with less than all.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ClusterRole, ClusterRoleBinding, RoleBinding } from '../../../src/shared/api/rbac/v1.ts'
import { failure, startSecuredCluster, type SecuredCluster } from './support/cluster.ts'

let cluster: SecuredCluster
const apiGroup = 'rbac.authorization.k8s.io'
const reads = [{ verbs: ['get'], apiGroups: [''], resources: ['pods'] }]
const grant = async (user: string, rules: object[]) => {
  await cluster.admin.create(ClusterRole, { metadata: { name: user }, rules: rules as never })
  await cluster.admin.create(ClusterRoleBinding, {
    metadata: { name: user },
    roleRef: { apiGroup, kind: 'ClusterRole', name: user },
    subjects: [{ kind: 'User', apiGroup, name: user }],
  })
}
const writesRoles = { verbs: ['get', 'create', 'update', 'patch', 'delete'], apiGroups: [apiGroup], resources: ['clusterroles'] } // prettier-ignore
beforeAll(async () => {
  cluster = await startSecuredCluster()
  await grant('writer', [writesRoles, ...reads])
  const escalates = { verbs: ['escalate'], apiGroups: [apiGroup], resources: ['clusterroles'], resourceNames: ['raised'] } // prettier-ignore
  await grant('raiser', [writesRoles, escalates])
})
afterAll(() => cluster[Symbol.asyncDispose]())

describe('a role that gathers others', () => {
  const aggregationRule = { clusterRoleSelectors: [{ matchLabels: { gathered: 'yes' } }] }
  const why = 'must have cluster-admin privileges to use the aggregationRule'
  test('is made, changed and freed of that by nobody with less than all rights, though its rules are held', async () => {
    const writer = cluster.as('writer')
    const make = (name: string, client = writer) =>
      client.create(ClusterRole, { metadata: { name }, rules: reads, aggregationRule })
    expect((await failure(make('gathers'))).message).toContain(why)
    await make('gathers', cluster.admin)
    const change = (body: object) => writer.patch(ClusterRole, { name: 'gathers' }, body, { type: 'merge' })
    expect((await failure(change({ aggregationRule: null, rules: reads }))).message).toContain(why)
    expect((await failure(change({ metadata: { labels: { a: 'b' } } }))).message).toContain(why)
    const { metadata } = await change({ metadata: { finalizers: ['example.com/hold'] } })
    expect(metadata.finalizers).toEqual(['example.com/hold'])
  })
})

test('who may escalate a role by its name writes that one, and makes none', async () => {
  const raiser = cluster.as('raiser')
  const role = (name: string) => ({ metadata: { name }, rules: reads })
  const why = 'is attempting to grant RBAC permissions not currently held'
  expect((await failure(raiser.create(ClusterRole, role('raised')))).message).toContain(why)
  await cluster.admin.create(ClusterRole, { metadata: { name: 'raised' }, rules: [] })
  const change = (name: string) => raiser.patch(ClusterRole, { name }, { rules: reads }, { type: 'merge' })
  expect((await change('raised')).rules).toEqual(reads)
  await cluster.admin.create(ClusterRole, { metadata: { name: 'other' }, rules: [] })
  expect((await failure(change('other'))).message).toContain(why)
})

test('a binding to a role that is not there is told by the kind of the binding and the name of the role', async () => {
  const writesBindings = { verbs: ['create', 'patch'], apiGroups: [apiGroup], resources: ['rolebindings', 'clusterrolebindings'] } // prettier-ignore
  await grant('binder', [writesBindings])
  const binder = cluster.as('binder')
  const subjects = [{ kind: 'User', apiGroup, name: 'binder' }]
  const bound = (kind: string) => ({ roleRef: { apiGroup, kind, name: 'none' }, subjects })
  const metadata = { namespace: 'default', name: 'bound' }
  const said = async (call: Promise<unknown>) => {
    const { code, message, status } = await failure(call)
    return [code, message, status.details?.kind]
  }
  const told = (kind: string) => [404, `${kind}.${apiGroup} "none" not found`, kind]
  expect(await said(binder.create(RoleBinding, { metadata, ...bound('Role') }))).toEqual(told('rolebindings'))
  expect(await said(binder.create(RoleBinding, { metadata, ...bound('ClusterRole') }))).toEqual(told('rolebindings'))
  const applied = { apiVersion: `${apiGroup}/v1`, kind: 'RoleBinding', metadata, ...bound('Role') }
  expect(
    await said(binder.patch(RoleBinding, metadata, applied, { type: 'apply', fieldManager: 'someone', dryRun: true })),
  ).toEqual(told('rolebindings'))
  expect(
    await said(binder.create(ClusterRoleBinding, { metadata: { name: 'bound' }, ...bound('ClusterRole') })),
  ).toEqual(told('clusterrolebindings'))
})
