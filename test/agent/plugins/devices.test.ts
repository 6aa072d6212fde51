// Device plugins over the real agent, real Docker and real device nodes: what the node offers, who gets which device,
// and what a container sees of it.
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Event, Node, type Pod } from '../../../src/shared/api/core/v1.ts'
import { eventually } from '../../support/eventually.ts'
import { type DevicePluginSettings, TestDevicePlugin } from '../../support/plugins/device-plugin.ts'
import { docker } from '../support/node.ts'
import { TestNode, statusOf } from '../support/test-node.ts'

const RESOURCE = 'example.com/null'
const SLOW_MS = 60_000

let node: TestNode
let folder: string
const plugins: TestDevicePlugin[] = []
beforeAll(async () => {
  node = await TestNode.start()
  folder = join(node.folder.path, 'data', 'device-plugins')
})
afterAll(async () => {
  for (const plugin of plugins) await plugin[Symbol.asyncDispose]()
  await node?.[Symbol.asyncDispose]()
})

/** A device that swallows what is written, as /dev/null does. */
function makeNode(name: string): string {
  const path = join(node.folder.path, name)
  execFileSync('mknod', [path, 'c', '1', '3'])
  return path
}

async function start(settings: Partial<DevicePluginSettings> = {}): Promise<TestDevicePlugin> {
  const plugin = new TestDevicePlugin(folder, {
    resource: RESOURCE,
    devices: { a: 'Healthy', b: 'Healthy' },
    give: ids => ({ envs: { DEVICES: [...ids].sort().join(',') } }),
    ...settings,
  })
  plugins.push(plugin)
  await plugin.serve()
  await plugin.register()
  return plugin
}

const offered = async (resource = RESOURCE) => {
  const { status } = await node.client.get(Node, { name: node.nodeName })
  return [status.capacity?.[resource], status.allocatable?.[resource]]
}
const untilOffered = (capacity: string, allocatable: string, resource = RESOURCE) =>
  eventually(async () => expect(await offered(resource)).toEqual([capacity, allocatable]), SLOW_MS)

const inside = (pod: Pod, ...command: string[]) =>
  docker('exec', statusOf(pod).containerID!.replace('docker://', ''), ...command)

const wanting = (count: number, resource = RESOURCE, script?: string, name?: string) => ({
  ...node.container(script, name),
  resources: { limits: { [resource]: String(count) }, requests: { [resource]: String(count) } },
})

describe('device plugins', () => {
  it('have their devices offered by the node, as long as they are healthy', async () => {
    const plugin = await start()
    await untilOffered('2', '2')
    plugin.set({ a: 'Healthy', b: 'Unhealthy' })
    await untilOffered('2', '1')
    await plugin[Symbol.asyncDispose]()
    await untilOffered('2', '0')
  })

  it('are told why they cannot register', async () => {
    const plugin = new TestDevicePlugin(folder, { resource: 'cpu', devices: {}, give: () => ({}) })
    await expect(plugin.register()).rejects.toThrow('the ResourceName "cpu" is invalid')
    await expect(plugin.register('v1alpha')).rejects.toThrow(
      'requested API version "v1alpha" is not supported by kubelet. Supported version is "v1beta1"',
    )
  })

  it('give containers devices, mounts and variables', async () => {
    const device = makeNode('null-a')
    const shared = join(node.folder.path, 'data', 'plugins', 'shared')
    mkdirSync(shared, { recursive: true })
    writeFileSync(join(shared, 'file'), 'from the plugin')
    const resource = 'example.com/full'
    await start({
      resource,
      devices: { a: 'Healthy' },
      give: () => ({
        envs: { FROM_PLUGIN: 'yes', OWN: 'plugin' },
        devices: [{ hostPath: device, containerPath: '/dev/example', permissions: 'rw' }],
        mounts: [
          { hostPath: '/var/lib/kubelet/plugins/shared', containerPath: '/shared', readOnly: true },
          { hostPath: '/var/lib/kubelet/plugins/made/for/it', containerPath: '/made' },
        ],
      }),
    })
    await untilOffered('1', '1', resource)
    await node.run('full', {
      containers: [{ ...wanting(1, resource), env: [{ name: 'OWN', value: 'pod' }] }],
    })
    const pod = await node.ready('full')
    expect(inside(pod, 'sh', '-c', 'echo x > /dev/example && ls -l /dev/example')).toMatch(/^c.* 1, +3 /)
    expect(inside(pod, 'cat', '/shared/file')).toBe('from the plugin')
    expect(() => inside(pod, 'touch', '/shared/other')).toThrow(/Read-only/)
    inside(pod, 'touch', '/made/file')
    expect(existsSync(join(node.folder.path, 'data', 'plugins', 'made', 'for', 'it', 'file'))).toBe(true)
    expect(inside(pod, 'sh', '-c', 'echo $FROM_PLUGIN $OWN')).toBe('yes pod')
    expect(statusOf(pod).allocatedResourcesStatus).toEqual([
      { name: resource, resources: [{ resourceID: 'a', health: 'Healthy' }] },
    ])
    await node.remove('full')
  })

  it('give each device to one pod at a time, and let a pod fail that gets none', async () => {
    const resource = 'example.com/scarce'
    await start({ resource })
    await untilOffered('2', '2', resource)
    await node.run('both', { containers: [wanting(2, resource)] })
    const both = await node.ready('both')
    expect(inside(both, 'sh', '-c', 'echo $DEVICES')).toBe('a,b')
    await node.run('late', { containers: [wanting(1, resource)] })
    const late = await node.until('late', ({ status }) => status.phase === 'Failed')
    expect(late.status.reason).toBe(`OutOf${resource}`)
    await node.remove('both')
    await node.run('next', { containers: [wanting(1, resource)] })
    await node.ready('next')
    await node.remove('next')
    await node.remove('late')
  })

  it('let a pod fail whose devices they do not give, in upstream’s words', async () => {
    const resource = 'example.com/refused'
    await start({
      resource,
      give: () => {
        throw new Error('broken')
      },
    })
    await untilOffered('2', '2', resource)
    await node.run('refused', { containers: [wanting(1, resource)] })
    const pod = await node.until('refused', ({ status }) => status.phase === 'Failed')
    expect(pod.status.reason).toBe('UnexpectedAdmissionError')
    expect(pod.status.message).toBe(
      'Pod was rejected: Allocate failed due to rpc error: code = Unknown desc = broken, which is unexpected',
    )
    const { items } = await node.client.list(Event, { namespace: 'default' })
    expect(items.some(({ reason, involvedObject }) => reason === 'UnexpectedAdmissionError' && involvedObject.name === 'refused')).toBe(true) // prettier-ignore
    await node.remove('refused')
  })

  it('choose which devices are taken, prepare them before a container starts, and give those of init containers again', async () => {
    const resource = 'example.com/choosy'
    const plugin = await start({
      resource,
      devices: { a: 'Healthy', b: 'Healthy', c: 'Healthy' },
      prefers: ['c', 'b'],
      preStartRequired: true,
    })
    await untilOffered('3', '3', resource)
    await node.run('choosy', {
      initContainers: [wanting(1, resource, 'true', 'first')],
      containers: [wanting(2, resource)],
    })
    const pod = await node.ready('choosy')
    expect(inside(pod, 'sh', '-c', 'echo $DEVICES')).toBe('b,c')
    expect(plugin.calls).toEqual([
      'prefer 1 of a,b,c', 'allocate c', 'prefer 2 of a,b,c', 'allocate b,c', 'prestart c', 'prestart b,c',
    ]) // prettier-ignore
    await node.remove('choosy')
  })

  it('keep what pods have over a restart of the agent, and register again', async () => {
    const resource = 'example.com/kept'
    const plugin = await start({ resource })
    await untilOffered('2', '2', resource)
    await node.run('kept', { containers: [wanting(1, resource)] })
    const before = await node.ready('kept')
    const taken = inside(before, 'sh', '-c', 'echo $DEVICES')
    await plugin[Symbol.asyncDispose]()
    await node.stopAgent()
    await node.startAgent()
    // Nothing is offered until the plugin is back, and the pod runs on.
    await untilOffered('0', '0', resource)
    await node.until('kept', ({ status }) => status.containerStatuses?.[0]?.allocatedResourcesStatus?.[0]?.resources?.[0]?.health === 'Unknown') // prettier-ignore
    await plugin.serve()
    await plugin.register()
    await untilOffered('2', '2', resource)
    const after = await node.ready('kept')
    expect(statusOf(after).containerID).toBe(statusOf(before).containerID)
    await node.run('other', { containers: [wanting(1, resource)] })
    const other = await node.ready('other')
    expect([taken, inside(other, 'sh', '-c', 'echo $DEVICES')].sort()).toEqual(['a', 'b'])
    plugin.set({ a: 'Unhealthy', b: 'Unhealthy' })
    await node.until(
      'other',
      pod => statusOf(pod).allocatedResourcesStatus?.[0]?.resources?.[0]?.health === 'Unhealthy',
    )
    await node.remove('kept')
    await node.remove('other')
    const written = () => readFileSync(join(node.folder.path, 'data/device-allocations.json'), 'utf8')
    await eventually(() => expect(JSON.parse(written())).toMatchObject({ allocations: [] }), SLOW_MS)
  })

  it('give devices by the names that the Container Device Interface has for them', async () => {
    const vendor = `test-${node.nodeName}.example.com`
    const device = makeNode('null-cdi')
    mkdirSync('/var/run/cdi', { recursive: true })
    const file = `/var/run/cdi/${vendor}.json`
    const edits = {
      env: ['FROM_CDI=yes'],
      deviceNodes: [
        { path: '/dev/by-cdi', hostPath: device },
        { path: '/dev/by-numbers', type: 'c', major: 1, minor: 3, fileMode: 0o640, gid: 77 },
      ],
      additionalGids: [4321],
    }
    const devices = [{ name: 'one', containerEdits: edits }]
    writeFileSync(file, JSON.stringify({ cdiVersion: '0.6.0', kind: `${vendor}/null`, devices }))
    try {
      const resource = 'example.com/cdi'
      const give = (name: string) => () => ({ cdiDevices: [{ name: `${vendor}/null=${name}` }] })
      await start({ resource, devices: { a: 'Healthy' }, give: give('one') })
      await start({ resource: 'example.com/none', devices: { a: 'Healthy' }, give: give('none') })
      await untilOffered('1', '1', resource)
      await untilOffered('1', '1', 'example.com/none')
      await node.run('cdi', { containers: [wanting(1, resource)] })
      const pod = await node.ready('cdi')
      expect(inside(pod, 'sh', '-c', 'echo x > /dev/by-cdi && echo $FROM_CDI $(id -G)')).toMatch(/^yes .*4321/)
      expect(inside(pod, 'sh', '-c', 'echo x > /dev/by-numbers && ls -ln /dev/by-numbers')).toMatch(
        /^crw-r----- +1 0 +77 +1, +3 /,
      )
      await node.run('none', { containers: [wanting(1, 'example.com/none')] })
      const none = await node.until(
        'none',
        each => statusOf(each)?.state?.waiting?.reason?.startsWith('Create') === true,
      )
      expect(statusOf(none).state?.waiting?.message).toBe(`unresolvable CDI devices ${vendor}/null=none`)
      await node.remove('cdi')
      await node.remove('none')
    } finally {
      rmSync(file)
    }
  })
})
