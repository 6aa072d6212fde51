// Acting as somebody else for some things only.
// @see https://kep.k8s.io/5284
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { PolicyRule } from '../../../src/shared/api/rbac/v1.ts'
import { ClusterRole, ClusterRoleBinding } from '../../../src/shared/api/rbac/v1.ts'
import { startSecuredCluster, type SecuredCluster } from '../authz/support/cluster.ts'
import { raw } from '../core/support/raw.ts'

const PODS = '/api/v1/pods'
const AGENT = 'system:serviceaccount:default:agent'
const NODE_NAME = 'authentication.kubernetes.io/node-name'

let cluster: SecuredCluster
let count = 0
/** Each test has a user of its own: the way that went well last is tried first. */
let bob: string

const users = Array.from({ length: 40 }, (_, i) => ({ token: `bob-${i}`, user: { name: `bob-${i}`, groups: [] } }))
const agent = {
  token: 'agent',
  user: { name: AGENT, groups: [], extra: { [NODE_NAME]: ['node1'] } },
}

beforeAll(async () => {
  cluster = await startSecuredCluster({ tokens: [...users, agent] })
  await grant('everybody', [{ apiGroups: [''], resources: ['pods'], verbs: ['list', 'watch'] }], 'alice')
})
afterAll(() => cluster[Symbol.asyncDispose]())
beforeEach(() => {
  bob = `bob-${++count}`
})

async function grant(name: string, rules: PolicyRule[], userName: string): Promise<void> {
  await cluster.admin.create(ClusterRole, { metadata: { name }, rules })
  await cluster.admin.create(ClusterRoleBinding, {
    metadata: { name },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name },
    subjects: [{ kind: 'User', name: userName }],
  })
}

const become = (mode: string, resource: string, ...resourceNames: string[]): PolicyRule => ({
  apiGroups: ['authentication.k8s.io'],
  resources: [resource],
  verbs: [`impersonate:${mode}`],
  ...(resourceNames.length > 0 ? { resourceNames } : {}),
})
const on = (mode: string, verb: string): PolicyRule => ({
  apiGroups: [''],
  resources: ['pods'],
  verbs: [`impersonate-on:${mode}:${verb}`],
})

async function ask(token: string, headers: Record<string, string | string[]>, path = PODS) {
  const { code, json } = await raw(cluster.api, path, {
    as: 'none',
    headers: { authorization: `Bearer ${token}`, ...headers },
  })
  return code < 400 ? code : `${code} ${json.message}`
}

describe('as a user', () => {
  const asAlice = { 'impersonate-user': 'alice' }

  test('needs a right to do this as somebody, and a right to be that one', async () => {
    const missing = `403 pods is forbidden: User "${bob}" cannot impersonate-on:user-info:list resource "pods" in API group "" at the cluster scope`
    expect(await ask(bob, asAlice)).toBe(missing)
    await grant(`${bob}-who`, [become('user-info', 'users', 'alice')], bob)
    expect(await ask(bob, asAlice)).toBe(missing)
    await grant(`${bob}-what`, [on('user-info', 'list')], bob)
    expect(await ask(bob, asAlice)).toBe(200)
    expect(await ask(bob, { 'impersonate-user': 'carol' })).toContain(
      'users.authentication.k8s.io "carol" is forbidden',
    )
    expect(await ask(bob, asAlice, `${PODS}?watch=1&timeoutSeconds=1`)).toContain(
      'cannot impersonate-on:user-info:watch',
    )
  })

  test('gives no more than that user may do', async () => {
    await grant(bob, [become('user-info', 'users', 'carol'), on('user-info', 'list')], bob)
    expect(await ask(bob, { 'impersonate-user': 'carol' })).toBe(
      '403 pods is forbidden: User "carol" cannot list resource "pods" in API group "" at the cluster scope',
    )
  })

  test('is not needed where the plain verb is there', async () => {
    await grant(bob, [{ apiGroups: [''], resources: ['users'], verbs: ['impersonate'], resourceNames: ['alice'] }], bob)
    expect(await ask(bob, asAlice)).toBe(200)
    // The way that went well last is the one whose refusal is told.
    expect(await ask(bob, { 'impersonate-user': 'carol' })).toContain(
      'cannot impersonate resource "users" in API group ""',
    )
  })

  test('never of system:masters, of no group, or with keys that are no paths below a domain', async () => {
    const rules = ['users', 'groups', 'userextras/scopes'].map(resource => become('user-info', resource))
    await grant(bob, [...rules, on('user-info', 'list')], bob)
    expect(await ask(bob, { ...asAlice, 'impersonate-group': 'devs' })).toBe(200)
    expect(await ask(bob, { ...asAlice, 'impersonate-group': 'system:masters' })).toContain(
      'impersonating the system:masters group is not allowed',
    )
    expect(await ask(bob, { ...asAlice, 'impersonate-group': '' })).toContain(
      'impersonating the empty string group is not allowed',
    )
    expect(await ask(bob, { ...asAlice, 'impersonate-extra-scopes': 'view' })).toContain(
      'impersonating an invalid key in extra is not allowed: extra.key: Invalid value: "scopes": must be a domain-prefixed path',
    )
  })

  test('asks for many groups at once, by a star', async () => {
    await grant(bob, [become('user-info', 'users'), become('user-info', 'groups', '*'), on('user-info', 'list')], bob)
    const groups = (length: number) => ({ 'impersonate-group': Array.from({ length }, (_, i) => `g${i}`) })
    expect(await ask(bob, { ...asAlice, ...groups(4) })).toBe(200)
    expect(await ask(bob, { ...asAlice, ...groups(3) })).toContain('groups.authentication.k8s.io "g0" is forbidden')
  })

  test('is neither a way to nodes nor to service accounts', async () => {
    await grant(bob, [become('user-info', 'users'), on('user-info', 'list')], bob)
    for (const name of ['system:node:node1', AGENT])
      expect(await ask(bob, { 'impersonate-user': name })).toMatch(
        /cannot impersonate-on:(arbitrary-node|serviceaccount):list/,
      )
  })
})

test('as a service account needs the right to be it in its namespace', async () => {
  await grant(bob, [become('serviceaccount', 'serviceaccounts'), on('serviceaccount', 'list')], bob)
  expect(await ask(bob, { 'impersonate-user': AGENT })).toContain(`User "${AGENT}" cannot list resource "pods"`)
})

describe('as a node', () => {
  const asNode = (name: string) => ({ 'impersonate-user': `system:node:${name}` })
  const OWN_PODS = (name: string) => `${PODS}?fieldSelector=spec.nodeName%3D${name}`

  test('brings its group, and is a right of its own', async () => {
    await grant(bob, [become('arbitrary-node', 'nodes', 'node1'), on('arbitrary-node', 'list')], bob)
    expect(await ask(bob, asNode('node1'), OWN_PODS('node1'))).toBe(200)
    expect(await ask(bob, asNode('node2'), OWN_PODS('node2'))).toContain(
      'nodes.authentication.k8s.io "node2" is forbidden',
    )
  })

  test('on which a service account runs takes a right to be the node it is on', async () => {
    expect(await ask('agent', asNode('node1'), OWN_PODS('node1'))).toContain(
      'cannot impersonate-on:associated-node:list',
    )
    await grant('agent', [become('associated-node', 'nodes'), on('associated-node', 'list')], AGENT)
    expect(await ask('agent', asNode('node1'), OWN_PODS('node1'))).toBe(200)
    expect(await ask('agent', asNode('node2'), OWN_PODS('node2'))).toContain(
      'cannot impersonate-on:arbitrary-node:list',
    )
  })
})

test('headers that name no user are shown as they were understood', async () => {
  expect(await ask(bob, { 'impersonate-uid': '1234' })).toBe(
    '400 requested &user.DefaultInfo{Name:"", UID:"1234", Groups:[]string(nil), Extra:map[string][]string(nil)} without impersonating a user name',
  )
})
