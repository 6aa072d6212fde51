// Extended resources that are devices: a whole control plane with its scheduler; the test plays driver and kubelet.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Node, Pod, ResourceQuota } from '../../src/shared/api/core/v1.ts'
import { DeviceClass, ResourceClaim, ResourceSlice } from '../../src/shared/api/resource/v1.ts'
import { isNotFound } from '../../src/shared/machinery/status.ts'
import { eventually } from '../support/eventually.ts'
import { eventsAbout } from './support/cluster.ts'
import { type ScheduledCluster, startScheduledCluster } from './support/scheduled-cluster.ts'

const namespace = 'default'
let cluster: ScheduledCluster
beforeAll(async () => {
  cluster = await startScheduledCluster()
})
afterAll(() => cluster?.[Symbol.asyncDispose]())

const addClass = (name: string, extendedResourceName?: string) =>
  cluster.client.create(DeviceClass, {
    metadata: { name },
    spec: {
      selectors: [{ cel: { expression: `device.driver == "${name}.example.com"` } }],
      ...(extendedResourceName ? { extendedResourceName } : {}),
    },
  })
async function addDevices(kind: string, nodeName: string, count: number): Promise<void> {
  await cluster.client.create(ResourceSlice, {
    metadata: { name: `${kind}-${nodeName}` },
    spec: {
      driver: `${kind}.example.com`,
      nodeName,
      pool: { name: nodeName, generation: 1, resourceSliceCount: 1 },
      devices: Array.from({ length: count }, (_, i) => ({ name: `d${i}` })),
    },
  })
}
const asking = (name: string, limits: Record<string, string>, more: object = {}) => ({
  ...{ name, image: 'c:1', resources: { limits } },
  ...more,
})
const addPod = (name: string, limits: Record<string, string>, spec: object = {}) =>
  cluster.client.create(Pod, { metadata: { namespace, name }, spec: { containers: [asking('c', limits)], ...spec } })
const podOf = (name: string) => cluster.client.get(Pod, { namespace, name })
const bound = (name: string) =>
  eventually(async () => {
    const pod = await podOf(name)
    expect(pod.spec.nodeName).toBeTruthy()
    return pod
  })
const claimOf = (pod: Pod) =>
  cluster.client.get(ResourceClaim, {
    namespace,
    name: pod.status.extendedResourceClaimStatus?.resourceClaimName ?? '',
  })
const finish = (name: string) =>
  cluster.client.patch(Pod, { namespace, name }, { status: { phase: 'Succeeded' } }, { subresource: 'status', type: 'merge' }) // prettier-ignore
const claims = async () => (await cluster.client.list(ResourceClaim, { namespace })).items
const remove = (name: string) => cluster.client.delete(Pod, { namespace, name }, { gracePeriodSeconds: 0 })

test('a pod that asks for an extended resource gets devices of its class by a claim of its own, until it is done', async () => {
  await addClass('gpu', 'example.com/gpu')
  await addDevices('gpu', 'b', 2)
  await addPod('first', { 'example.com/gpu': '2' })
  const first = await bound('first')
  expect(first.spec.nodeName).toBe('b')
  expect(first.status.extendedResourceClaimStatus).toEqual({
    resourceClaimName: expect.stringMatching(/^first-extended-resources-.{5}$/) as string,
    requestMappings: [{ containerName: 'c', resourceName: 'example.com/gpu', requestName: 'container-0-request-0' }],
  })
  const claim = await claimOf(first)
  expect(claim).toMatchObject({
    metadata: {
      annotations: { 'resource.kubernetes.io/extended-resource-claim': 'true' },
      ownerReferences: [{ kind: 'Pod', name: 'first', uid: first.metadata.uid, controller: true }],
      finalizers: ['resource.kubernetes.io/delete-protection'],
    },
    spec: { devices: { requests: [{ name: 'container-0-request-0', exactly: { deviceClassName: 'gpu', count: 2 } }] } },
    status: { reservedFor: [{ resource: 'pods', name: 'first', uid: first.metadata.uid }] },
  })
  const { results } = claim.status.allocation!.devices!
  expect(results!.map(({ device }) => device).sort()).toEqual(['d0', 'd1'])

  await addPod('second', { 'example.com/gpu': '1' })
  await eventually(async () =>
    expect(await eventsAbout(cluster.client, namespace, 'second')).toContainEqual(
      expect.stringMatching(/^FailedScheduling: 0\/2 nodes are available: 2 cannot allocate all claims\. /),
    ),
  )
  await finish('first')
  await eventually(() => claimOf(first).then(() => false, isNotFound))
  expect((await bound('second')).spec.nodeName).toBe('b')
  await remove('second')
  await eventually(async () => expect(await claims()).toEqual([]))
})

test('many pods at once get a device each, and no device is given twice', async () => {
  await addClass('tpu')
  for (const node of ['a', 'b']) await addDevices('tpu', node, 5)
  const names = Array.from({ length: 10 }, (_, i) => `tpu-${i}`)
  await Promise.all(names.map(name => addPod(name, { 'deviceclass.resource.kubernetes.io/tpu': '1' })))
  const pods = await Promise.all(names.map(bound))
  const given = (await Promise.all(pods.map(claimOf))).flatMap(({ status }) =>
    status.allocation!.devices!.results!.map(({ pool, device }) => `${pool}/${device}`),
  )
  expect(new Set(given).size).toBe(10)
  await Promise.all(names.map(remove))
  await eventually(async () => expect(await claims()).toEqual([]))
})

test('what a node has itself is counted there, and devices are given where it has none', async () => {
  await addClass('nic', 'example.com/nic')
  const size = (allocatable: object) =>
    cluster.client.patch(Node, { name: 'a' }, { status: { allocatable } }, { type: 'merge', subresource: 'status' })
  await size({ 'example.com/nic': '1' })
  await eventually(() => cluster.scheduler.sight.view.node('a')?.allocatable.scalar.get('example.com/nic') === 1)
  await addPod('plain', { 'example.com/nic': '1' })
  const plain = await bound('plain')
  expect(plain.spec.nodeName).toBe('a')
  expect(plain.status.extendedResourceClaimStatus).toBeUndefined()
  await addPod('more', { 'example.com/nic': '1' })
  await addDevices('nic', 'b', 1)
  const more = await bound('more')
  expect(more.spec.nodeName).toBe('b')
  expect((await claimOf(more)).status.allocation?.devices?.results).toMatchObject([{ driver: 'nic.example.com' }])
  await size({ 'example.com/nic': null })
  await Promise.all(['plain', 'more'].map(remove))
})

test('init containers use what the others will get, and the largest of them asks for what is missing', async () => {
  await addClass('fpga', 'example.com/fpga')
  await addDevices('fpga', 'a', 6)
  const of = (amount: string) => ({ 'example.com/fpga': amount })
  await cluster.client.create(Pod, {
    metadata: { namespace, name: 'stages' },
    spec: {
      initContainers: [
        asking('small', of('3')),
        asking('beside', of('1'), { restartPolicy: 'Always' }),
        asking('large', of('4')),
      ],
      containers: [asking('main', { ...of('1'), cpu: '1' }), { name: 'none', image: 'c:1' }],
    },
  })
  const pod = await bound('stages')
  const { spec } = await claimOf(pod)
  expect(spec.devices!.requests!.map(({ name, exactly }) => [name, exactly!.count])).toEqual([
    ['container-1-request-0', 1],
    ['container-2-request-0', 3],
    ['container-3-request-1', 1],
  ])
  expect(
    pod.status.extendedResourceClaimStatus!.requestMappings.map(each => [each.containerName, each.requestName]),
  ).toEqual([
    ['beside', 'container-1-request-0'],
    ['main', 'container-3-request-1'],
    ['small', 'container-1-request-0'],
    ['small', 'container-3-request-1'],
    ['small', 'container-2-request-0'],
    ['large', 'container-3-request-1'],
    ['large', 'container-2-request-0'],
  ])
  await remove('stages')
})

test('a pod waits for the class of what it asks for, and a claim of an attempt before is deleted first', async () => {
  await addDevices('usb', 'a', 1)
  await addPod('early', { 'example.com/usb': '1' })
  const early = await eventually(async () => {
    expect(await eventsAbout(cluster.client, namespace, 'early')).toContainEqual(
      expect.stringContaining('2 Insufficient example.com/usb'),
    )
    return podOf('early')
  })
  const { uid } = early.metadata
  const left = await cluster.client.create(ResourceClaim, {
    metadata: {
      namespace,
      name: 'left-over',
      annotations: { 'resource.kubernetes.io/extended-resource-claim': 'true' },
      ownerReferences: [{ apiVersion: 'v1', kind: 'Pod', name: 'early', uid, controller: true }],
      finalizers: ['resource.kubernetes.io/delete-protection'],
    },
    spec: { devices: { requests: [{ name: 'r', exactly: { deviceClassName: 'usb' } }] } },
  })
  await eventually(() => cluster.scheduler.sight.listers.resourceClaims.get(left.metadata) !== undefined)
  await addClass('usb', 'example.com/usb')
  const pod = await bound('early')
  expect(pod.status.extendedResourceClaimStatus?.resourceClaimName).not.toBe('left-over')
  await eventually(() => cluster.client.get(ResourceClaim, left.metadata).then(() => false, isNotFound))
})

test('a quota of an extended resource counts pods and claims of its devices, and what both are once', async () => {
  const name = 'metered'
  await addClass(name, 'example.com/metered')
  await addDevices(name, 'b', 4)
  await cluster.client.create(ResourceQuota, {
    metadata: { namespace, name },
    spec: {
      hard: { 'requests.example.com/metered': '3', 'requests.deviceclass.resource.kubernetes.io/metered': '8' },
    },
  })
  const used = async () => (await cluster.client.get(ResourceQuota, { namespace, name })).status.used
  const addClaim = (claim: string, count: number) =>
    cluster.client.create(ResourceClaim, {
      metadata: { namespace, name: claim },
      spec: { devices: { requests: [{ name: 'r', exactly: { deviceClassName: name, count } }] } },
    })
  await addClaim('one', 1)
  expect(await used()).toEqual({
    'requests.example.com/metered': '1',
    'requests.deviceclass.resource.kubernetes.io/metered': '1',
  })
  await addPod('metered', { 'example.com/metered': '2' })
  const pod = await bound('metered')
  // Its own claim counts by the class's name, which the pod did not ask by.
  await eventually(async () =>
    expect(await used()).toEqual({
      'requests.example.com/metered': '3',
      'requests.deviceclass.resource.kubernetes.io/metered': '3',
    }),
  )
  const exceeded =
    'exceeded quota: metered, requested: requests.example.com/metered=1, used: requests.example.com/metered=3, limited: requests.example.com/metered=3'
  await expect(addPod('too-many', { 'example.com/metered': '1' })).rejects.toThrow(exceeded)
  await expect(addClaim('too-many', 1)).rejects.toThrow(exceeded)
  await cluster.client.delete(ResourceClaim, { namespace, name: 'one' })
  await eventually(async () => expect((await used())?.['requests.example.com/metered']).toBe('2'))
  await addPod('fits', { 'example.com/metered': '1' })
  await bound('fits')
  // A pod that is done holds nothing more; its claim does until it is gone.
  for (const each of ['metered', 'fits']) await finish(each)
  await eventually(() => claimOf(pod).then(() => false, isNotFound))
  await eventually(async () => expect((await used())?.['requests.example.com/metered']).toBe('0'))
  await addClaim('three', 3)
  await cluster.client.delete(ResourceClaim, { namespace, name: 'three' })
  await cluster.client.delete(ResourceQuota, { namespace, name })
  for (const each of ['metered', 'fits']) await remove(each)
})

test('a pod whose own claim is refused is told so', async () => {
  const name = 'refused'
  await addClass(name, 'example.com/refused')
  await addDevices(name, 'b', 1)
  await cluster.client.create(ResourceQuota, {
    metadata: { namespace, name },
    spec: { hard: { 'requests.deviceclass.resource.kubernetes.io/refused': '0' } },
  })
  await addPod('refused', { 'example.com/refused': '1' })
  await eventually(async () => {
    const { conditions } = (await cluster.client.get(Pod, { namespace, name: 'refused' })).status
    expect(conditions).toMatchObject([{ type: 'PodScheduled', status: 'False', reason: 'SchedulerError' }])
    expect(conditions?.[0]?.message).toMatch(
      /^running PreBind plugin "DynamicResources": create claim for extended resources [^/]+\/: resourceclaims\.resource\.k8s\.io "refused-extended-resources-.{5}" is forbidden: exceeded quota: refused, /,
    )
  })
  await cluster.client.delete(ResourceQuota, { namespace, name })
  await remove('refused')
})

test('a quota counts claims by the resource that their class is, from when it is', async () => {
  const name = 'renamed'
  for (const each of [name, 'late']) await addClass(each)
  await cluster.client.create(ResourceQuota, {
    metadata: { namespace, name },
    spec: { hard: { 'requests.example.com/renamed': '2' } },
  })
  const claim = (each: string, deviceClassName = name) =>
    cluster.client.create(ResourceClaim, {
      metadata: { namespace, name: each },
      spec: { devices: { requests: [{ name: 'r', exactly: { deviceClassName, count: 2 } }] } },
    })
  for (const each of ['before', 'beside']) await claim(each)
  await claim('later', 'late')
  const rename = (each: string) =>
    cluster.client.patch(DeviceClass, { name: each }, { spec: { extendedResourceName: 'example.com/renamed' } })
  await rename(name)
  await eventually(async () => {
    const { used } = (await cluster.client.get(ResourceQuota, { namespace, name })).status
    expect(used).toEqual({ 'requests.example.com/renamed': '4' })
  })
  await expect(claim('after')).rejects.toThrow('used: requests.example.com/renamed=4,')
  await rename('late')
  await expect(claim('after')).rejects.toThrow('used: requests.example.com/renamed=6,')
  for (const each of ['before', 'beside', 'later'])
    await cluster.client.delete(ResourceClaim, { namespace, name: each })
  await cluster.client.delete(ResourceQuota, { namespace, name })
})
