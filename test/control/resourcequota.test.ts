import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Deployment, ReplicaSet } from '../../src/shared/api/apps/v1.ts'
import { Lease } from '../../src/shared/api/coordination/v1.ts'
import {
  ConfigMap,
  Namespace,
  PersistentVolumeClaim,
  Pod,
  ReplicationController,
  ResourceQuota,
  Secret,
  Service,
  ServiceAccount,
} from '../../src/shared/api/core/v1.ts'
import type { KubeObject } from '../../src/shared/machinery/object.ts'
import type { ResourceType } from '../../src/shared/machinery/resource-type.ts'
import { eventually } from '../support/eventually.ts'
import { ManualClock } from '../support/manual-clock.ts'
import { type Cluster, startCluster } from './support/cluster.ts'

let cluster: Cluster
let clock: ManualClock
let count = 0
beforeAll(async () => {
  clock = new ManualClock(Date.now())
  cluster = await startCluster({ clock })
})
afterAll(() => cluster?.[Symbol.asyncDispose]())

async function newNamespace(): Promise<string> {
  const name = `quota-${++count}`
  await cluster.client.create(Namespace, { metadata: { name }, spec: {} })
  await eventually(() => cluster.client.get(ServiceAccount, { namespace: name, name: 'default' }))
  return name
}
const quota = (namespace: string, hard: Record<string, string>, spec: Partial<ResourceQuota['spec']> = {}) =>
  cluster.client.create(ResourceQuota, { metadata: { namespace, name: 'q' }, spec: { hard, ...spec } })
const shows = (namespace: string, used: Record<string, string>) =>
  eventually(async () => {
    const { spec, status } = await cluster.client.get(ResourceQuota, { namespace, name: 'q' })
    expect(status.used).toEqual(used)
    expect(status.hard).toEqual(spec.hard)
  })
const pod = (namespace: string, name: string, spec: Partial<Pod['spec']> = {}) =>
  cluster.client.create(Pod, {
    metadata: { namespace, name },
    spec: { containers: [{ name: 'main', image: 'x:1' }], ...spec },
  })
const sized = (cpu: string, memory: string) => ({
  containers: [
    { name: 'main', image: 'x:1', resources: { requests: { cpu, memory }, limits: { cpu: '1', memory: '1Gi' } } },
  ],
})

describe('resourcequota', () => {
  test('adds up requests and limits of pods until they have finished', async () => {
    const namespace = await newNamespace()
    await quota(namespace, {
      pods: '5',
      'count/pods': '5',
      'requests.cpu': '2',
      memory: '2Gi',
      'limits.cpu': '4',
      'requests.example.com/gpu': '1',
    })
    await shows(namespace, {
      pods: '0',
      'count/pods': '0',
      'requests.cpu': '0',
      memory: '0',
      'limits.cpu': '0',
      'requests.example.com/gpu': '0',
    })
    await pod(namespace, 'a', sized('250m', '64Mi'))
    const b = await pod(namespace, 'b', {
      ...sized('250m', '64Mi'),
      initContainers: [
        { name: 'init', image: 'x:1', resources: { requests: { cpu: '600m', memory: '1Mi' }, limits: { cpu: '1' } } },
      ],
    })
    const both = { pods: '2', 'count/pods': '2', 'requests.cpu': '850m', memory: '128Mi', 'limits.cpu': '2' }
    await shows(namespace, { ...both, 'requests.example.com/gpu': '0' })
    await cluster.client.patch(Pod, b.metadata, { status: { phase: 'Succeeded' } }, { subresource: 'status' })
    const left = { pods: '1', 'count/pods': '2', 'requests.cpu': '250m', memory: '64Mi', 'limits.cpu': '1' }
    await shows(namespace, { ...left, 'requests.example.com/gpu': '0' })
    await cluster.client.delete(Pod, b.metadata)
    await shows(namespace, { ...left, 'count/pods': '1', 'requests.example.com/gpu': '0' })
  })

  const labels = { app: 'x' }
  const workload = {
    replicas: 0,
    selector: labels,
    template: { metadata: { labels }, spec: { containers: [{ name: 'x', image: 'x:1' }] } },
  }
  test.each<[string, ResourceType<KubeObject>, object]>([
    ['configmaps', ConfigMap, { data: { a: 'b' } }],
    ['secrets', Secret, { data: { a: 'Yg==' } }],
    ['services', Service, { spec: { ports: [{ port: 80 }] } }],
    ['replicationcontrollers', ReplicationController, { spec: workload }],
    ['count/replicasets.apps', ReplicaSet, { spec: { ...workload, selector: { matchLabels: labels } } }],
    ['pods', Pod, { spec: { containers: [{ name: 'main', image: 'x:1' }] } }],
  ])('%s are counted from when one is made until it is gone', async (counted, type, content) => {
    const namespace = await newNamespace()
    const { client } = cluster
    // The authority of the cluster stands in a ConfigMap of every namespace.
    if (counted === 'configmaps') await eventually(() => client.get(ConfigMap, { namespace, name: 'kube-root-ca.crt' }))
    const before = (await client.list(type, { namespace })).items.length
    await quota(namespace, { [counted]: '5', resourcequotas: '1' })
    const others = { resourcequotas: '1' }
    await shows(namespace, { [counted]: String(before), ...others })
    const made = await client.create(type, { metadata: { namespace, name: 'made' }, ...content } as never)
    await shows(namespace, { [counted]: String(before + 1), ...others })
    await client.delete(type, made.metadata, { propagationPolicy: 'Background' })
    await shows(namespace, { [counted]: String(before), ...others })
  })

  test('a pod holds what it asks for until it is gone; more than is left, or a change of it, is refused', async () => {
    const namespace = await newNamespace()
    const { client } = cluster
    const gpu = 'requests.example.com/gpu'
    const hard = { pods: '5', cpu: '1', memory: '500Mi', 'ephemeral-storage': '50Gi', [gpu]: '3' }
    await quota(namespace, hard)
    const nothing = { pods: '0', cpu: '0', memory: '0', 'ephemeral-storage': '0', [gpu]: '0' }
    await shows(namespace, nothing)
    const asking = (cpu: string, gpus: string) => ({
      containers: [
        {
          ...{ name: 'main', image: 'x:1' },
          resources: {
            requests: { cpu, memory: '252Mi', 'ephemeral-storage': '30Gi', 'example.com/gpu': gpus },
            limits: { 'example.com/gpu': gpus },
          },
        },
      ],
    })
    const { metadata } = await pod(namespace, 'fits', asking('500m', '2'))
    const held = { pods: '1', cpu: '500m', memory: '252Mi', 'ephemeral-storage': '30Gi', [gpu]: '2' }
    await shows(namespace, held)
    await expect(pod(namespace, 'too-much', asking('600m', '1'))).rejects.toMatchObject({ code: 403 })
    await expect(pod(namespace, 'too-many', asking('100m', '2'))).rejects.toMatchObject({ code: 403 })
    const more = { spec: { containers: [{ name: 'main', resources: { requests: { cpu: '100m' } } }] } }
    await expect(client.patch(Pod, metadata, more)).rejects.toMatchObject({ code: 422 })
    await shows(namespace, held)
    await client.delete(Pod, metadata)
    await shows(namespace, nothing)
  })

  test.each([
    ['BestEffort', 'NotBestEffort', {}, sized('500m', '200Mi')],
    [
      'NotTerminating',
      'Terminating',
      sized('500m', '200Mi'),
      { ...sized('500m', '200Mi'), activeDeadlineSeconds: 3600 },
    ],
  ])('of %s and %s pods, each counts in its own quota alone, until it is gone', async (first, second, one, other) => {
    const namespace = await newNamespace()
    const { client } = cluster
    for (const scope of [first, second])
      await client.create(ResourceQuota, {
        metadata: { namespace, name: scope.toLowerCase() },
        spec: { hard: { pods: '5' }, scopes: [scope] },
      })
    const count = (...expected: string[]) =>
      eventually(async () => {
        const used = [first, second].map(async scope => {
          const { status } = await client.get(ResourceQuota, { namespace, name: scope.toLowerCase() })
          return status.used?.pods
        })
        expect(await Promise.all(used)).toEqual(expected)
      })
    await count('0', '0')
    const a = await pod(namespace, 'one', one)
    await count('1', '0')
    await client.delete(Pod, a.metadata)
    await count('0', '0')
    const b = await pod(namespace, 'other', other)
    await count('0', '1')
    await client.delete(Pod, b.metadata)
    await count('0', '0')
  })

  test('its status can be written by itself, follows the spec, and leaves the spec alone', async () => {
    const namespace = await newNamespace()
    const { client } = cluster
    const ref = { namespace, name: 'q' }
    await quota(namespace, { cpu: '500m', memory: '500Mi' })
    await shows(namespace, { cpu: '0', memory: '0' })
    await client.patch(ResourceQuota, ref, { spec: { hard: { cpu: '1', memory: '1Gi' } } }, { type: 'merge' })
    await shows(namespace, { cpu: '0', memory: '0' })
    const patched = await client.patch(ResourceQuota, ref, { spec: { hard: { cpu: '9' } }, status: { hard: { cpu: '3', memory: '3Gi' } } }, { type: 'merge', subresource: 'status' }) // prettier-ignore
    expect([patched.status.hard, patched.spec.hard]).toEqual([{ cpu: '3', memory: '3Gi' }, { cpu: '1', memory: '1Gi' }]) // prettier-ignore
    // Like upstream's, the controller looks at all of them again every five minutes.
    await clock.advance(300_000)
    await shows(namespace, { cpu: '0', memory: '0' })
    await client.delete(ResourceQuota, ref)
    await expect(client.get(ResourceQuota, ref)).rejects.toMatchObject({ code: 404 })
  })

  test('counts Services, their ports, claims by class, and objects', async () => {
    const namespace = await newNamespace()
    await quota(namespace, {
      services: '5',
      'services.nodeports': '5',
      'services.loadbalancers': '1',
      persistentvolumeclaims: '5',
      'requests.storage': '10Gi',
      'fast.storageclass.storage.k8s.io/requests.storage': '10Gi',
      'slow.storageclass.storage.k8s.io/persistentvolumeclaims': '1',
      configmaps: '10',
      resourcequotas: '2',
    })
    const ports = [
      { name: 'a', port: 80 },
      { name: 'b', port: 81 },
    ]
    await cluster.client.create(Service, { metadata: { namespace, name: 'a' }, spec: { type: 'NodePort', ports } })
    await cluster.client.create(Service, { metadata: { namespace, name: 'b' }, spec: { type: 'LoadBalancer', ports } })
    await cluster.client.create(PersistentVolumeClaim, {
      metadata: { namespace, name: 'data' },
      spec: {
        accessModes: ['ReadWriteOnce'],
        storageClassName: 'fast',
        resources: { requests: { storage: '1Gi' } },
      },
    })
    await cluster.client.create(ConfigMap, { metadata: { namespace, name: 'own' }, data: {} })
    await shows(namespace, {
      services: '2',
      'services.nodeports': '4',
      'services.loadbalancers': '1',
      persistentvolumeclaims: '1',
      'requests.storage': '1Gi',
      'fast.storageclass.storage.k8s.io/requests.storage': '1Gi',
      'slow.storageclass.storage.k8s.io/persistentvolumeclaims': '0',
      configmaps: '2',
      resourcequotas: '1',
    })
  })

  test('count/<resource>.<group> counts any kind that is served', async () => {
    const namespace = await newNamespace()
    const deployments = 'count/deployments.apps'
    const leases = 'count/leases.coordination.k8s.io'
    await quota(namespace, { [deployments]: '5', [leases]: '5', 'count/unknown.example.com': '1' })
    await shows(namespace, { [deployments]: '0', [leases]: '0' })
    const labels = { app: 'x' }
    for (const name of ['a', 'b'])
      await cluster.client.create(Deployment, {
        metadata: { namespace, name },
        spec: {
          replicas: 0,
          selector: { matchLabels: labels },
          template: { metadata: { labels }, spec: { containers: [{ name: 'x', image: 'x:1' }] } },
        },
      })
    await shows(namespace, { [deployments]: '2', [leases]: '0' })
    // Nobody watches these: they are counted again from time to time.
    await cluster.client.create(Lease, { metadata: { namespace, name: 'a' }, spec: {} })
    await clock.advance(10_000)
    await shows(namespace, { [deployments]: '2', [leases]: '1' })
  })

  test.each([
    ['BestEffort', { scopes: ['BestEffort'] }, ['plain', 'short']],
    ['NotBestEffort', { scopes: ['NotBestEffort'] }, ['sized']],
    ['Terminating', { scopes: ['Terminating'] }, ['short']],
    ['NotTerminating and BestEffort', { scopes: ['NotTerminating', 'BestEffort'] }, ['plain']],
    [
      'PriorityClass',
      {
        scopeSelector: {
          matchExpressions: [{ scopeName: 'PriorityClass', operator: 'In', values: ['system-node-critical'] }],
        },
      },
      ['sized'],
    ],
  ])('scope %s', async (_name, spec, expected) => {
    const namespace = await newNamespace()
    await quota(namespace, { pods: '10' }, spec)
    await pod(namespace, 'plain')
    await pod(namespace, 'short', { activeDeadlineSeconds: 60 })
    await pod(namespace, 'sized', { ...sized('1', '1Gi'), priorityClassName: 'system-node-critical' })
    await shows(namespace, { pods: String(expected.length) })
  })
})
