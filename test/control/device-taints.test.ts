// Pods whose devices get a NoExecute taint; the test plays driver and scheduler.
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { Node, Pod, ServiceAccount } from '../../src/shared/api/core/v1.ts'
import {
  type DeviceTaint,
  type DeviceToleration,
  DeviceClass,
  ResourceClaim,
  ResourceSlice,
} from '../../src/shared/api/resource/v1.ts'
import { formatTime } from '../../src/shared/machinery/clock.ts'
import { conditionOf } from '../../src/shared/machinery/conditions.ts'
import { eventually } from '../support/eventually.ts'
import { ManualClock } from '../support/manual-clock.ts'
import { type Cluster, eventsAbout, startCluster } from './support/cluster.ts'

const namespace = 'default'
const driver = 'gpu.example.com'
let cluster: Cluster
let clock: ManualClock
beforeEach(async () => {
  clock = new ManualClock(Date.now())
  cluster = await startCluster({ clock })
  await eventually(() => cluster.client.get(ServiceAccount, { namespace, name: 'default' }))
  await cluster.client.create(Node, { metadata: { name: 'a' }, spec: {} })
  await cluster.client.create(DeviceClass, { metadata: { name: 'gpu' }, spec: {} })
  await cluster.client.create(ResourceSlice, {
    metadata: { name: 'slice' },
    spec: {
      driver,
      nodeName: 'a',
      pool: { name: 'a', generation: 1, resourceSliceCount: 1 },
      devices: [{ name: 'd0' }, { name: 'd1' }],
    },
  })
})
afterEach(() => cluster?.[Symbol.asyncDispose]())

async function use(name: string, device: string, tolerations: DeviceToleration[] = []): Promise<Pod> {
  const claim = await cluster.client.create(ResourceClaim, {
    metadata: { namespace, name },
    spec: { devices: { requests: [{ name: 'r', exactly: { deviceClassName: 'gpu', tolerations } }] } },
  })
  const pod = await cluster.client.create(Pod, {
    metadata: { namespace, name },
    spec: {
      nodeName: 'a',
      containers: [{ name: 'c', image: 'c:1' }],
      resourceClaims: [{ name: 'gpu', resourceClaimName: name }],
    },
  })
  const result = { request: 'r', driver, pool: 'a', device, ...(tolerations.length ? { tolerations } : {}) }
  await cluster.client.updateStatus(ResourceClaim, {
    ...claim,
    status: {
      allocation: { devices: { results: [result] } },
      reservedFor: [{ resource: 'pods', name, uid: pod.metadata.uid }],
    },
  })
  return pod
}
async function taint(device: string, ...taints: Omit<DeviceTaint, 'key'>[]): Promise<void> {
  const slice = await cluster.client.get(ResourceSlice, { name: 'slice' })
  const devices = slice.spec.devices?.map(each =>
    each.name === device ? { ...each, taints: taints.map(given => ({ key: 'broken', ...given })) } : each,
  )
  await cluster.client.update(ResourceSlice, { ...slice, spec: { ...slice.spec, devices: devices ?? [] } })
}
const noExecute = () => ({ effect: 'NoExecute', timeAdded: formatTime(clock.now()) })
const podOf = (name: string) => cluster.client.get(Pod, { namespace, name })
const isLeaving = async (name: string) => (await podOf(name)).metadata.deletionTimestamp !== undefined
const leaves = (name: string) =>
  eventually(async () => {
    await clock.advance(20)
    expect(await isLeaving(name)).toBe(true)
  })
const events = (name: string) => eventsAbout(cluster.client, namespace, name)

describe('a device that gets a NoExecute taint', () => {
  test('loses the pods that use it, which are told why; pods on other devices stay', async () => {
    await use('victim', 'd0')
    await use('other', 'd1')
    await taint('d0', noExecute())
    await leaves('victim')
    expect(conditionOf((await podOf('victim')).status.conditions, 'DisruptionTarget')).toMatchObject({
      status: 'True',
      reason: 'DeletionByDeviceTaintManager',
      message: 'Device Taint manager: deleting due to NoExecute taint',
    })
    await eventually(async () =>
      expect(await events('victim')).toContain('DeviceTaintManagerEviction: Marking for deletion'),
    )
    expect(await isLeaving('other')).toBe(false)
  })

  test('keeps those that tolerate it, for as long as they do', async () => {
    const forever: DeviceToleration = { key: 'broken', operator: 'Exists', effect: 'NoExecute' }
    await use('forever', 'd0', [forever])
    await use('minute', 'd0', [{ ...forever, tolerationSeconds: 60 }])
    await taint('d0', noExecute())
    await clock.advance(55_000)
    expect(await isLeaving('minute')).toBe(false)
    await clock.advance(10_000)
    await leaves('minute')
    expect(await isLeaving('forever')).toBe(false)
  })

  test('keeps them when the taint is taken away in time', async () => {
    await use('spared', 'd0', [{ operator: 'Exists', tolerationSeconds: 60 }])
    await taint('d0', noExecute())
    await clock.advance(30_000)
    await taint('d0')
    await eventually(async () => {
      await clock.advance(20)
      expect(await events('spared')).toContain('DeviceTaintManagerEviction: Cancelling deletion')
    })
    await clock.advance(60_000)
    expect(await isLeaving('spared')).toBe(false)
  })

  test('other effects, and what an older generation of the pool says, move nobody', async () => {
    await use('stays', 'd0')
    await taint('d0', { effect: 'NoSchedule' }, { effect: 'None' })
    await cluster.client.create(ResourceSlice, {
      metadata: { name: 'old' },
      spec: {
        driver,
        nodeName: 'a',
        pool: { name: 'a', generation: 0, resourceSliceCount: 1 },
        devices: [{ name: 'd0', taints: [{ key: 'broken', ...noExecute() }] }],
      },
    })
    await use('leaves', 'd1')
    await taint('d1', noExecute())
    await leaves('leaves')
    expect(await isLeaving('stays')).toBe(false)
  })

  test('has the time of the taint from the server, where the driver gives none', async () => {
    await taint('d0', { effect: 'NoExecute' })
    const slice = await cluster.client.get(ResourceSlice, { name: 'slice' })
    expect(slice.spec.devices?.[0]?.taints?.[0]?.timeAdded).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/)
  })
})
