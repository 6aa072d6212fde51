import { afterAll, beforeAll, expect, test } from 'vitest'
import { Deployment, StatefulSet } from '../../../src/shared/api/apps/v1.ts'
import { Node, Pod } from '../../../src/shared/api/core/v1.ts'
import { PodDisruptionBudget } from '../../../src/shared/api/policy/v1.ts'
import { StorageClass } from '../../../src/shared/api/storage/v1.ts'
import type { WhatIfStatus } from '../../../src/shared/api/flotilla/scheduling-v1.ts'
import { isReason } from '../../../src/shared/machinery/status.ts'
import { eventually } from '../../support/eventually.ts'
import { type SchedulingCluster, startSchedulingCluster, until } from './support.ts'

let cluster: SchedulingCluster
const web = { kind: 'ReplicaSet', name: 'web' }
beforeAll(async () => {
  cluster = await startSchedulingCluster()
  await cluster.addNode('a', { labels: { only: 'a' }, allocatable: { cpu: '4' } })
  await cluster.addPod('web-1', { requests: { cpu: '1' }, labels: { app: 'web' }, owner: web })
  await cluster.addPod('web-2', { requests: { cpu: '1' }, labels: { app: 'web' }, owner: web })
  await cluster.addPod('bare', { requests: { cpu: '1' } })
  await cluster.addPod('daemon', { owner: { kind: 'DaemonSet', name: 'd' } })
  for (const name of ['web-1', 'web-2', 'bare', 'daemon']) await cluster.bound(name)
  await cluster.addNode('b', { allocatable: { cpu: '1' } })
})
afterAll(() => cluster?.[Symbol.asyncDispose]())

const told = ({ pods }: WhatIfStatus, name: string) => pods.find(pod => pod.name === name)
const template = (app: string, cpu: string) => ({
  metadata: { labels: { app } },
  spec: { containers: [{ name: 'c', image: 'i:1', resources: { requests: { cpu } } }] },
})
const deployment = (name: string, replicas: number, cpu: string) => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name, namespace: 'default' },
  spec: { replicas, selector: { matchLabels: { app: name } }, template: template(name, cpu) },
})
/** Everything that is stored, to show that nothing of it changes. */
const stored = async () => {
  const [pods, nodes, sets] = await Promise.all([
    cluster.client.list(Pod),
    cluster.client.list(Node),
    cluster.client.list(Deployment),
  ])
  return [...pods.items, ...nodes.items, ...sets.items].map(({ metadata }) => [metadata.name, metadata.resourceVersion])
}

test('a drain: who moves where, who finds no room, who is lost, who stays; and nothing changes', async () => {
  const before = await stored()
  const status = await cluster.whatIf({ drain: ['a'] })
  expect(told(status, 'bare')).toMatchObject({ change: 'Remove', from: 'a', lost: true })
  expect(told(status, 'daemon')).toBeUndefined()
  const moved = status.pods.filter(({ change }) => change === 'Move')
  expect(moved.map(({ from, owner }) => [from, owner?.name])).toEqual([
    ['a', 'web'],
    ['a', 'web'],
  ])
  expect(moved.map(({ to }) => to ?? '').sort()).toEqual(['', 'b'])
  expect(moved.find(({ to }) => !to)?.message).toBe(
    '0/2 nodes are available: 1 Insufficient cpu, 1 node(s) were unschedulable.',
  )
  expect(status.message).toBe('1 pod finds a node, 1 would wait, 1 would be lost.')
  expect(status.nodes.map(({ name, before: load, after }) => [name, load?.cpuMilli, after.cpuMilli])).toEqual([
    ['a', 3000, 0],
    ['b', 0, 1000],
  ])
  expect(await stored()).toEqual(before)
})

test('a disruption budget that is used up holds the second pod back', async () => {
  await cluster.client.create(PodDisruptionBudget, {
    metadata: { name: 'web', namespace: 'default' },
    spec: { minAvailable: 1, selector: { matchLabels: { app: 'web' } } },
  })
  await cluster.client.patch(
    PodDisruptionBudget,
    { namespace: 'default', name: 'web' },
    { status: { disruptionsAllowed: 1, currentHealthy: 2, desiredHealthy: 1, expectedPods: 2, observedGeneration: 1 } },
    { type: 'merge', subresource: 'status' },
  )
  await eventually(() => {
    const [budget] = cluster.scheduler.sight.listers.disruptionBudgets.list()
    return budget?.status.disruptionsAllowed === 1
  })
  const { pods } = await cluster.whatIf({ drain: ['a'] })
  expect(
    pods
      .filter(({ change }) => change === 'Move')
      .map(({ blockedBy = '' }) => blockedBy)
      .sort(),
  ).toEqual(['', 'web'])
})

test('a cordon moves nobody, and tells where the pods would go if they were replaced', async () => {
  const status = await cluster.whatIf({ cordon: ['a'] })
  const stay = status.pods.filter(({ change }) => change === 'Stay')
  expect(stay.map(({ from, to = '' }) => [from, to]).sort()).toEqual([
    ['a', ''],
    ['a', 'b'],
  ])
  expect(status.message).toBe('Nothing would move.')
  expect(status.nodes).toMatchObject([{ name: 'a', unschedulable: true, after: { pods: 4 } }])
})

test('a manifest: its pods are placed after admission and defaults, what does not fit says why', async () => {
  const before = await stored()
  const status = await cluster.whatIf({ apply: [deployment('api', 3, '1'), { kind: 'Nonsense' }] })
  const pods = status.pods.filter(({ owner }) => owner?.name === 'api')
  expect(pods.map(({ change, to = '' }) => [change, to]).sort()).toEqual([
    ['Create', ''],
    ['Create', 'a'],
    ['Create', 'b'],
  ])
  expect(status.problems).toEqual([{ object: 'apply[1]', message: 'apiVersion, kind and metadata are needed' }])
  expect(await stored()).toEqual(before)
})

test('with one more node, as a manifest, everything fits', async () => {
  const node = {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name: 'new' },
    status: { allocatable: { cpu: '8', memory: '8Gi', pods: '110' } },
  }
  const status = await cluster.whatIf({ apply: [node, deployment('api', 3, '1')] })
  expect(status.pods.map(({ to }) => to)).not.toContain(undefined)
  expect(status.nodes.find(({ name }) => name === 'new')).toMatchObject({ allocatable: { cpuMilli: 8000 } })
})

test('a more important manifest preempts, and the victim is placed again or waits', async () => {
  const important = deployment('vip', 1, '4')
  Object.assign(important.spec.template.spec, { priority: 1000, nodeSelector: { only: 'a' } })
  const { pods } = await cluster.whatIf({ apply: [important] })
  const vip = pods.find(({ owner }) => owner?.name === 'vip')
  expect(vip?.to).toBe('a')
  expect(vip?.preempts?.map(({ name }) => name).sort()).toEqual(['bare', 'web-1', 'web-2'])
  expect(
    pods
      .filter(({ change }) => change === 'Preempt')
      .map(({ to = '' }) => to)
      .sort(),
  ).toEqual(['', 'b'])
  expect(pods.find(({ name }) => name === 'bare')).toMatchObject({ change: 'Remove', lost: true })
})

test('a scale up and down of a Deployment and of a StatefulSet with claims', async () => {
  await cluster.client.create(StorageClass, {
    metadata: { name: 'late' },
    provisioner: 'example.com/p',
    volumeBindingMode: 'WaitForFirstConsumer',
  })
  await eventually(() => cluster.scheduler.sight.listers.storageClasses.get({ name: 'late' }) !== undefined)
  await cluster.client.create(StatefulSet, {
    metadata: { name: 'db', namespace: 'default' },
    spec: {
      replicas: 0,
      selector: { matchLabels: { app: 'db' } },
      template: template('db', '100m'),
      volumeClaimTemplates: [
        {
          metadata: { name: 'data' },
          spec: {
            accessModes: ['ReadWriteOnce'],
            storageClassName: 'late',
            resources: { requests: { storage: '1Gi' } },
          },
        } as never,
      ],
    },
  })
  const up = await cluster.whatIf({ scale: [{ kind: 'StatefulSet', namespace: 'default', name: 'db', replicas: 2 }] })
  expect(up.pods.map(({ name, change, message }) => [name, change, message])).toEqual([
    ['db-0', 'Create', undefined],
    ['db-1', 'Create', undefined],
  ])
  expect(up.pods.every(({ to }) => to)).toBe(true)

  const made = await cluster.client.create(Deployment, deployment('old', 2, '100m') as never)
  for (const name of ['old-1', 'old-2']) {
    await cluster.addPod(name, { labels: { app: 'old' }, requests: { cpu: '100m' } })
    const owner = { apiVersion: 'apps/v1', kind: 'Deployment', name: 'old', uid: made.metadata.uid, controller: true }
    await cluster.client.patch(
      Pod,
      { namespace: 'default', name },
      { metadata: { ownerReferences: [owner] } },
      { type: 'merge' },
    )
    await cluster.bound(name)
  }
  await eventually(
    () =>
      cluster.scheduler.sight.view.nodes
        .flatMap(({ pods }) => [...pods.values()])
        .filter(({ pod }) => pod.metadata.ownerReferences?.some(({ name }) => name === 'old')).length === 2,
  )
  const down = await cluster.whatIf({ scale: [{ kind: 'Deployment', namespace: 'default', name: 'old', replicas: 1 }] })
  expect(down.pods.map(({ change, lost }) => [change, lost])).toEqual([['Remove', undefined]])
  expect(down.message).toBe('1 would be removed.')
  // Fewer more than there are: those that run stay.
  const more = await cluster.whatIf({ scale: [{ kind: 'Deployment', namespace: 'default', name: 'old', replicas: 3 }] })
  expect(more.pods.map(({ change }) => change)).toEqual(['Create'])
})

test('pods that wait now are told when the change gives them a place', async () => {
  await cluster.client.patch(Node, { name: 'b' }, { spec: { unschedulable: true } }, { type: 'merge' })
  await cluster.addPod('waits', {
    requests: { cpu: '500m' },
    spec: { nodeSelector: { 'kubernetes.io/hostname': 'b' } },
  })
  await eventually(() => cluster.scheduler.depth.unschedulable === 1)
  const status = await cluster.whatIf({ uncordon: ['b'] })
  expect(told(status, 'waits')).toMatchObject({ change: 'Wait', to: 'b' })
  expect(status.message).toBe('1 that wait now would start.')
  expect(told(await cluster.whatIf({ cordon: ['a'] }), 'waits')).toMatchObject({ change: 'Wait' })
})

test('wants a change, nodes that exist, and the right to see everything', async () => {
  await expect(cluster.whatIf({})).rejects.toThrow('one of drain, cordon, uncordon, scale, apply')
  await expect(cluster.whatIf({ drain: ['nowhere'] })).rejects.toThrow('nodes "nowhere" not found')
  const eve = cluster.api.clientAs({ name: 'eve', groups: ['system:authenticated'] })
  const refused = await cluster.whatIf({ drain: ['a'] }, eve).catch((error: unknown) => error)
  expect(isReason(refused, 'Forbidden')).toBe(true)
})

test('where another control plane leads, a watching scheduler answers and places nothing', async () => {
  await using watching = await startSchedulingCluster({ passive: true })
  await watching.addNode('a')
  await watching.addPod('p', { requests: { cpu: '1' } })
  const status = await until(async () => {
    const answer = await watching.whatIf({ uncordon: ['a'] })
    return answer.pods.length > 0 ? answer : false
  })
  expect(status.pods).toMatchObject([{ name: 'p', change: 'Wait', to: 'a' }])
  expect((await watching.client.get(Pod, { namespace: 'default', name: 'p' })).spec.nodeName).toBeUndefined()
})
