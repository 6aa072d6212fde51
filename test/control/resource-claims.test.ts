// A whole control plane with its scheduler; the test plays driver and kubelet.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { ResourceClaimController } from '../../src/main/controllers/resourceclaim/claims.ts'
import { PodResourceClaims, claimPrefix } from '../../src/main/controllers/resourceclaim/pods.ts'
import { Node, Pod, ResourceQuota } from '../../src/shared/api/core/v1.ts'
import {
  type DeviceClaim,
  DeviceClass,
  ResourceClaim,
  ResourceClaimTemplate,
  ResourceSlice,
} from '../../src/shared/api/resource/v1.ts'
import { ObjectCache } from '../../src/shared/client/lister.ts'
import { systemClock } from '../../src/shared/machinery/clock.ts'
import { deferred } from '../../src/shared/machinery/deferred.ts'
import { isNotFound } from '../../src/shared/machinery/status.ts'
import { eventually } from '../support/eventually.ts'
import { eventsAbout } from './support/cluster.ts'
import { type ScheduledCluster, addNode, startScheduledCluster } from './support/scheduled-cluster.ts'

const namespace = 'default'
const FINALIZER = 'resource.kubernetes.io/delete-protection'
let cluster: ScheduledCluster

const addDevices = (kind: string, nodeName: string, count: number) =>
  cluster.client.create(ResourceSlice, {
    metadata: { name: `${kind}-${nodeName}` },
    spec: {
      driver: `${kind}.example.com`,
      nodeName,
      pool: { name: nodeName, generation: 1, resourceSliceCount: 1 },
      devices: Array.from({ length: count }, (_, i) => ({ name: `d${i}` })),
    },
  })

/** A driver with as many devices on each node, and the class that takes them. */
async function addDriver(kind: string, onNode: Readonly<Record<string, number>>): Promise<void> {
  for (const [nodeName, count] of Object.entries(onNode)) await addDevices(kind, nodeName, count)
  const selectors = [{ cel: { expression: `device.driver == "${kind}.example.com"` } }]
  await cluster.client.create(DeviceClass, { metadata: { name: kind }, spec: { selectors } })
}

/** Comes over the scheduler's writes of statuses. */
let fault: (() => Promise<void>) | undefined

beforeAll(async () => {
  cluster = await startScheduledCluster(client => ({
    ...client,
    async updateStatus(type, object, options) {
      await fault?.()
      return client.updateStatus(type, object, options)
    },
  }))
})
afterAll(() => cluster?.[Symbol.asyncDispose]())

const devices = (kind: string, count = 1): DeviceClaim => ({
  requests: [{ name: 'r', exactly: { deviceClassName: kind, count } }],
})
const addTemplate = (name: string, kind: string) =>
  cluster.client.create(ResourceClaimTemplate, {
    metadata: { namespace, name },
    spec: { metadata: { labels: { from: name } }, spec: { devices: devices(kind) } },
  })
const addClaim = (name: string, kind: string) =>
  cluster.client.create(ResourceClaim, { metadata: { namespace, name }, spec: { devices: devices(kind) } })
const addPod = (
  name: string,
  claim: { resourceClaimName: string } | { resourceClaimTemplateName: string },
  spec: object = {},
) =>
  cluster.client.create(Pod, {
    metadata: { namespace, name },
    spec: {
      containers: [{ name: 'c', image: 'c:1', resources: { claims: [{ name: 'gpu' }] } }],
      resourceClaims: [{ name: 'gpu', ...claim }],
      ...spec,
    },
  })
const podOf = (name: string) => cluster.client.get(Pod, { namespace, name })
const claimOf = (name: string) => cluster.client.get(ResourceClaim, { namespace, name })
const events = (name: string) => eventsAbout(cluster.client, namespace, name)
const remove = (name: string) => cluster.client.delete(Pod, { namespace, name }, { gracePeriodSeconds: 0 })
const finish = (name: string) =>
  cluster.client.patch(Pod, { namespace, name }, { status: { phase: 'Succeeded' } }, { subresource: 'status', type: 'merge' }) // prettier-ignore
const bound = (name: string) =>
  eventually(async () => {
    const pod = await podOf(name)
    expect(pod.spec.nodeName).toBeTruthy()
    return pod
  })
const isGone = (name: string) => eventually(() => claimOf(name).then(() => false, isNotFound))
const holders = async (name: string) => ((await claimOf(name)).status.reservedFor ?? []).map(({ name: pod }) => pod)

test('a claim made from a template belongs to its pod, gets a device with the pod’s node, and goes when the pod is done', async () => {
  await addDriver('gpu', { b: 1 })
  await addTemplate('one-gpu', 'gpu')
  await addPod('first', { resourceClaimTemplateName: 'one-gpu' })
  const first = await bound('first')
  expect(first.spec.nodeName).toBe('b')
  const [made] = first.status.resourceClaimStatuses ?? []
  expect(made).toEqual({ name: 'gpu', resourceClaimName: expect.stringMatching(/^first-gpu-.{5}$/) as string })
  const name = made?.resourceClaimName ?? ''
  const claim = await claimOf(name)
  expect(claim.metadata).toMatchObject({
    labels: { from: 'one-gpu' },
    annotations: { 'resource.kubernetes.io/pod-claim-name': 'gpu' },
    ownerReferences: [{ kind: 'Pod', name: 'first', uid: first.metadata.uid, controller: true }],
    finalizers: [FINALIZER],
  })
  // It holds up nobody who deletes the pod in the foreground.
  expect(claim.metadata.ownerReferences?.[0]).not.toHaveProperty('blockOwnerDeletion')
  expect(claim.status).toMatchObject({
    allocation: {
      devices: { results: [{ request: 'r', driver: 'gpu.example.com', pool: 'b', device: 'd0' }] },
      nodeSelector: { nodeSelectorTerms: [{ matchFields: [{ key: 'metadata.name', operator: 'In', values: ['b'] }] }] },
    },
    reservedFor: [{ resource: 'pods', name: 'first', uid: first.metadata.uid }],
  })

  await addPod('second', { resourceClaimTemplateName: 'one-gpu' })
  await eventually(async () =>
    expect(await events('second')).toContainEqual(
      expect.stringMatching(
        /^FailedScheduling: 0\/2 nodes are available: 2 cannot allocate all claims\. still not schedulable, preemption: 0\/2 /,
      ),
    ),
  )
  await finish('first')
  await isGone(name)
  expect((await bound('second')).spec.nodeName).toBe('b')
  await remove('second')
})

test('pods share a claim by its name; it is given back with the last of them, and then it may go', async () => {
  await addDriver('nic', { a: 1 })
  await addPod('early', { resourceClaimName: 'shared' })
  await addPod('other', { resourceClaimName: 'shared' })
  await addClaim('shared', 'nic')
  await Promise.all([bound('early'), bound('other')])
  await eventually(async () => expect((await holders('shared')).sort()).toEqual(['early', 'other']))
  await remove('early')
  await eventually(async () => expect(await holders('shared')).toEqual(['other']))
  expect((await claimOf('shared')).status.allocation).toBeDefined()
  await cluster.client.delete(ResourceClaim, { namespace, name: 'shared' })
  expect((await claimOf('shared')).metadata.deletionTimestamp).toBeDefined()
  await remove('other')
  await isGone('shared')
})

test('a claim that nobody uses any more is deallocated and stays', async () => {
  await addDriver('disk', { a: 1 })
  await addClaim('kept', 'disk')
  await addPod('user', { resourceClaimName: 'kept' })
  await bound('user')
  await remove('user')
  await eventually(async () => {
    const { status, metadata } = await claimOf('kept')
    expect(status).toEqual({})
    expect(metadata.finalizers ?? []).toEqual([])
  })
})

test('an idle claim whose devices are where the pod cannot go is given up, and allocated anew', async () => {
  await addDriver('fpga', { a: 1, b: 1 })
  const claim = await addClaim('movable', 'fpga')
  const only = (node: string) => ({
    nodeSelectorTerms: [{ matchFields: [{ key: 'metadata.name', operator: 'In', values: [node] }] }],
  })
  const allocation = {
    devices: { results: [{ request: 'r', driver: 'fpga.example.com', pool: 'a', device: 'd0' }] },
    nodeSelector: only('a'),
  }
  await cluster.client.updateStatus(ResourceClaim, { ...claim, status: { allocation } })
  await addPod('picky', { resourceClaimName: 'movable' }, { nodeSelector: { 'kubernetes.io/hostname': 'b' } })
  await bound('picky')
  expect((await claimOf('movable')).status.allocation?.devices?.results).toMatchObject([{ pool: 'b' }])
  await remove('picky')
})

test('a node that goes while a claim is written for it does not keep the claim', async () => {
  await addNode(cluster.client, 'goes')
  await addDriver('tpu', { goes: 1 })
  await addClaim('survives', 'tpu')
  const [reached, answer] = [deferred(), deferred()]
  fault = async () => {
    fault = undefined
    reached.resolve()
    await answer.promise
  }
  await addPod('survivor', { resourceClaimName: 'survives' })
  await reached.promise
  await cluster.client.delete(Node, { name: 'goes' })
  await eventually(() => cluster.scheduler.sight.view.node('goes') === undefined)
  await addDevices('tpu', 'a', 1)
  answer.reject(new Error('the connection is lost'))
  expect((await bound('survivor')).spec.nodeName).toBe('a')
})

test('without its template, class or free devices a pod waits and says why', async () => {
  await addPod('no-template', { resourceClaimTemplateName: 'gone' })
  await eventually(async () =>
    expect(await events('no-template')).toContain(
      'FailedResourceClaimCreation: PodResourceClaim gpu: resource claim template "gone": resourceclaimtemplate.resource.k8s.io "gone" not found',
    ),
  )
  expect(cluster.scheduler.sight.placeOf((await podOf('no-template')).metadata.uid)?.state).toBe('Gated')
  await addDriver('later', { a: 1 })
  await addTemplate('gone', 'later')
  await bound('no-template')

  await addClaim('classless', 'unknown')
  await addPod('no-class', { resourceClaimName: 'classless' })
  await eventually(async () =>
    expect(await events('no-class')).toContainEqual(
      expect.stringContaining('0/2 nodes are available: request r: device class unknown does not exist.'),
    ),
  )
  await addDriver('unknown', { a: 1 })
  await bound('no-class')
})

test('a selector that cannot be asked ends the attempt, as a fault of the scheduler’s', async () => {
  await addDevices('odd', 'a', 1)
  const selectors = [{ cel: { expression: 'device.attributes["odd.example.com"].missing == 1' } }]
  await cluster.client.create(DeviceClass, { metadata: { name: 'odd' }, spec: { selectors } })
  await addClaim('odd', 'odd')
  await addPod('puzzled', { resourceClaimName: 'odd' })
  await eventually(async () =>
    expect((await podOf('puzzled')).status.conditions).toMatchObject([
      {
        type: 'PodScheduled',
        reason: 'SchedulerError',
        message:
          'running "DynamicResources" filter plugin: class odd: selector #0: CEL runtime error: no such key: missing',
      },
    ]),
  )
  await remove('puzzled')
})

test('a pod that came to its node without the scheduler gets its reservation from the controller', async () => {
  await addDriver('usb', { a: 1 })
  await addClaim('plugged', 'usb')
  await addPod('scheduled', { resourceClaimName: 'plugged' })
  await bound('scheduled')
  await addPod('placed', { resourceClaimName: 'plugged' }, { nodeName: 'a' })
  await eventually(async () => expect(await holders('plugged')).toEqual(['scheduled', 'placed']))
})

test('a pod of which the controller’s cache still shows its predecessor keeps its claim', async () => {
  await addDriver('slow', { a: 1 })
  await addClaim('kept-by-next', 'slow')
  await addPod('next', { resourceClaimName: 'kept-by-next' })
  const pod = await bound('next')
  const pods = new ObjectCache<Pod>()
  pods.set(`${namespace}/next`, { ...pod, metadata: { ...pod.metadata, uid: 'before' } })
  const { client } = cluster
  const lister = () => pods
  const { signal } = new AbortController()
  await new ResourceClaimController().reconcile(await claimOf('kept-by-next'), { client, lister, signal } as never)
  expect(await holders('kept-by-next')).toEqual(['next'])
})

test('a claim that the controller’s cache does not show yet is not made twice', async () => {
  const template = { metadata: { namespace, name: 'unseen' }, spec: { spec: { devices: devices('unseen') } } }
  const templates = new ObjectCache<ResourceClaimTemplate>()
  templates.set(`${namespace}/unseen`, template as ResourceClaimTemplate)
  const lister = (type: unknown) => (type === ResourceClaimTemplate ? templates : new ObjectCache())
  const context = { client: cluster.client, lister, signal: new AbortController().signal } as never
  const pod = await addPod('impatient', { resourceClaimTemplateName: 'unseen' }, { schedulerName: 'nobody' })
  const controller = new PodResourceClaims(systemClock)
  await controller.reconcile(pod, context)
  await controller.reconcile(pod, context)
  const { items } = await cluster.client.list(ResourceClaim, { namespace })
  expect(items.filter(({ metadata }) => metadata.generateName === 'impatient-gpu-')).toHaveLength(1)
})

test('a claim that is deleted under its waiting pod is made again', async () => {
  await addDriver('scarce', {})
  await addTemplate('scarce', 'scarce')
  await addPod('waiting', { resourceClaimTemplateName: 'scarce' })
  const made = async () => (await podOf('waiting')).status.resourceClaimStatuses?.[0]?.resourceClaimName ?? ''
  const before = await eventually(async () => {
    const name = await made()
    expect(name).not.toBe('')
    return name
  })
  await cluster.client.delete(ResourceClaim, { namespace, name: before })
  await eventually(async () => expect(await made()).not.toBe(before))
  await claimOf(await made())
})

test('a quota by device class counts what claims can get', async () => {
  await cluster.client.create(ResourceQuota, {
    metadata: { namespace, name: 'devices' },
    spec: { hard: { 'metered.deviceclass.resource.k8s.io/devices': '3' } },
  })
  await cluster.client.create(ResourceClaim, {
    metadata: { namespace, name: 'two' },
    spec: { devices: devices('metered', 2) },
  })
  const many = cluster.client.create(ResourceClaim, {
    metadata: { namespace, name: 'more' },
    spec: { devices: devices('metered', 2) },
  })
  await expect(many).rejects.toThrow(
    'exceeded quota: devices, requested: metered.deviceclass.resource.k8s.io/devices=2, used: metered.deviceclass.resource.k8s.io/devices=2, limited: metered.deviceclass.resource.k8s.io/devices=3',
  )
  await eventually(async () => {
    const { used } = (await cluster.client.get(ResourceQuota, { namespace, name: 'devices' })).status
    expect(used).toEqual({ 'metered.deviceclass.resource.k8s.io/devices': '2' })
  })
})

test.each([
  ['web', 'gpu', 'web-gpu-'],
  ['p'.repeat(60), 'c'.repeat(20), `${'p'.repeat(41)}-${'c'.repeat(13)}`],
])('the claims of pod %s and claim %s are named %s…', (pod, claim, prefix) => {
  expect(claimPrefix(pod, claim)).toBe(prefix)
})

/** A driver's word about the device of a claim. */
async function tell(name: string, type: string): Promise<void> {
  const claim = await claimOf(name)
  const [result] = claim.status.allocation?.devices?.results ?? []
  const { driver, pool, device } = result!
  const condition = {
    type,
    status: 'True',
    reason: 'Told',
    message: 'by "it"',
    lastTransitionTime: '2026-01-01T00:00:00Z',
  }
  const devices = [{ driver, pool, device, conditions: [condition] }]
  await cluster.client.updateStatus(ResourceClaim, { ...claim, status: { ...claim.status, devices } })
}
/** Devices that any node can have, each only once it is attached. */
async function addAttachable(kind: string, count: number): Promise<void> {
  await cluster.client.create(ResourceSlice, {
    metadata: { name: kind },
    spec: {
      driver: `${kind}.example.com`,
      allNodes: true,
      pool: { name: kind, generation: 1, resourceSliceCount: 1 },
      devices: Array.from({ length: count }, (_, i) => ({
        name: `d${i}`,
        bindsToNode: true,
        bindingConditions: ['Attached'],
        bindingFailureConditions: ['Broken'],
      })),
    },
  })
  const selectors = [{ cel: { expression: `device.driver == "${kind}.example.com"` } }]
  await cluster.client.create(DeviceClass, { metadata: { name: kind }, spec: { selectors } })
}

test('a pod waits for its device until the driver has made it ready', async () => {
  await addAttachable('fabric', 1)
  await addClaim('fabric', 'fabric')
  await addPod('waits', { resourceClaimName: 'fabric' })
  await eventually(async () =>
    expect(await events('waits')).toContainEqual(
      expect.stringMatching(/^BindingConditionsPending: waiting for binding conditions for device on node [abc]$/),
    ),
  )
  const { allocation } = (await claimOf('fabric')).status
  expect(allocation?.allocationTimestamp).toBeTruthy()
  expect(allocation?.devices?.results?.[0]).toMatchObject({
    bindingConditions: ['Attached'],
    bindingFailureConditions: ['Broken'],
  })
  expect((await podOf('waits')).spec.nodeName).toBeUndefined()
  await tell('fabric', 'Attached')
  const { spec } = await bound('waits')
  expect(allocation?.nodeSelector?.nodeSelectorTerms?.[0]?.matchFields?.[0]?.values).toEqual([spec.nodeName])
})

test('a device that its driver cannot make ready is given back, and another one taken', async () => {
  await addAttachable('shaky', 2)
  await addClaim('shaky', 'shaky')
  await addPod('moves', { resourceClaimName: 'shaky' })
  const deviceOf = async () => (await claimOf('shaky')).status.allocation?.devices?.results?.[0]?.device
  await eventually(async () => expect(await deviceOf()).toBe('d0'))
  const slice = await cluster.client.get(ResourceSlice, { name: 'shaky' })
  const [first, second] = slice.spec.devices!
  const tainted = { ...first!, taints: [{ key: 'broken', effect: 'NoSchedule' }] }
  await cluster.client.update(ResourceSlice, { ...slice, spec: { ...slice.spec, devices: [tainted, second!] } })
  await tell('shaky', 'Broken')
  await eventually(async () => expect(await deviceOf()).toBe('d1'))
  expect((await claimOf('shaky')).status.devices).toBeUndefined()
  const why = String.raw`device binding failed: claim=shaky, reason=Told, message="by \"it\""`
  expect((await events('moves')).join()).toContain(why)
  await tell('shaky', 'Attached')
  await bound('moves')
})

test('claims share a device by its capacity, and give their part back', async () => {
  await cluster.client.create(ResourceSlice, {
    metadata: { name: 'card' },
    spec: {
      driver: 'card.example.com',
      nodeName: 'b',
      pool: { name: 'card', generation: 1, resourceSliceCount: 1 },
      devices: [{ name: 'd0', allowMultipleAllocations: true, capacity: { memory: { value: '80Gi' } } }],
    },
  })
  const selectors = [{ cel: { expression: 'device.driver == "card.example.com"' } }]
  await cluster.client.create(DeviceClass, { metadata: { name: 'card' }, spec: { selectors } })
  const exactly = { deviceClassName: 'card', capacity: { requests: { memory: '40Gi' } } }
  for (const name of ['part-1', 'part-2', 'part-3']) {
    const spec = { devices: { requests: [{ name: 'r', exactly }] } }
    await cluster.client.create(ResourceClaim, { metadata: { namespace, name }, spec })
    await addPod(name, { resourceClaimName: name })
    if (name !== 'part-3') await bound(name)
  }
  const resultOf = async (name: string) => (await claimOf(name)).status.allocation?.devices?.results?.[0]
  const [first, second] = [await resultOf('part-1'), await resultOf('part-2')]
  expect(first).toMatchObject({ device: 'd0', consumedCapacity: { memory: '40Gi' } })
  expect(second?.shareID).not.toBe(first?.shareID)
  await eventually(async () => expect((await events('part-3')).join()).toContain('cannot allocate all claims'))
  await remove('part-1')
  await bound('part-3')
})
