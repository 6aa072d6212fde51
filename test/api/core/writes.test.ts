// What writes do beside what they are asked for: owners named twice, owners of fields, sizes, rights.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Clock, systemClock } from '../../../src/shared/machinery/clock.ts'
import type { AnyObject } from '../../../src/shared/machinery/object.ts'
import { type SecuredCluster, startSecuredCluster } from '../authz/support/cluster.ts'
import { CONFIG_MAPS, raw } from './support/raw.ts'

let aheadMs = 0
const clock: Clock = { ...systemClock, now: () => Date.now() + aheadMs }

let cluster: SecuredCluster
beforeAll(async () => {
  cluster = await startSecuredCluster({ clock })
})
afterAll(() => cluster[Symbol.asyncDispose]())

const owner = { apiVersion: 'v1', kind: 'ConfigMap', name: 'owner', uid: 'a-b-c' }
const FIX = 'API server dedups owner references in 1.20+, and may reject such requests as early as 1.24; please fix your requests; duplicate UID(s) observed: a-b-c' // prettier-ignore
const warned = (when: string) => `299 - ".metadata.ownerReferences contains duplicate entries${when}; ${FIX}"`

describe('an owner that is named twice', () => {
  const configMap = (ownerReferences: object[]) => ({
    ...{ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'owned', ownerReferences } },
  })
  const ownersOf = ({ json }: { json: AnyObject }) => json.metadata.ownerReferences

  test('is there once, with a warning, after a create, an update and a patch', async () => {
    const made = await raw(cluster.api, CONFIG_MAPS, { body: configMap([owner, owner]) })
    expect([made.code, ownersOf(made), made.headers['warning']]).toEqual([201, [owner], warned('')])
    const path = `${CONFIG_MAPS}/owned`
    const put = await raw(cluster.api, path, { method: 'PUT', body: configMap([owner, owner]) })
    expect([put.code, ownersOf(put), put.headers['warning']]).toEqual([200, [owner], warned('')])
    const patched = await raw(cluster.api, path, {
      method: 'PATCH',
      body: { metadata: { ownerReferences: [owner, owner] } },
      headers: { 'content-type': 'application/merge-patch+json' },
    })
    const when = ' after mutating admission happens'
    expect([patched.code, ownersOf(patched), patched.headers['warning']]).toEqual([200, [owner], warned(when)])
  })
  test('stays twice where what is said of it differs', async () => {
    const owners = [owner, { ...owner, blockOwnerDeletion: true }]
    const put = await raw(cluster.api, `${CONFIG_MAPS}/owned`, { method: 'PUT', body: configMap(owners) })
    expect([put.code, ownersOf(put), put.headers['warning']]).toEqual([200, owners, undefined])
  })
})

test('an apply of what comes out the same, by its common form or by defaults, writes nothing, whenever it comes', async () => {
  const container = { name: 'web', image: 'web', resources: { limits: { memory: '2048Mi' } } }
  const metadata = { labels: { app: 'web' }, annotations: {} }
  const spec = { selector: { matchLabels: { app: 'web' } }, template: { metadata, spec: { containers: [container] } } }
  const apply = async () => {
    const { code, json } = await raw(cluster.api, '/apis/apps/v1/namespaces/default/deployments/web?fieldManager=me', {
      method: 'PATCH',
      body: { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'web' }, spec },
      headers: { 'content-type': 'application/apply-patch+yaml' },
    })
    return { code, version: (json as AnyObject).metadata.resourceVersion }
  }
  const made = await apply()
  // Owners are dated by the second.
  aheadMs += 1_000
  expect(await apply()).toEqual({ code: 200, version: made.version })
})

test('an object that is too large with the list of who owns what is stored without it, unless it is applied', async () => {
  const data = Object.fromEntries(Array.from({ length: 9999 }, (_, i) => [`${'long-key-'.repeat(8)}${i}`, 'A']))
  const body = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'large' }, data }
  const made = await raw(cluster.api, CONFIG_MAPS, { body })
  expect([made.code, made.json.metadata.managedFields]).toEqual([201, undefined])
  const applied = await raw(cluster.api, `${CONFIG_MAPS}/other?fieldManager=me`, {
    method: 'PATCH',
    body: { ...body, metadata: { name: 'other' } },
    headers: { 'content-type': 'application/apply-patch+yaml' },
  })
  expect([applied.code, applied.json.reason]).toEqual([413, 'RequestEntityTooLarge'])
})

test('of a hundred that patch one object at a time, none is told of a conflict', async () => {
  await raw(cluster.api, CONFIG_MAPS, { body: { metadata: { name: 'busy' } } })
  const patches = Array.from({ length: 100 }, (_, i) =>
    cluster.admin.patch(
      { group: '', version: 'v1', kind: 'ConfigMap', plural: 'configmaps', namespaced: true },
      { namespace: 'default', name: 'busy' },
      { metadata: { labels: { [`l${i}`]: 'x' } } },
    ),
  )
  await Promise.all(patches)
  const { json } = await raw(cluster.api, `${CONFIG_MAPS}/busy`)
  expect(Object.keys((json as AnyObject).metadata.labels ?? {})).toHaveLength(100)
})

describe('a replacement of what is not there', () => {
  const path = '/apis/coordination.k8s.io/v1/namespaces/default/leases/late'
  const put = (metadata: object, as = 'kubernetes-admin') =>
    raw(cluster.api, path, {
      ...{ method: 'PUT', body: { metadata: { name: 'late', ...metadata }, spec: { holderIdentity: 'me' } } },
      ...(as === 'kubernetes-admin' ? {} : { headers: { 'impersonate-user': as } }),
    })
  test('makes it, of kinds for which upstream does, for those who may create it', async () => {
    const rbac = { group: 'rbac.authorization.k8s.io', version: 'v1', namespaced: true } as const
    const metadata = { name: 'updater', namespace: 'default' }
    const rules = [{ apiGroups: ['coordination.k8s.io'], resources: ['leases'], verbs: ['update'] }]
    await cluster.admin.create({ ...rbac, kind: 'Role', plural: 'roles' }, { metadata, rules } as never)
    await cluster.admin.create({ ...rbac, kind: 'RoleBinding', plural: 'rolebindings' }, {
      ...{ metadata, roleRef: { apiGroup: rbac.group, kind: 'Role', name: 'updater' } },
      subjects: [{ kind: 'User', name: 'updater', apiGroup: rbac.group }],
    } as never)
    expect((await put({}, 'updater')).json.message).toContain('cannot create resource "leases"')
    const made = await put({ resourceVersion: '1' })
    expect([made.code, made.json.spec]).toEqual([201, { holderIdentity: 'me' }])
    expect((await put({ resourceVersion: made.json.metadata.resourceVersion })).code).toBe(200)
  })
  test('is none where the object is named by its uid, or the kind is another one', async () => {
    await raw(cluster.api, path, { method: 'DELETE' })
    expect((await put({ uid: 'gone', resourceVersion: '1' })).code).toBe(409)
    expect((await raw(cluster.api, `${CONFIG_MAPS}/late`, { method: 'PUT', body: { metadata: { name: 'late' } } })).code).toBe(404) // prettier-ignore
  })
})

test('an object is not exported, and the version of the core group may begin with a slash', async () => {
  const { code, json } = await raw(cluster.api, `${CONFIG_MAPS}/owned?export=true`)
  expect([code, json.message]).toEqual([400, 'the export parameter, deprecated since v1.14, is no longer supported'])
  const body = { apiVersion: '/v1', kind: 'ConfigMap', metadata: { name: 'slash' } }
  const made = await raw(cluster.api, CONFIG_MAPS, { body })
  expect([made.code, made.json.apiVersion]).toEqual([201, 'v1'])
})

test.each(['exec', 'attach', 'portforward'])('whoever may only get pods/%s cannot open one by GET', async use => {
  const rules = [{ apiGroups: [''], resources: [`pods/${use}`], verbs: ['get'] }]
  const name = `get-${use}`
  const rbac = { group: 'rbac.authorization.k8s.io', version: 'v1', namespaced: true } as const
  const metadata = { name, namespace: 'default' }
  await cluster.admin.create({ ...rbac, kind: 'Role', plural: 'roles' }, { metadata, rules } as never)
  await cluster.admin.create({ ...rbac, kind: 'RoleBinding', plural: 'rolebindings' }, {
    metadata,
    roleRef: { apiGroup: rbac.group, kind: 'Role', name },
    subjects: [{ kind: 'User', name, apiGroup: rbac.group }],
  } as never)
  const path = `/api/v1/namespaces/default/pods/web/${use}`
  const answer = await raw(cluster.api, path, { headers: { 'impersonate-user': name } })
  expect([answer.code, answer.json.message]).toEqual([
    403,
    `pods "web" is forbidden: User "${name}" cannot create resource "pods/${use}" in API group "" in the namespace "default"`,
  ])
})

test('an annotation of a ServiceAccount that is on its way out is warned of when it is new', async () => {
  const key = 'kubernetes.io/enforce-mountable-secrets'
  const annotations = { [key]: 'true' }
  const path = '/api/v1/namespaces/default/serviceaccounts'
  const body = { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'annotated', annotations } }
  const said = `299 - "metadata.annotations[${key}]: deprecated in v1.32+; prefer separate namespaces to isolate access to mounted secrets"`
  expect((await raw(cluster.api, path, { body })).headers['warning']).toBe(said)
  expect((await raw(cluster.api, `${path}/annotated`, { method: 'PUT', body })).headers['warning']).toBeUndefined()
})

test('events, budgets and requests for certificates have whatever name can stand in a path', async () => {
  const involvedObject = { kind: 'Pod', namespace: 'default', name: 'a' }
  const event = { apiVersion: 'v1', kind: 'Event', metadata: { name: 'Some_Event' }, involvedObject }
  expect((await raw(cluster.api, '/api/v1/namespaces/default/events', { body: event })).code).toBe(201)
  const budget = { apiVersion: 'policy/v1', kind: 'PodDisruptionBudget', metadata: { name: 'Some_Budget' }, spec: {} }
  const budgets = '/apis/policy/v1/namespaces/default/poddisruptionbudgets'
  expect((await raw(cluster.api, budgets, { body: budget })).code).toBe(201)
  const { code } = await raw(cluster.api, budgets, { body: { ...budget, metadata: { name: 'a%b' } } })
  expect(code).toBe(422)
})
