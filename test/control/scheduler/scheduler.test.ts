import { Registry } from 'prom-client'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { subresourceHandlers } from '../../../src/main/apiserver/endpoints/subresources.ts'
import { NodeTunnels } from '../../../src/main/apiserver/proxy/node-tunnels.ts'
import { type Scheduler, startScheduler } from '../../../src/main/scheduler/scheduler.ts'
import { schedulerMetrics } from '../../../src/main/scheduler/scheduler-metrics.ts'
import { Event, Node, Pod } from '../../../src/shared/api/core/v1.ts'
import { Event as NewEvent } from '../../../src/shared/api/events/v1.ts'
import type { Client } from '../../../src/shared/client/client.ts'
import { systemClock } from '../../../src/shared/machinery/clock.ts'
import { conditionOf } from '../../../src/shared/machinery/conditions.ts'
import { type TestApiServer, startTestApiServer } from '../../support/api-server.ts'
import { eventually } from '../../support/eventually.ts'
import { type NodeParts, type PodParts, makeNode, makePod } from './fixtures.ts'

let api: TestApiServer
let client: Client
let scheduler: Scheduler
let registry: Registry
const errors: unknown[] = []
const start = async (as: Client = client) => {
  registry = new Registry()
  const metrics = schedulerMetrics(registry)
  scheduler = await startScheduler({ client: as, clock: systemClock, onError: error => errors.push(error), metrics })
}
/** Another scheduler, whose bindings begin with `meanwhile`. */
async function startBinding(meanwhile: () => Promise<void>) {
  await scheduler[Symbol.asyncDispose]()
  const createSubresource: Client['createSubresource'] = async (...args) => {
    await meanwhile()
    return client.createSubresource(...args)
  }
  await start({ ...client, createSubresource })
}
beforeEach(async () => {
  errors.length = 0
  api = await startTestApiServer({ subresources: subresourceHandlers({ tunnels: new NodeTunnels(systemClock) }) })
  client = api.clientAs()
  await start()
})
afterEach(async () => {
  await scheduler?.[Symbol.asyncDispose]()
  await api?.[Symbol.asyncDispose]()
  expect(errors).toEqual([])
})

async function addNode(name: string, parts: NodeParts = {}) {
  const { metadata, spec, status } = makeNode(name, parts)
  const { uid: _uid, ...meta } = metadata
  await client.create(Node, { metadata: meta, spec })
  await client.patch(Node, { name }, { status }, { type: 'merge', subresource: 'status' })
}
async function addPod(name: string, parts: PodParts = {}) {
  const { metadata, spec } = makePod(name, parts)
  const { uid: _uid, ...meta } = metadata
  return client.create(Pod, { metadata: meta, spec })
}
const getPod = (name: string) => client.get(Pod, { namespace: 'default', name })
const bound = (name: string, node?: string) =>
  eventually(async () => {
    const { nodeName } = (await getPod(name)).spec
    expect(nodeName).toBeTruthy()
    if (node) expect(nodeName).toBe(node)
    return nodeName
  })
const message = async (name: string) => conditionOf((await getPod(name)).status.conditions, 'PodScheduled')?.message

test('binds a pod and tells so', async () => {
  await addNode('a')
  await addPod('p')
  await bound('p', 'a')
  await eventually(async () =>
    expect((await client.list(Event, { namespace: 'default' })).items.map(e => e.message)).toContain(
      'Successfully assigned default/p to a',
    ),
  )
})

test('counts how attempts ended, and the pods that wait', async () => {
  const told = (text: string) => eventually(async () => expect(await registry.metrics()).toContain(text))
  const count = (result: string) =>
    `scheduler_schedule_attempts_total{result="${result}",profile="default-scheduler"} 1\n`
  await addNode('full', { allocatable: { cpu: '100m' } })
  await addPod('p', { requests: { cpu: '2' } })
  await told('scheduler_pending_pods{queue="unschedulable"} 1\n')
  await told(count('unschedulable'))
  await addPod('small')
  await bound('small', 'full')
  await told(count('scheduled'))
  for (const result of ['scheduled', 'unschedulable'])
    await told(
      `scheduler_scheduling_attempt_duration_seconds_count{result="${result}",profile="default-scheduler"} 1\n`,
    )
  await told('scheduler_pending_pods{queue="active"} 0\n')
})

test("says in upstream's words why no node fits, and binds when one comes", async () => {
  await addNode('small', { allocatable: { cpu: '100m' } })
  for (const name of ['t1', 't2'])
    await addNode(name, { spec: { taints: [{ key: 'k', value: 'v', effect: 'NoSchedule' }] } })
  await addPod('p', { requests: { cpu: '2' } })
  await eventually(async () =>
    expect(await message('p')).toBe(
      '0/3 nodes are available: 1 Insufficient cpu, 2 node(s) had untolerated taint {k: v}. ' +
        'preemption: 0/3 nodes are available: 3 Preemption is not helpful for scheduling.',
    ),
  )
  await addNode('big')
  await bound('p', 'big')
})

test('a pod that cannot be bound is told why, and is bound once it can be', async () => {
  let isRefused = true
  await startBinding(() => (isRefused ? Promise.reject(new Error('no bindings today')) : Promise.resolve()))
  await addNode('a')
  await addPod('p')
  const problem = 'running Bind plugin "DefaultBinder": no bindings today'
  await eventually(async () =>
    expect(conditionOf((await getPod('p')).status.conditions, 'PodScheduled')).toMatchObject({
      ...{ status: 'False', reason: 'SchedulerError', message: problem },
    }),
  )
  await eventually(async () => {
    const { items } = await client.list(Event, { namespace: 'default' })
    expect(items.map(({ reason, message }) => [reason, message])).toContainEqual(['FailedScheduling', problem])
  })
  isRefused = false
  await bound('p', 'a')
  expect(conditionOf((await getPod('p')).status.conditions, 'PodScheduled')).toMatchObject({ status: 'True' })
})

test('a pod that somebody else has bound meanwhile is not told that it could not be', async () => {
  const place = { namespace: 'default', name: 'p' }
  const others = { apiVersion: 'v1', kind: 'Binding', metadata: place, target: { kind: 'Node', name: 'b' } }
  await startBinding(async () => void (await client.createSubresource(Pod, place, 'binding', others)))
  await addNode('a')
  await addPod('p')
  await bound('p', 'b')
  await eventually(async () => {
    const { items } = await client.list(Event, { namespace: 'default' })
    expect(items.map(({ message }) => message).join()).toContain('pod p is already assigned to node "b"')
  })
  // Written after what its event tells.
  await scheduler[Symbol.asyncDispose]()
  expect(conditionOf((await getPod('p')).status.conditions, 'PodScheduled')).toMatchObject({ status: 'True' })
})

test('a more important pod takes the place of a less important one', async () => {
  await addNode('a', { allocatable: { cpu: '1' } })
  await addPod('low', { requests: { cpu: '1' }, spec: { terminationGracePeriodSeconds: 0 } })
  await bound('low')
  await addPod('high', { requests: { cpu: '1' }, spec: { priority: 100 } })
  await bound('high', 'a')
  await eventually(async () => {
    const { items } = await client.list(Event, { namespace: 'default' })
    const uid = (await getPod('high')).metadata.uid
    expect(items.map(e => e.message)).toContain(`Preempted by pod ${uid} on node a`)
  })
})

test('its events say what was being done, by which scheduler, and since when', async () => {
  await addNode('a', { allocatable: { cpu: '1' } })
  await addPod('low', { requests: { cpu: '1' }, spec: { terminationGracePeriodSeconds: 0 } })
  await bound('low')
  await addPod('high', { requests: { cpu: '1' }, spec: { priority: 100 } })
  await bound('high', 'a')
  const { uid } = (await getPod('high')).metadata
  await eventually(async () => {
    const { items } = await client.list(NewEvent, { namespace: 'default' })
    const told = items.map(({ regarding, related, reason, action }) => [regarding?.name, reason, action, related?.uid])
    expect(told).toContainEqual(['low', 'Scheduled', 'Binding', undefined])
    expect(told).toContainEqual(['low', 'Preempted', 'Preempting', uid])
    expect(told).toContainEqual(['high', 'FailedScheduling', 'Scheduling', undefined])
    expect(told).toContainEqual(['high', 'Scheduled', 'Binding', undefined])
    for (const { eventTime, reportingController, reportingInstance, deprecatedCount } of items) {
      expect([reportingController, deprecatedCount]).toEqual(['default-scheduler', undefined])
      expect(reportingInstance).toMatch(/^default-scheduler-./)
      expect(eventTime).toMatch(/\.\d{6}Z$/)
    }
  })
})

test('a critical pod takes the place of a lesser one, which is told why, and waits until that is gone', async () => {
  await addNode('a', { allocatable: { cpu: '1' } })
  await addPod('low', { requests: { cpu: '1' } })
  await bound('low')
  const hold = (finalizers: string[] | null) =>
    client.patch(Pod, { namespace: 'default', name: 'low' }, { metadata: { finalizers } }, { type: 'merge' })
  await hold(['test/hold'])
  await addPod('critical', { requests: { cpu: '1' }, spec: { priority: 2_000_000_000, priorityClassName: 'system-cluster-critical' } }) // prettier-ignore
  await eventually(async () => {
    const { metadata, status } = await getPod('low')
    expect(metadata.deletionTimestamp).toBeDefined()
    expect(conditionOf(status.conditions, 'DisruptionTarget')).toMatchObject({
      ...{ status: 'True', reason: 'PreemptionByScheduler' },
    })
  })
  expect((await getPod('critical')).spec.nodeName ?? '').toBe('')
  await client.delete(Pod, { namespace: 'default', name: 'low' }, { gracePeriodSeconds: 0 })
  await hold(null)
  await bound('critical', 'a')
})

test('a victim that is on its way out is not told again when a still more important pod wants its place', async () => {
  await addNode('a', { allocatable: { cpu: '1' } })
  await addPod('low', { requests: { cpu: '1' }, spec: { terminationGracePeriodSeconds: 600 } })
  await bound('low')
  const nominated = (name: string) =>
    eventually(async () => expect((await getPod(name)).status.nominatedNodeName).toBe('a'))
  await addPod('high', { requests: { cpu: '1' }, spec: { priority: 100 } })
  await nominated('high')
  const told = await eventually(async () => {
    const { metadata } = await getPod('low')
    expect(metadata.deletionTimestamp).toBeDefined()
    return metadata.resourceVersion
  })
  await addPod('higher', { requests: { cpu: '1' }, spec: { priority: 200 } })
  await nominated('higher')
  // It has to wait for the same one: whatever was to be said has been said once it says so.
  await eventually(async () => expect(await message('higher')).toContain('1 Insufficient cpu'))
  expect((await getPod('low')).metadata.resourceVersion).toBe(told)
})

test('important pods that come together each take the place of another pod', async () => {
  const names = Array.from({ length: 6 }, (_, i) => `${i}`)
  for (const name of names) await addNode(`n${name}`, { allocatable: { cpu: '1' } })
  for (const name of names)
    await addPod(`low${name}`, { requests: { cpu: '1' }, spec: { terminationGracePeriodSeconds: 0 } })
  await Promise.all(names.map(name => bound(`low${name}`)))
  await Promise.all(names.map(name => addPod(`high${name}`, { requests: { cpu: '1' }, spec: { priority: 100 } })))
  const nodes = await Promise.all(names.map(name => bound(`high${name}`)))
  expect(nodes.sort()).toEqual(names.map(name => `n${name}`))
})

test('preemptionPolicy Never evicts nobody', async () => {
  await addNode('a', { allocatable: { cpu: '1' } })
  await addPod('low', { requests: { cpu: '1' } })
  await bound('low')
  await addPod('high', { requests: { cpu: '1' }, spec: { priority: 100, preemptionPolicy: 'Never' } })
  await eventually(async () => expect(await message('high')).toContain('not eligible due to preemptionPolicy=Never.'))
  expect((await getPod('low')).metadata.deletionTimestamp).toBeUndefined()
})

test('required anti-affinity puts replicas on different nodes, and leaves over what has none', async () => {
  for (const name of ['a', 'b']) await addNode(name)
  const term = { topologyKey: 'kubernetes.io/hostname', labelSelector: { matchLabels: { app: 'web' } } }
  const spec = { affinity: { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [term] } } }
  for (const name of ['p1', 'p2', 'p3']) await addPod(name, { labels: { app: 'web' }, spec })
  await eventually(async () => {
    const { items } = await client.list(Pod, { namespace: 'default' })
    expect(items.map(pod => pod.spec.nodeName ?? '').sort()).toEqual(['', 'a', 'b'])
    const waiting = items.find(pod => !pod.spec.nodeName)!
    expect(conditionOf(waiting.status.conditions, 'PodScheduled')?.observedGeneration).toBe(1)
    expect(conditionOf(waiting.status.conditions, 'PodScheduled')?.message).toContain(
      "0/2 nodes are available: 2 node(s) didn't match pod anti-affinity rules.",
    )
  })
})

test('DoNotSchedule keeps the skew over zones', async () => {
  for (const zone of ['x', 'y']) await addNode(`n-${zone}`, { labels: { zone } })
  const constraint = {
    maxSkew: 1,
    topologyKey: 'zone',
    whenUnsatisfiable: 'DoNotSchedule',
    labelSelector: { matchLabels: { app: 'web' } },
  }
  const names = ['p1', 'p2', 'p3', 'p4', 'p5', 'p6']
  for (const name of names)
    await addPod(name, { labels: { app: 'web' }, spec: { topologySpreadConstraints: [constraint] } })
  const nodes = await Promise.all(names.map(name => bound(name)))
  expect(nodes.filter(node => node === 'n-x')).toHaveLength(3)
})

test('a pod whose claim is missing waits and says so', async () => {
  await addNode('a')
  await addPod('p', { spec: { volumes: [{ name: 'v', persistentVolumeClaim: { claimName: 'data' } }] } })
  await eventually(async () => expect(await message('p')).toContain('persistentvolumeclaim "data" not found'))
})

test('never promises more than a node has, also across a restart', async () => {
  await addNode('a', { allocatable: { cpu: '10' } })
  await Promise.all(Array.from({ length: 8 }, (_, i) => addPod(`p${i}`, { requests: { cpu: '1' } })))
  await scheduler[Symbol.asyncDispose]()
  await Promise.all(Array.from({ length: 8 }, (_, i) => addPod(`q${i}`, { requests: { cpu: '1' } })))
  await start()
  await eventually(async () => {
    const { items } = await client.list(Pod, { namespace: 'default' })
    expect(items.filter(pod => pod.spec.nodeName)).toHaveLength(10)
    expect(scheduler.depth).toMatchObject({ active: 0, unschedulable: 6 })
  })
})

test('pods of another scheduler are left alone, gated ones until the gate is gone', async () => {
  await addNode('a')
  await addPod('foreign', { spec: { schedulerName: 'other' } })
  await addPod('gated', { spec: { schedulingGates: [{ name: 'example.com/g' }] } })
  await addPod('plain')
  await bound('plain')
  expect((await getPod('foreign')).spec.nodeName).toBeUndefined()
  expect((await getPod('gated')).spec.nodeName).toBeUndefined()
  await client.patch(
    Pod,
    { namespace: 'default', name: 'gated' },
    { spec: { schedulingGates: null } },
    { type: 'merge' },
  )
  await bound('gated')
})
