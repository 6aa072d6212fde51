// ResourceQuota: what a namespace may not have any more of is refused, exactly, whoever asks at the same time.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Deployment } from '../../../src/shared/api/apps/v1.ts'
import {
  ConfigMap,
  Namespace,
  PersistentVolumeClaim,
  Pod,
  ResourceQuota,
  Secret,
  Service,
  ServiceAccount,
} from '../../../src/shared/api/core/v1.ts'
import { failure, startSecuredCluster, type SecuredCluster } from '../authz/support/cluster.ts'

let cluster: SecuredCluster
let count = 0
beforeAll(async () => {
  cluster = await startSecuredCluster()
})
afterAll(() => cluster[Symbol.asyncDispose]())

async function limited(hard: Record<string, string>, spec: Partial<ResourceQuota['spec']> = {}): Promise<string> {
  const namespace = `quota-${++count}`
  await cluster.admin.create(Namespace, { metadata: { name: namespace }, spec: {} })
  await cluster.admin.create(ServiceAccount, { metadata: { name: 'default', namespace } })
  await cluster.admin.create(ResourceQuota, { metadata: { namespace, name: 'q' }, spec: { hard, ...spec } })
  return namespace
}
const container = (requests: object = {}, limits: object = {}, name = 'main') => ({
  name,
  image: 'x',
  resources: { requests: { ...requests }, limits: { ...limits } },
})
const pod = (namespace: string, name: string, spec: Partial<Pod['spec']> = {}, dryRun = false) =>
  cluster.admin.create(
    Pod,
    { metadata: { namespace, name }, spec: { containers: [{ name: 'main', image: 'x' }], ...spec } },
    dryRun ? { dryRun: true } : {},
  )
const refusal = async (work: Promise<unknown>) => (await failure(work)).message

test('says what was asked for, what is used and what there is', async () => {
  const namespace = await limited({ pods: '2', 'requests.cpu': '1' })
  const asking = (cpu: string) => ({ containers: [container({ cpu })] })
  await pod(namespace, 'a', asking('600m'))
  const error = await failure(pod(namespace, 'b', asking('600m')))
  expect(error.code).toBe(403)
  expect(error.message).toBe(
    'pods "b" is forbidden: exceeded quota: q, requested: requests.cpu=600m, used: requests.cpu=600m, limited: requests.cpu=1',
  )
  await pod(namespace, 'b', asking('400m'))
  expect(await refusal(pod(namespace, 'c', asking('1m')))).toBe(
    'pods "c" is forbidden: exceeded quota: q, requested: pods=1,requests.cpu=1m, used: pods=2,requests.cpu=1, limited: pods=2,requests.cpu=1',
  )
})

test('of many who ask at the same time, exactly as many get something as there is', async () => {
  const namespace = await limited({ pods: '7', 'count/configmaps': '5', 'services.nodeports': '3' })
  const port = (i: number) => ({ type: 'NodePort', ports: [{ port: 80 + i }] })
  const results = await Promise.allSettled([
    ...Array.from({ length: 40 }, (_, i) => pod(namespace, `p${i}`)),
    ...Array.from({ length: 40 }, (_, i) => cluster.admin.create(ConfigMap, { metadata: { namespace, name: `c${i}` } })), // prettier-ignore
    ...Array.from({ length: 20 }, (_, i) => cluster.admin.create(Service, { metadata: { namespace, name: `s${i}` }, spec: port(i) })), // prettier-ignore
  ])
  const made = (from: number, to: number) =>
    results.slice(from, to).filter(({ status }) => status === 'fulfilled').length
  expect([made(0, 40), made(40, 80), made(80, 100)]).toEqual([7, 5, 3])
})

describe('what a quota says is used', () => {
  const used = async (namespace: string) =>
    (await cluster.admin.get(ResourceQuota, { namespace, name: 'q' })).status.used
  const nodePort = (ports: number[]) => ({ type: 'NodePort', ports: ports.map(port => ({ name: `p${port}`, port })) })

  test('is true when a create or an update is answered', async () => {
    const hard = { pods: '5', 'requests.cpu': '2', configmaps: '3', services: '2', 'services.nodeports': '4' }
    const namespace = await limited(hard)
    await pod(namespace, 'a', { containers: [container({ cpu: '250m' })] })
    expect(await used(namespace)).toEqual({ pods: '1', 'requests.cpu': '250m' })
    await cluster.admin.create(ConfigMap, { metadata: { namespace, name: 'c' } })
    await cluster.admin.create(Service, { metadata: { namespace, name: 's' }, spec: nodePort([80]) })
    await cluster.admin.patch(Service, { namespace, name: 's' }, { spec: nodePort([80, 81, 82]) })
    const all = { pods: '1', 'requests.cpu': '250m', configmaps: '1', services: '1', 'services.nodeports': '3' }
    const quota = await cluster.admin.get(ResourceQuota, { namespace, name: 'q' })
    expect(quota.status).toEqual({ hard, used: all })
    expect(quota.metadata.managedFields?.at(-1)).toMatchObject({ manager: 'kube-apiserver', subresource: 'status' })
  })

  test('takes in what was there before the quota, and is not touched by what is refused or only tried', async () => {
    const namespace = await limited({ secrets: '9' })
    for (const name of ['a', 'b']) await cluster.admin.create(ConfigMap, { metadata: { namespace, name } })
    await cluster.admin.patch(ResourceQuota, { namespace, name: 'q' }, { spec: { hard: { configmaps: '3' } } })
    await cluster.admin.create(ConfigMap, { metadata: { namespace, name: 'c' } })
    expect(await used(namespace)).toEqual({ configmaps: '3' })
    const before = await cluster.admin.get(ResourceQuota, { namespace, name: 'q' })
    await failure(cluster.admin.create(ConfigMap, { metadata: { namespace, name: 'd' } }))
    await pod(namespace, 'tried', {}, true)
    expect(await cluster.admin.get(ResourceQuota, { namespace, name: 'q' })).toEqual(before)
  })

  test('is told once for many who are answered at the same time', async () => {
    const namespace = await limited({ pods: '100' })
    const versions = new Set<string>()
    const makers = Array.from({ length: 40 }, async (_, i) => {
      await pod(namespace, `p${i}`)
      const { metadata, status } = await cluster.admin.get(ResourceQuota, { namespace, name: 'q' })
      versions.add(metadata.resourceVersion!)
      const pods = (await cluster.admin.list(Pod, { namespace })).items.length
      expect(Number(status.used?.pods)).toBeGreaterThan(0)
      expect(Number(status.used?.pods)).toBeLessThanOrEqual(pods)
    })
    await Promise.all(makers)
    expect(await used(namespace)).toEqual({ pods: '40' })
    expect(versions.size).toBeLessThan(40)
  })
})

test('a write that fails, is only tried, or is undone holds nothing', async () => {
  const namespace = await limited({ pods: '1' })
  await pod(namespace, 'tried', {}, true)
  const first = await pod(namespace, 'a')
  await Promise.allSettled(Array.from({ length: 5 }, () => pod(namespace, 'a')))
  await cluster.admin.delete(Pod, first.metadata, { gracePeriodSeconds: 0 })
  await Promise.allSettled(Array.from({ length: 5 }, () => pod(namespace, 'bad', { containers: [] })))
  await pod(namespace, 'b')
  expect(await refusal(pod(namespace, 'tried', {}, true))).toContain('exceeded quota: q, requested: pods=1')
})

test('holds from the moment it exists, also for what was there before, and from the moment it is changed', async () => {
  const namespace = `quota-${++count}`
  await cluster.admin.create(Namespace, { metadata: { name: namespace }, spec: {} })
  const make = (name: string) => cluster.admin.create(ConfigMap, { metadata: { namespace, name } })
  await make('before')
  await cluster.admin.create(ResourceQuota, { metadata: { namespace, name: 'q' }, spec: { hard: { configmaps: '1' } } })
  expect(await refusal(make('after'))).toContain('used: configmaps=1, limited: configmaps=1')
  await cluster.admin.patch(ResourceQuota, { namespace, name: 'q' }, { spec: { hard: { configmaps: '2' } } })
  await make('after')
  await cluster.admin.delete(ResourceQuota, { namespace, name: 'q' })
  await make('endless')
})

test('every container says what it wants of what is limited, or the pod does for all', async () => {
  const namespace = await limited({ cpu: '4', 'limits.memory': '4Gi' })
  const containers = [container({ cpu: '1' }), container({}, { memory: '1Gi' }, 'side')]
  expect(await refusal(pod(namespace, 'a', { containers }))).toBe(
    'pods "a" is forbidden: failed quota: q: must specify cpu for: side; limits.memory for: main',
  )
  await pod(namespace, 'a', { resources: { requests: { cpu: '1' }, limits: { memory: '1Gi' } } })
})

test('finished pods take nothing but their number', async () => {
  const namespace = await limited({ pods: '1', 'count/pods': '2' })
  const first = await pod(namespace, 'a')
  await cluster.admin.patch(Pod, first.metadata, { status: { phase: 'Succeeded' } }, { subresource: 'status' })
  await pod(namespace, 'b')
  expect(await refusal(pod(namespace, 'c'))).toContain(
    'requested: count/pods=1,pods=1, used: count/pods=2,pods=1, limited: count/pods=2,pods=1',
  )
})

describe('scopes', () => {
  const only = (scopeName: string, operator: string, values?: string[]) => ({
    scopeSelector: { matchExpressions: [{ scopeName, operator, ...(values ? { values } : {}) }] },
  })
  const critical = { priorityClassName: 'system-node-critical' }
  const far = { affinity: { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [{ topologyKey: 'z', namespaces: ['x'], labelSelector: {} }] } } } // prettier-ignore
  const sized = { containers: [container({ cpu: '1' })] }
  test.each([
    ['Terminating', { scopes: ['Terminating'] }, { activeDeadlineSeconds: 5 }, {}],
    ['NotTerminating', { scopes: ['NotTerminating'] }, {}, { activeDeadlineSeconds: 5 }],
    ['BestEffort', { scopes: ['BestEffort'] }, {}, sized],
    ['NotBestEffort', { scopes: ['NotBestEffort'] }, sized, {}],
    ['PriorityClass In', only('PriorityClass', 'In', ['system-node-critical']), critical, {}],
    ['PriorityClass NotIn', only('PriorityClass', 'NotIn', ['system-node-critical']), {}, critical],
    ['PriorityClass Exists', only('PriorityClass', 'Exists'), critical, {}],
    ['PriorityClass DoesNotExist', only('PriorityClass', 'DoesNotExist'), {}, critical],
    ['CrossNamespacePodAffinity', only('CrossNamespacePodAffinity', 'Exists'), far, {}],
  ])('%s: pods inside are limited, others are not', async (_name, scope, inside, outside) => {
    const namespace = await limited({ pods: '0' }, scope)
    expect(await refusal(pod(namespace, 'in', inside))).toContain('exceeded quota: q')
    await pod(namespace, 'out', outside)
  })
  test('VolumeAttributesClass limits the claims of a class', async () => {
    const namespace = await limited({ persistentvolumeclaims: '0' }, only('VolumeAttributesClass', 'In', ['gold']))
    const claim = (name: string, spec: object) =>
      cluster.admin.create(PersistentVolumeClaim, {
        metadata: { namespace, name },
        spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } }, ...spec },
      })
    expect(await refusal(claim('in', { volumeAttributesClassName: 'gold' }))).toContain('exceeded quota: q')
    await claim('out', {})
  })
})

test('storage is limited in all, by class, and when a claim grows', async () => {
  const fast = 'fast.storageclass.storage.k8s.io/requests.storage'
  const namespace = await limited({ 'requests.storage': '5Gi', [fast]: '2Gi' })
  const claim = (name: string, storage: string, storageClassName: string) =>
    cluster.admin.create(PersistentVolumeClaim, {
      metadata: { namespace, name },
      spec: { accessModes: ['ReadWriteOnce'], storageClassName, resources: { requests: { storage } } },
    })
  await claim('a', '1Gi', 'fast')
  expect(await refusal(claim('b', '2Gi', 'fast'))).toContain(
    `requested: ${fast}=2Gi, used: ${fast}=1Gi, limited: ${fast}=2Gi`,
  )
  expect(await refusal(claim('b', '5Gi', 'slow'))).toContain('requested: requests.storage=5Gi')
})

test('a Service that becomes a NodePort or LoadBalancer is charged for what it did not have before', async () => {
  const namespace = await limited({ services: '1', 'services.nodeports': '1', 'services.loadbalancers': '0' })
  const ref = { namespace, name: 's' }
  await cluster.admin.create(Service, { metadata: ref, spec: { ports: [{ port: 80 }] } })
  await cluster.admin.patch(Service, ref, { spec: { type: 'NodePort' } })
  await cluster.admin.patch(Service, ref, { metadata: { labels: { touched: 'yes' } } })
  expect(await refusal(cluster.admin.patch(Service, ref, { spec: { type: 'LoadBalancer' } }))).toBe(
    'services "s" is forbidden: exceeded quota: q, requested: services.loadbalancers=1, used: services.loadbalancers=0, limited: services.loadbalancers=0',
  )
})

test('objects of any kind are limited by their number', async () => {
  const namespace = await limited({ 'count/deployments.apps': '0', secrets: '1', resourcequotas: '1' })
  const labels = { app: 'x' }
  const deployment = cluster.admin.create(Deployment, {
    metadata: { namespace, name: 'd' },
    spec: {
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: { containers: [{ name: 'x', image: 'x' }] } },
    },
  })
  expect(await refusal(deployment)).toContain('requested: count/deployments.apps=1')
  await cluster.admin.create(Secret, { metadata: { namespace, name: 'a' } })
  expect(await refusal(cluster.admin.create(Secret, { metadata: { namespace, name: 'b' } }))).toContain('secrets=1')
  const second = cluster.admin.create(ResourceQuota, { metadata: { namespace, name: 'r' }, spec: { hard: {} } })
  expect(await refusal(second)).toContain('resourcequotas=1')
})
