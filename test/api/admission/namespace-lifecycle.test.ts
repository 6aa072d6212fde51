// NamespaceLifecycle: content needs a namespace that is there and stays, and those of the system's namespaces stay that it cannot be without.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ConfigMap, Namespace, Pod, ServiceAccount } from '../../../src/shared/api/core/v1.ts'
import { Lease } from '../../../src/shared/api/coordination/v1.ts'
import { SystemNamespaces } from '../../../src/main/apiserver/bootstrap/system-namespaces.ts'
import type { Client } from '../../../src/shared/client/client.ts'
import { silentLog } from '../../../src/shared/machinery/log.ts'
import { notFound } from '../../../src/shared/machinery/status.ts'
import { eventually } from '../../support/eventually.ts'
import { ManualClock } from '../../support/manual-clock.ts'
import { failure, startSecuredCluster, type SecuredCluster } from '../authz/support/cluster.ts'
import { raw } from '../core/support/raw.ts'

let cluster: SecuredCluster
/** Its namespace goes away, and a finalizer of its content keeps it. */
const leaving = 'leaving'
beforeAll(async () => {
  cluster = await startSecuredCluster()
  const { admin } = cluster
  const finalizers = ['example.test/kept']
  await admin.create(Namespace, { metadata: { name: leaving }, spec: {} })
  await admin.create(ServiceAccount, { metadata: { name: 'default', namespace: leaving } })
  await admin.create(ConfigMap, { metadata: { name: 'old', namespace: leaving, finalizers }, data: {} })
  await admin.create(Pod, {
    metadata: { name: 'old', namespace: leaving, finalizers },
    spec: { containers: [{ name: 'main', image: 'x' }] },
  })
  await admin.delete(Namespace, { name: leaving })
  expect((await admin.get(Namespace, { name: leaving })).status.phase).toBe('Terminating')
})
afterAll(() => cluster[Symbol.asyncDispose]())

describe('in a namespace that is missing', () => {
  const namespace = 'missing'
  test('nothing is created, and the answer is about the namespace', async () => {
    const error = await failure(cluster.admin.create(ConfigMap, { metadata: { name: 'x', namespace }, data: {} }))
    expect([error.code, error.message]).toEqual([404, 'namespaces "missing" not found'])
    expect(error.status.details).toMatchObject({ kind: 'namespaces', name: 'missing' })
  })
  test('a pod is refused for that, not for the account that it would run as', async () => {
    const spec = { containers: [{ name: 'main', image: 'x' }] }
    const error = await failure(cluster.admin.create(Pod, { metadata: { name: 'x', namespace }, spec }))
    expect([error.code, error.message]).toEqual([404, 'namespaces "missing" not found'])
  })
  test.each([
    ['PUT, which makes leases', { method: 'PUT' }],
    ['apply', { method: 'PATCH', headers: { 'content-type': 'application/apply-patch+yaml' } }],
  ])('nothing is created by %s', async (_, options) => {
    const query = options.method === 'PATCH' ? '?fieldManager=test' : ''
    const path = `/apis/coordination.k8s.io/v1/namespaces/${namespace}/leases/x${query}`
    const body = { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata: { name: 'x', namespace }, spec: {} }
    const { code, json } = await raw(cluster.api, path, { ...options, body })
    expect([code, json.message]).toEqual([404, 'namespaces "missing" not found'])
  })
  test('reading finds nothing, and that is no error', async () => {
    expect((await cluster.admin.list(Lease, { namespace })).items).toEqual([])
  })
  test('a question about rights is answered', async () => {
    const body = {
      apiVersion: 'authorization.k8s.io/v1',
      kind: 'LocalSubjectAccessReview',
      metadata: { namespace },
      spec: { user: 'jane', resourceAttributes: { namespace, verb: 'get', resource: 'pods' } },
    }
    const path = `/apis/authorization.k8s.io/v1/namespaces/${namespace}/localsubjectaccessreviews`
    const { code, json } = await raw(cluster.api, path, { body })
    expect([code, json.status.allowed]).toEqual([201, false])
  })
})

describe('in a namespace that goes away', () => {
  const namespace = leaving
  const why = 'unable to create new content in namespace leaving because it is being terminated'
  const causes = [
    {
      reason: 'NamespaceTerminating',
      message: 'namespace leaving is being terminated',
      field: 'metadata.namespace',
    },
  ]
  test('nothing is created any more, and the cause tells programs so', async () => {
    const error = await failure(cluster.admin.create(ConfigMap, { metadata: { name: 'new', namespace }, data: {} }))
    expect([error.code, error.reason, error.message]).toEqual([
      403,
      'Forbidden',
      `configmaps "new" is forbidden: ${why}`,
    ])
    expect(error.status.details?.causes).toEqual(causes)
  })
  test('a pod is refused for that, though the account that it would run as has gone', async () => {
    await cluster.admin.delete(ServiceAccount, { namespace, name: 'default' })
    const spec = { containers: [{ name: 'main', image: 'x' }] }
    const error = await failure(cluster.admin.create(Pod, { metadata: { name: 'new', namespace }, spec }))
    expect([error.code, error.message]).toEqual([403, `pods "new" is forbidden: ${why}`])
  })
  test('nothing is created as a dry run either', async () => {
    const path = `/api/v1/namespaces/${namespace}/configmaps?dryRun=All`
    const { code, json } = await raw(cluster.api, path, { body: { metadata: { name: 'new' } } })
    expect([code, json.details.causes]).toEqual([403, causes])
  })
  test.each([
    ['eviction', { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name: 'old' } }],
    ['binding', { apiVersion: 'v1', kind: 'Binding', metadata: { name: 'old' }, target: { kind: 'Node', name: 'n' } }],
  ])('no %s is created for a pod that is still there', async (subresource, body) => {
    const path = `/api/v1/namespaces/${namespace}/pods/old/${subresource}`
    const { code, json } = await raw(cluster.api, path, { body })
    expect([code, json.message, json.details.causes]).toEqual([403, `pods "old" is forbidden: ${why}`, causes])
  })
  test('what is there is still changed and deleted', async () => {
    const { admin } = cluster
    const ref = { namespace, name: 'old' }
    expect((await admin.patch(ConfigMap, ref, { data: { a: '1' } }, { type: 'merge' })).data).toEqual({ a: '1' })
    await admin.delete(ConfigMap, ref)
    await admin.patch(ConfigMap, ref, { metadata: { finalizers: null } }, { type: 'merge' })
    expect((await failure(admin.get(ConfigMap, ref))).code).toBe(404)
  })
})

describe('a namespace of the system', () => {
  test.each(['default', 'kube-system', 'kube-public'])('%s stays', async name => {
    const error = await failure(cluster.admin.delete(Namespace, { name }))
    expect([error.code, error.message]).toEqual([
      403,
      `namespaces "${name}" is forbidden: this namespace may not be deleted`,
    ])
    expect((await cluster.admin.get(Namespace, { name })).metadata.deletionTimestamp).toBeUndefined()
  })

  test('kube-node-lease may go, and is made again within a minute', async () => {
    const name = 'kube-node-lease'
    const clock = new ManualClock()
    await using _ = new SystemNamespaces({ client: cluster.admin, clock, log: silentLog })
    await cluster.admin.delete(Namespace, { name })
    await raw(cluster.api, `/api/v1/namespaces/${name}/finalize`, {
      method: 'PUT',
      body: { metadata: { name }, spec: { finalizers: [] } },
    })
    expect((await failure(cluster.admin.get(Namespace, { name }))).code).toBe(404)
    await clock.advance(60_000)
    await eventually(async () => expect((await cluster.admin.get(Namespace, { name })).status.phase).toBe('Active'))
  })

  test('that is being made is given up by who ends', async () => {
    const clock = new ManualClock()
    const asked: string[] = []
    const until = (name: string, signal: AbortSignal | undefined) => {
      asked.push(name)
      return new Promise<never>((_, reject) => signal?.addEventListener('abort', () => reject(new Error('ended'))))
    }
    const client: Client = {
      ...cluster.admin,
      get: () => Promise.reject(notFound(Namespace, 'default')),
      create: (_type, { metadata }, options) => until(metadata?.name ?? '', options?.signal),
    }
    const namespaces = new SystemNamespaces({ client, clock, log: silentLog })
    await clock.advance(60_000)
    await eventually(() => expect(asked).toEqual(['default']))
    await namespaces[Symbol.asyncDispose]()
    expect([asked, clock.pending]).toEqual([['default'], 0])
  })
})

test('a namespace that goes away already takes no other policy until it is empty', async () => {
  const name = 'going'
  const path = `/api/v1/namespaces/${name}`
  const remove = async (propagationPolicy: string) =>
    (await raw(cluster.api, path, { method: 'DELETE', body: { propagationPolicy } })).json.metadata
  const metadata = { name, finalizers: ['example.test/kept'] }
  await cluster.admin.create(Namespace, { metadata, spec: {} })
  const first = await remove('Foreground')
  expect(first.finalizers).toEqual(['example.test/kept', 'foregroundDeletion'])
  expect(await remove('Orphan')).toEqual(first)
  await raw(cluster.api, `${path}/finalize`, { method: 'PUT', body: { metadata: first, spec: { finalizers: [] } } })
  expect((await remove('Background')).finalizers).toEqual(['example.test/kept'])
})
