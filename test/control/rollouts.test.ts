// Cases of upstream's conformance suite for apps that no other file shows.
import { afterEach, beforeEach, expect, test } from 'vitest'
import { DaemonSet, Deployment, ReplicaSet, StatefulSet } from '../../src/shared/api/apps/v1.ts'
import { Job } from '../../src/shared/api/batch/v1.ts'
import { Node, Pod, ServiceAccount } from '../../src/shared/api/core/v1.ts'
import type { OwnerReference } from '../../src/shared/api/meta/v1.ts'
import { JobOrphanPods } from '../../src/main/controllers/job/orphan-pods.ts'
import { controllerOf } from '../../src/shared/machinery/owner.ts'
import { eventually } from '../support/eventually.ts'
import { type Cluster, podsIn, reportPod, startCluster } from './support/cluster.ts'

const namespace = 'default'
let cluster: Cluster
/** Images whose pods never become ready. */
let stuck: Set<string>
beforeEach(async () => {
  stuck = new Set()
  cluster = await startCluster()
  await eventually(() => cluster.client.get(ServiceAccount, { namespace, name: 'default' }))
})
afterEach(() => cluster?.[Symbol.asyncDispose]())

const template = (image: string) => ({
  metadata: { labels: { app: 'web' } },
  spec: { containers: [{ name: 'web', image }] },
})
const selector = { matchLabels: { app: 'web' } }
const alive = async () => (await podsIn(cluster.client, namespace)).filter(pod => !pod.metadata.deletionTimestamp)

/** Plays the kubelet: pods become ready unless their image is stuck, deleted ones go. */
async function tick(): Promise<void> {
  for (const pod of await podsIn(cluster.client, namespace)) {
    const { metadata, status, spec } = pod
    if (metadata.deletionTimestamp)
      await cluster.client.delete(Pod, metadata, { gracePeriodSeconds: 0 }).catch(() => undefined)
    else if (status.phase !== 'Running' && !stuck.has(spec.containers[0]?.image ?? ''))
      await reportPod(cluster.client, pod).catch(() => undefined)
  }
}
const soon = (check: () => Promise<void>) =>
  eventually(async () => {
    await tick()
    await check()
  })

const deploy = (replicas: number) =>
  cluster.client.create(Deployment, {
    metadata: { namespace, name: 'web' },
    spec: {
      replicas,
      selector,
      template: template('web:1'),
      strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 3, maxUnavailable: 2 } },
    },
  })
const change = (spec: object) => cluster.client.patch(Deployment, { namespace, name: 'web' }, { spec })
/** Size of each image's ReplicaSet. */
async function sizes(): Promise<Record<string, number>> {
  const { items } = await cluster.client.list(ReplicaSet, { namespace })
  return Object.fromEntries(
    items.map(({ spec }) => [spec.template?.spec?.containers[0]?.image ?? '', spec.replicas ?? 0]),
  )
}

test('a Deployment that is scaled half-way through a rollout scales its sets in proportion', async () => {
  await deploy(10)
  await soon(async () =>
    expect((await cluster.client.get(Deployment, { namespace, name: 'web' })).status.availableReplicas).toBe(10),
  )
  stuck.add('web:stuck')
  await change({ template: template('web:stuck') })
  await soon(async () => expect(await sizes()).toEqual({ 'web:1': 8, 'web:stuck': 5 }))
  await change({ replicas: 30 })
  await soon(async () => expect(await sizes()).toEqual({ 'web:1': 20, 'web:stuck': 13 }))
})

test('a Deployment rolls over from a revision that is not finished', async () => {
  await deploy(3)
  await soon(async () =>
    expect((await cluster.client.get(Deployment, { namespace, name: 'web' })).status.availableReplicas).toBe(3),
  )
  stuck.add('web:stuck')
  await change({ template: template('web:stuck') })
  await soon(async () => expect((await sizes())['web:stuck']).toBeGreaterThan(0))
  await change({ template: template('web:3') })
  await soon(async () => expect(await sizes()).toEqual({ 'web:1': 0, 'web:stuck': 0, 'web:3': 3 }))
})

test('a DaemonSet that goes back restarts only the pods that were changed', async () => {
  for (const name of ['a', 'b']) await cluster.client.create(Node, { metadata: { name }, spec: {} })
  await cluster.client.create(DaemonSet, {
    metadata: { namespace, name: 'agent' },
    spec: { selector, template: template('web:1') },
  })
  const available = async () =>
    (await cluster.client.get(DaemonSet, { namespace, name: 'agent' })).status.numberAvailable
  await soon(async () => expect(await available()).toBe(2))
  stuck.add('web:stuck')
  const set = (image: string) =>
    cluster.client.patch(DaemonSet, { namespace, name: 'agent' }, { spec: { template: template(image) } })
  const imagesOf = async () => (await alive()).map(({ spec }) => spec.containers[0]?.image).sort()
  await set('web:stuck')
  await soon(async () => expect(await imagesOf()).toEqual(['web:1', 'web:stuck']))
  const survivor = (await alive()).find(({ spec }) => spec.containers[0]?.image === 'web:1')?.metadata.uid
  await set('web:1')
  await soon(async () => {
    expect(await imagesOf()).toEqual(['web:1', 'web:1'])
    expect(await available()).toBe(2)
  })
  expect((await alive()).map(({ metadata }) => metadata.uid)).toContain(survivor)
})

test('a Job adopts an orphan with its labels, and lets go what no longer has them', async () => {
  await cluster.client.create(Job, {
    metadata: { namespace, name: 'work' },
    spec: {
      parallelism: 2,
      completions: 2,
      template: { spec: { restartPolicy: 'Never', containers: [{ name: 'work', image: 'work:1' }] } },
    },
  })
  const pods = () => podsIn(cluster.client, namespace)
  await eventually(async () => expect(await pods()).toHaveLength(2))
  const [first, second] = (await pods()) as [Pod, Pod]
  await cluster.client.patch(Pod, first.metadata, { metadata: { ownerReferences: null } }, { type: 'merge' })
  const ownerOf = async ({ metadata }: Pod) => controllerOf(await cluster.client.get(Pod, metadata))?.name
  const tracked = async ({ metadata }: Pod) => (await cluster.client.get(Pod, metadata)).metadata.finalizers ?? []
  await eventually(async () => expect(await ownerOf(first)).toBe('work'))
  expect(await tracked(first)).toEqual(['batch.kubernetes.io/job-tracking'])
  await cluster.client.patch(Pod, second.metadata, { metadata: { labels: null } }, { type: 'merge' })
  await eventually(async () => expect(await ownerOf(second)).toBeUndefined())
  expect(await tracked(second)).toEqual([])
  await eventually(async () => expect((await pods()).filter(pod => controllerOf(pod)?.name === 'work')).toHaveLength(2))
})

test('a pod that has changed since it was seen without a Job keeps the finalizer: a Job may have adopted it', async () => {
  await cluster.client.create(Job, {
    metadata: { namespace, name: 'work' },
    spec: { template: { spec: { restartPolicy: 'Never', containers: [{ name: 'work', image: 'work:1' }] } } },
  })
  await eventually(async () => expect(await podsIn(cluster.client, namespace)).toHaveLength(1))
  const [{ metadata }] = (await podsIn(cluster.client, namespace)) as [Pod]
  await cluster.client.patch(Pod, metadata, { metadata: { annotations: { adopted: 'now' } } }, { type: 'merge' })
  const seen = { metadata: { ...metadata, ownerReferences: [] } } as unknown as Pod
  const context = { client: cluster.client, signal: new AbortController().signal }
  await expect(new JobOrphanPods().reconcile(seen, context as never)).rejects.toMatchObject({ code: 409 })
  expect((await cluster.client.get(Pod, metadata)).metadata.finalizers).toEqual(['batch.kubernetes.io/job-tracking'])
})

test('pods that no Job counts any more are not kept by its finalizer', async () => {
  const finalizers = ['batch.kubernetes.io/job-tracking']
  const spec = { containers: [{ name: 'work', image: 'work:1' }] }
  const replicas = await cluster.client.create(ReplicaSet, {
    metadata: { namespace, name: 'other' },
    spec: { replicas: 1, selector, template: template('web:1') },
  })
  const gone = { apiVersion: 'batch/v1', kind: 'Job', name: 'gone', uid: 'gone', controller: true }
  const other = {
    ...gone,
    apiVersion: 'apps/v1',
    kind: 'ReplicaSet',
    name: replicas.metadata.name,
    uid: replicas.metadata.uid,
  }
  const create = (name: string, ownerReferences?: OwnerReference[]) =>
    cluster.client.create(Pod, { metadata: { namespace, name, finalizers, ownerReferences }, spec })
  const kept = await cluster.client.create(Pod, {
    metadata: { namespace, name: 'kept', finalizers, labels: selector.matchLabels, ownerReferences: [other] },
    spec,
  })
  const released = await create('released')
  await create('left', [gone])
  await eventually(async () => {
    expect((await cluster.client.get(Pod, released.metadata)).metadata.finalizers ?? []).toEqual([])
    // Garbage as well, now that nothing keeps it.
    const there = await podsIn(cluster.client, namespace)
    expect(there.map(({ metadata }) => metadata.name)).not.toContain('left')
  })
  expect((await cluster.client.get(Pod, kept.metadata)).metadata.finalizers).toEqual(finalizers)
})

test('a Job with podReplacementPolicy Failed replaces a pod only when it has failed, not while it ends', async () => {
  await cluster.client.create(Job, {
    metadata: { namespace, name: 'work' },
    spec: {
      podReplacementPolicy: 'Failed',
      template: { spec: { restartPolicy: 'Never', containers: [{ name: 'work', image: 'work:1' }] } },
    },
  })
  await eventually(async () => expect(await alive()).toHaveLength(1))
  const [pod] = (await alive()) as [Pod]
  await cluster.client.createSubresource(Pod, pod.metadata, 'binding', {
    apiVersion: 'v1',
    kind: 'Binding',
    metadata: { name: pod.metadata.name },
    target: { kind: 'Node', name: 'n' },
  })
  await cluster.client.delete(Pod, pod.metadata)
  const status = async () => (await cluster.client.get(Job, { namespace, name: 'work' })).status
  await eventually(async () => expect(await status()).toMatchObject({ terminating: 1 }))
  expect(await alive()).toEqual([])
  // It ended long ago, so that the back-off after a failure is over.
  const state = { terminated: { exitCode: 1, finishedAt: '2026-01-01T00:00:00Z' } }
  const containerStatuses = [{ name: 'work', image: 'work:1', imageID: '', ready: false, restartCount: 0, state }]
  const failed = { phase: 'Failed', containerStatuses }
  await cluster.client.patch(Pod, pod.metadata, { status: failed }, { type: 'merge', subresource: 'status' })
  await eventually(async () => {
    await cluster.client.delete(Pod, pod.metadata, { gracePeriodSeconds: 0 }).catch(() => undefined)
    expect(await alive()).toHaveLength(1)
  }, 20_000)
})

/** Says of one pod that it is not ready. */
const fail = async (name: string) =>
  reportPod(cluster.client, await cluster.client.get(Pod, { namespace, name }), false)
const namesOf = async () => (await alive()).map(({ metadata }) => metadata.name).sort()
const readyOf = async () => (await cluster.client.get(StatefulSet, { namespace, name: 'db' })).status.readyReplicas ?? 0
const createSet = (podManagementPolicy: string) =>
  cluster.client.create(StatefulSet, {
    metadata: { namespace, name: 'db' },
    spec: { replicas: 1, serviceName: 'db', podManagementPolicy, selector, template: template('web:1') },
  })
const resize = (replicas: number) =>
  cluster.client.patch(StatefulSet, { namespace, name: 'db' }, { spec: { replicas } })

test('an ordered StatefulSet halts, up and down, while its pods are not ready', async () => {
  await createSet('OrderedReady')
  await soon(async () => expect(await readyOf()).toBe(1))
  await fail('db-0')
  await eventually(async () => expect(await readyOf()).toBe(0))
  await resize(3)
  await eventually(async () =>
    expect((await cluster.client.get(StatefulSet, { namespace, name: 'db' })).status.observedGeneration).toBe(2),
  )
  expect(await namesOf()).toEqual(['db-0'])
  await reportPod(cluster.client, await cluster.client.get(Pod, { namespace, name: 'db-0' }))
  await soon(async () => expect(await readyOf()).toBe(3))
  for (const name of ['db-0', 'db-1', 'db-2']) await fail(name)
  await eventually(async () => expect(await readyOf()).toBe(0))
  await resize(1)
  await eventually(async () =>
    expect((await cluster.client.get(StatefulSet, { namespace, name: 'db' })).status.observedGeneration).toBe(3),
  )
  expect(await namesOf()).toEqual(['db-0', 'db-1', 'db-2'])
  // As soon as the others are ready, the last one may go.
  for (const name of ['db-0', 'db-1'])
    await reportPod(cluster.client, await cluster.client.get(Pod, { namespace, name }))
  await soon(async () => expect(await namesOf()).toEqual(['db-0']))
})

test('a parallel StatefulSet scales up and down even beside pods that are not ready', async () => {
  await createSet('Parallel')
  await soon(async () => expect(await readyOf()).toBe(1))
  await fail('db-0')
  await resize(3)
  await eventually(async () => expect(await namesOf()).toEqual(['db-0', 'db-1', 'db-2']))
  await resize(1)
  await soon(async () => expect(await namesOf()).toEqual(['db-0']))
})
