// Drivers of dynamic resources over the real agent and real Docker: claims made ready for pods and given back.
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { getAllocatableResources, getPodResources, listPodResources } from '../../../src/agent/kubelet/devices/pod-resources.ts' // prettier-ignore
import { RpcClient } from '../../../src/agent/kubelet/plugins/rpc.ts'
import { Event, Pod } from '../../../src/shared/api/core/v1.ts'
import { ResourceClaim, ResourceSlice } from '../../../src/shared/api/resource/v1.ts'
import { eventually } from '../../support/eventually.ts'
import { type DriverSettings, TestDraDriver } from '../../support/plugins/dra-driver.ts'
import { docker } from '../support/node.ts'
import { TestNode, statusOf } from '../support/test-node.ts'

const SLOW_MS = 60_000
const namespace = 'default'

let node: TestNode
let vendor: string
let file: string
const drivers: TestDraDriver[] = []
beforeAll(async () => {
  node = await TestNode.start()
  vendor = `dra-${node.nodeName}.example.com`
  file = `/var/run/cdi/${vendor}.json`
  mkdirSync('/var/run/cdi', { recursive: true })
  const device = (name: string) => ({ name, containerEdits: { env: [`GOT_${name.toUpperCase()}=yes`] } })
  writeFileSync(
    file,
    JSON.stringify({ cdiVersion: '0.6.0', kind: `${vendor}/dev`, devices: [device('one'), device('two')] }),
  )
})
afterAll(async () => {
  rmSync(file, { force: true })
  for (const driver of drivers) await driver[Symbol.asyncDispose]()
  await node?.[Symbol.asyncDispose]()
})

async function drive(settings: Partial<DriverSettings> & Pick<DriverSettings, 'name'>): Promise<TestDraDriver> {
  const driver = new TestDraDriver(join(node.folder.path, 'data'), {
    prepare: () => [
      { requestNames: ['first'], poolName: 'pool', deviceName: 'dev', cdiDeviceIDs: [`${vendor}/dev=one`] },
      { requestNames: ['second'], poolName: 'pool', deviceName: 'other', cdiDeviceIDs: [`${vendor}/dev=two`] },
    ],
    ...settings,
  })
  drivers.push(driver)
  await driver.start()
  await eventually(() => expect(driver.announced?.statuses.at(-1)).toEqual({ pluginRegistered: true, error: '' }))
  return driver
}

/** A claim as the scheduler leaves it, and a pod that has it. */
async function runWith(
  name: string,
  driver: string,
  containers = [{ ...node.container(), resources: { claims: [{ name: 'gpu' }] } }],
) {
  // prettier-ignore
  const requests = ['first', 'second'].map(each => ({ name: each, exactly: { deviceClassName: 'gpu' } }))
  await node.client.create(ResourceClaim, { metadata: { namespace, name }, spec: { devices: { requests } } })
  const pod = await node.run(name, { containers, resourceClaims: [{ name: 'gpu', resourceClaimName: name }] })
  await share(name, driver, pod)
  return pod
}

async function share(name: string, driver: string, ...pods: Pod[]): Promise<void> {
  const results = [
    { request: 'first', driver, pool: 'pool', device: 'dev' },
    { request: 'second', driver, pool: 'pool', device: 'other' },
  ]
  const reservedFor = pods.map(({ metadata }) => ({ resource: 'pods', name: metadata.name, uid: metadata.uid }))
  const status = { allocation: { devices: { results } }, reservedFor }
  await node.client.patch(ResourceClaim, { namespace, name }, { status }, { type: 'merge', subresource: 'status' })
}

const inside = (pod: Pod, container: string, script: string) =>
  docker('exec', statusOf(pod, container).containerID!.replace('docker://', ''), 'sh', '-c', script)
const told = (name: string, message: string) =>
  eventually(async () => {
    const { items } = await node.client.list(Event, { namespace })
    const all = items.filter(({ involvedObject }) => involvedObject.name === name).map(each => each.message)
    expect(all).toContain(message)
  }, SLOW_MS)

describe('drivers of dynamic resources', () => {
  it('make the devices of a claim ready; each container gets those of its requests', async () => {
    const name = 'two.example.com'
    const driver = await drive({ name })
    const containers = [
      { ...node.container(undefined, 'all'), resources: { claims: [{ name: 'gpu' }] } },
      { ...node.container(undefined, 'second'), resources: { claims: [{ name: 'gpu', request: 'second' }] } },
      { ...node.container(undefined, 'none'), resources: { claims: [] } },
    ]
    await runWith('both', name, containers)
    const pod = await node.ready('both')
    const got = 'echo $GOT_ONE,$GOT_TWO'
    expect(['all', 'second', 'none'].map(each => inside(pod, each, got))).toEqual(['yes,yes', ',yes', ','])
    await node.remove('both')
    expect(driver.calls).toEqual(['prepare both', 'unprepare both'])
  })

  it('are asked in the older version where they speak that', async () => {
    const name = 'older.example.com'
    const driver = await drive({ name, service: 'v1beta1.DRAPlugin' })
    await runWith('older', name)
    await node.ready('older')
    await node.remove('older')
    expect(driver.calls).toEqual(['prepare older', 'unprepare older'])
  })

  it('make a claim ready once, and take it back when its last pod is gone, over a restart of the agent', async () => {
    const name = 'shared.example.com'
    const driver = await drive({ name })
    const first = await runWith('shared', name)
    const second = await node.run('sharer', {
      containers: [{ ...node.container(), resources: { claims: [{ name: 'gpu' }] } }],
      resourceClaims: [{ name: 'gpu', resourceClaimName: 'shared' }],
    })
    await share('shared', name, first, second)
    await Promise.all([node.ready('shared'), node.ready('sharer')])
    await node.stopAgent()
    await node.startAgent()
    await eventually(() => expect(driver.announced?.statuses).toHaveLength(2), SLOW_MS)
    await node.remove('shared')
    expect(driver.calls.filter(call => call.startsWith('unprepare'))).toEqual([])
    await node.remove('sharer')
    expect(driver.calls.filter(call => call.startsWith('unprepare'))).toEqual(['unprepare shared'])
  })

  it('keep a pod waiting that they do not make ready, and one from going while they do not take it back', async () => {
    const name = 'moody.example.com'
    let mood = 'not in the mood'
    const driver = await drive({
      name,
      prepare: () => {
        if (mood) throw new Error(mood)
        return []
      },
    })
    await runWith('moody', name)
    await told('moody', `Failed to prepare dynamic resources: prepare dynamic resources: NodePrepareResources failed for ResourceClaim moody: not in the mood`) // prettier-ignore
    mood = ''
    await node.ready('moody')
    driver.refusal = 'busy'
    const { uid } = (await node.get('moody')).metadata
    await node.client.delete(Pod, { namespace, name: 'moody' })
    await eventually(() => expect(driver.calls).toContain('unprepare moody'), SLOW_MS)
    // A driver is asked once nothing of the pod runs that may still have its devices.
    expect(docker('ps', '-q', '--filter', `label=io.kubernetes.pod.uid=${uid}`)).toBe('')
    expect((await node.get('moody')).metadata.deletionTimestamp).toBeDefined()
    driver.refusal = ''
    await node.remove('moody').catch(() => undefined) // gone already
    await eventually(async () => expect(await node.get('moody').catch(() => undefined)).toBeUndefined(), SLOW_MS)
  })

  it('tell of the health of devices, and others learn who has which', async () => {
    const name = 'health.example.com'
    const driver = await drive({ name })
    await runWith('healthy', name)
    const first = (health: string) => (pod: Pod) =>
      statusOf(pod)?.allocatedResourcesStatus?.[0]?.resources?.[0]?.health === health
    const pod = await node.until('healthy', first('Healthy'))
    expect(statusOf(pod).allocatedResourcesStatus).toEqual([
      {
        name: 'claim:gpu',
        resources: [
          { resourceID: `${vendor}/dev=one`, health: 'Healthy', message: 'as told' },
          { resourceID: `${vendor}/dev=two`, health: 'Unknown' },
        ],
      },
    ])
    driver.fail()
    await node.until('healthy', first('Unhealthy'))
    using client = await RpcClient.open(join(node.folder.path, 'data/pod-resources/kubelet.sock'))
    const { podResources } = await client.call(getPodResources, { podName: 'healthy', podNamespace: namespace })
    expect(podResources?.containers[0]?.dynamicResources).toMatchObject([
      { claimName: 'healthy', claimNamespace: namespace, claimResources: [{ driverName: name, poolName: 'pool', deviceName: 'dev' }, { deviceName: 'other' }] }, // prettier-ignore
    ])
    const { podResources: all } = await client.call(listPodResources, {})
    expect(all.map(each => each.name)).toContain('healthy')
    expect((await client.call(getAllocatableResources, {})).devices).toEqual([])
    await expect(client.call(getPodResources, { podName: 'none', podNamespace: namespace })).rejects.toThrow(
      'pod none in namespace default not found',
    )
    await node.remove('healthy')
  })

  it('have what they offered taken back when the agent starts, and when they are gone for good', async () => {
    const slice = (name: string, driver: string) =>
      node.client.create(ResourceSlice, {
        metadata: { name },
        spec: { nodeName: node.nodeName, driver, pool: { name, generation: 1, resourceSliceCount: 1 }, devices: [] },
      })
    const names = async () => (await node.client.list(ResourceSlice)).items.map(({ metadata }) => metadata.name)
    await slice('before', 'before.example.com')
    await node.stopAgent()
    await node.startAgent()
    await eventually(async () => expect(await names()).toEqual([]), SLOW_MS)
    const driver = await drive({ name: 'leaving.example.com' })
    await slice('leaving', 'leaving.example.com')
    await slice('staying', 'staying.example.com')
    await driver[Symbol.asyncDispose]()
    await eventually(async () => expect(await names()).toEqual(['staying']), SLOW_MS)
  })
})
