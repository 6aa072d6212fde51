// The cgroup of a pod as a whole: its weight, its limits, its end. Over real Docker and the kernel's own files.
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { limitHugePages } from '../../src/agent/kubelet/cgroups/huge-pages.ts'
import { propertiesOf } from '../../src/agent/kubelet/cgroups/systemd-cgroups.ts'
import { asQuantities, kernelName, machineHugePages } from '../../src/agent/kubelet/node/huge-pages.ts'
import { onlyWider } from '../../src/agent/kubelet/cgroups/parent-limits.ts'
import { limitsOf, oomScoreAdj, podAmountsOf } from '../../src/agent/kubelet/spec/resources.ts'
import { CGROUP_ROOT, cgroupPathsOf } from '../../src/agent/kubelet/runtime/cgroup-paths.ts'
import { Event, Node, Pod, type PodSpec } from '../../src/shared/api/core/v1.ts'
import { eventually } from '../support/eventually.ts'
import { docker } from './support/node.ts'
import { TestNode, statusOf } from './support/test-node.ts'

let node: TestNode
const PAGES = '/sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages'
const pagesBefore = readFileSync(PAGES, 'utf8')
beforeAll(async () => {
  writeFileSync(PAGES, '2')
  node = await TestNode.start()
})
afterAll(async () => {
  await node?.[Symbol.asyncDispose]()
  writeFileSync(PAGES, pagesBefore)
})

/** @returns the folder of a container's cgroup */
async function cgroupOf(pod: Pod, name: string, controller: string): Promise<string> {
  const id = statusOf(pod, name).containerID!.replace('docker://', '')
  const paths = await cgroupPathsOf(Number(docker('inspect', '-f', '{{.State.Pid}}', id)))
  const path = paths.get(controller)
  return path === undefined ? join(CGROUP_ROOT, paths.get('')!) : join(CGROUP_ROOT, controller, path)
}
const isUnified = existsSync(join(CGROUP_ROOT, 'cgroup.controllers'))
const setting = (folder: string, legacy: string, unified: string) =>
  readFileSync(join(folder, isUnified ? unified : legacy), 'utf8').trim()
describe('a pod has a cgroup of its own', () => {
  it('with the weight of all its requests and the limits of the pod as a whole', async () => {
    await node.run('whole', {
      resources: { limits: { cpu: '500m', memory: '64Mi' } },
      containers: ['one', 'two'].map(name => ({ ...node.container(undefined, name), resources: { requests: { cpu: '100m' } } })), // prettier-ignore
    })
    const pod = await node.ready('whole')
    const [one, two] = await Promise.all(['one', 'two'].map(name => cgroupOf(pod, name, 'cpu')))
    const ofPod = dirname(one!)
    expect(dirname(two!)).toBe(ofPod)
    expect(basename(ofPod)).toBe(`pod${pod.metadata.uid}`)
    expect(setting(ofPod, 'cpu.shares', 'cpu.weight')).toBe(isUnified ? '8' : '204')
    expect(setting(ofPod, 'cpu.cfs_quota_us', 'cpu.max')).toBe(isUnified ? '50000 100000' : '50000')
    const memory = dirname(await cgroupOf(pod, 'one', 'memory'))
    expect(setting(memory, 'memory.limit_in_bytes', 'memory.max')).toBe(String(64 * 1024 ** 2))
    await node.remove('whole')
    const left = ['', ...readdirSync(CGROUP_ROOT)].filter(name =>
      existsSync(join(CGROUP_ROOT, name, 'flotilla', basename(ofPod))),
    )
    expect(left).toEqual([])
  })
  it('in which containers without limits of their own cannot use more than the pod has together', async () => {
    const fill = (name: string) => `dd if=/dev/zero of=/ram/${name} bs=1M count=40 2> /dev/null; echo ended with $?`
    const scripts = {
      one: `${fill('one')}; touch /ram/next; sleep 100000 & wait`,
      two: `until [ -e /ram/next ]; do sleep 0.1; done; ${fill('two')}; sleep 100000 & wait`,
    }
    const containers = Object.entries(scripts).map(([name, script]) => ({
      ...node.container(script, name),
      volumeMounts: [{ name: 'ram', mountPath: '/ram' }],
    }))
    const spec: Partial<PodSpec> = {
      resources: { limits: { memory: '64Mi' } },
      restartPolicy: 'Never',
      volumes: [{ name: 'ram', emptyDir: { medium: 'Memory' } }],
      containers,
    }
    await node.run('full', spec)
    const pod = await node.ready('full')
    const logOf = (name: string) => docker('logs', statusOf(pod, name).containerID!.replace('docker://', ''))
    await eventually(() => logOf('one') === 'ended with 0' && logOf('two') === 'ended with 137', 20_000)
    await node.remove('full')
  })
  it('whose weight follows a resize', async () => {
    const resources = { requests: { cpu: '100m' } }
    await node.run('grows', { containers: [{ ...node.container(), resources }] })
    const before = await node.ready('grows')
    const ofPod = dirname(await cgroupOf(before, 'main', 'cpu'))
    expect(setting(ofPod, 'cpu.shares', 'cpu.weight')).toBe(isUnified ? '4' : '102')
    const patch = { spec: { containers: [{ name: 'main', resources: { requests: { cpu: '200m' } } }] } }
    await node.client.patch(Pod, { namespace: 'default', name: 'grows' }, patch, { subresource: 'resize' })
    await eventually(() => setting(ofPod, 'cpu.shares', 'cpu.weight') === (isUnified ? '8' : '204'), 20_000)
    await node.remove('grows')
  })
  it('whose limits follow a resize of the pod as a whole, and with them its containers without limits', async () => {
    const resources = { requests: { cpu: '100m' }, limits: { cpu: '200m', memory: '64Mi' } }
    const restartPolicy = 'RestartContainer'
    await node.run('resized', {
      resources,
      containers: [
        node.container(undefined, 'free'),
        { ...node.container(undefined, 'own'), resources: { limits: { cpu: '100m', memory: '16Mi' } } },
        { ...node.container(undefined, 'anew'), resizePolicy: [{ resourceName: 'memory', restartPolicy }] },
      ],
    })
    const before = await node.ready('resized')
    expect(before.status.allocatedResources).toEqual({ cpu: '100m', memory: '16Mi' })
    expect(before.status.resources).toEqual({ requests: { cpu: '100m', memory: '16Mi' }, limits: resources.limits })
    const folderOf = async (name: string) => dirname(await cgroupOf(before, 'own', name))
    const [cpu, memory] = await Promise.all([folderOf('cpu'), folderOf('memory')])
    const limits = (cpuFolder: string, memoryFolder: string) => [
      setting(cpuFolder, 'cpu.cfs_quota_us', 'cpu.max').replace(' 100000', ''),
      setting(memoryFolder, 'memory.limit_in_bytes', 'memory.max'),
    ]
    expect(limits(cpu, memory)).toEqual(['20000', String(64 << 20)])
    const resize = (wanted: object) =>
      node.client.patch(Pod, { namespace: 'default', name: 'resized' }, { spec: { resources: wanted } }, { subresource: 'resize' }) // prettier-ignore
    const after = async (
      wanted: { limits: Record<string, string>; requests: Record<string, string> },
      restarts: number,
    ) => {
      await resize(wanted)
      const pod = await node.until(
        'resized',
        ({ status }) =>
          status.resources?.limits?.memory === wanted.limits.memory &&
          !status.conditions?.some(({ type }) => type === 'PodResizeInProgress') &&
          status.containerStatuses?.every(({ ready, name }) => ready && name !== '') === true &&
          statusOf({ status } as Pod, 'anew').restartCount === restarts,
      )
      expect(pod.status.allocatedResources).toEqual(wanted.requests)
      return pod
    }
    const larger = await after(
      { limits: { cpu: '500m', memory: '128Mi' }, requests: { cpu: '300m', memory: '96Mi' } },
      1,
    )
    expect(limits(cpu, memory)).toEqual(['50000', String(128 << 20)])
    const free = await Promise.all(['cpu', 'memory'].map(name => cgroupOf(larger, 'free', name)))
    expect(limits(free[0]!, free[1]!)).toEqual(['50000', String(128 << 20)])
    const own = await Promise.all(['cpu', 'memory'].map(name => cgroupOf(larger, 'own', name)))
    expect(limits(own[0]!, own[1]!)).toEqual(['10000', String(16 << 20)])
    expect(statusOf(larger, 'free').restartCount).toBe(0)
    await after({ limits: { cpu: '150m', memory: '32Mi' }, requests: { cpu: '120m', memory: '32Mi' } }, 2)
    expect(limits(cpu, memory)).toEqual(['15000', String(32 << 20)])
    await node.remove('resized')
  })
  it('whose memory never shrinks below what is in use', async () => {
    const of = (memory: string) => ({ requests: { memory }, limits: { memory } })
    const script = 'dd if=/dev/zero of=/ram/some bs=1M count=20 2> /dev/null; touch /ram/done; sleep 100000 & wait'
    const volumeMounts = [{ name: 'ram', mountPath: '/ram' }]
    await node.run('used', {
      resources: of('64Mi'),
      volumes: [{ name: 'ram', emptyDir: { medium: 'Memory' } }],
      containers: [
        { ...node.container(script), volumeMounts, readinessProbe: { exec: { command: ['ls', '/ram/done'] } } },
      ],
    })
    await node.ready('used')
    const resize = (memory: string) =>
      node.client.patch(Pod, { namespace: 'default', name: 'used' }, { spec: { resources: of(memory) } }, { subresource: 'resize' }) // prettier-ignore
    await resize('8Mi')
    const inProgress = (pod: Pod) => pod.status.conditions?.find(({ type }) => type === 'PodResizeInProgress')
    const stuck = await node.until('used', pod => inProgress(pod)?.reason === 'Error')
    expect(inProgress(stuck)?.message).toMatch(
      /^cannot decrease memory limits: \[attempting to set pod memory limit \(8388608\) below current usage \(\d+\), attempting to set container "main" memory limit \(8388608\) below current usage \(\d+\)\]$/,
    )
    expect(stuck.status).toMatchObject({ resources: of('64Mi'), allocatedResources: { memory: '8Mi' } })
    await resize('48Mi')
    const done = await node.until('used', pod => !inProgress(pod) && pod.status.resources?.limits?.memory === '48Mi')
    expect(statusOf(done).restartCount).toBe(0)
    await node.remove('used')
  })
})

describe('what a pod as a whole is given', () => {
  const pod = (spec: Partial<PodSpec>, qosClass = 'Burstable') =>
    ({ metadata: { uid: 'u' }, spec: { containers: [], ...spec }, status: { qosClass } }) as unknown as Pod
  const requests = (memory: string) => ({ resources: { requests: { memory } } })

  const sized = (name: string, limits: Record<string, string>) => ({
    ...{ name, image: 'i' },
    resources: { requests: { cpu: '250m' }, limits },
  })
  const amounts = (spec: Partial<PodSpec>) => podAmountsOf(pod(spec), { podPidsLimit: 100 })

  it('are the weight of its requests, and the limits of its containers together if each of them has one', () => {
    const one = sized('one', { cpu: '1', memory: '16Mi' })
    expect(amounts({ containers: [one] })).toEqual({
      cpuShares: 256, cpuQuota: 100_000, cpuPeriod: 100_000, memoryBytes: 16 << 20, pids: 100, hugePages: new Map(),
      mustHold: false,
    }) // prettier-ignore
    expect(amounts({ containers: [one, sized('two', { cpu: '500m' })] })).toMatchObject({
      cpuQuota: 150_000,
      memoryBytes: 0,
    })
    expect(podAmountsOf(pod({}), { podPidsLimit: 0 })).toMatchObject({ cpuShares: 2, pids: 0 })
  })
  it('are such limits as it asks for itself, before those of its containers', () => {
    const containers = [sized('one', { cpu: '1' }), sized('two', {})]
    expect(amounts({ containers, resources: { limits: { cpu: '2' } } })).toMatchObject({
      cpuQuota: 200_000,
      mustHold: true,
    })
  })
  it('bounds each of its containers that has no limit of its own', () => {
    const containers = [sized('one', { cpu: '1' }), sized('two', {})]
    const whole = pod({ containers, resources: { limits: { cpu: '2', memory: '32Mi' } } })
    const limits = containers.map(container => limitsOf(whole, container, { memoryBytes: 2 ** 30, podPidsLimit: 0 }))
    expect(limits).toMatchObject([
      { cpuQuota: 100_000, memoryBytes: 32 << 20, cpuShares: 256 },
      { cpuQuota: 200_000, memoryBytes: 32 << 20, cpuShares: 256 },
    ])
  })
  it('grows before its containers do: of limits that are wanted, those wider than now', () => {
    const wanted = amounts({ resources: { limits: { cpu: '2', memory: '32Mi' } } })
    expect(onlyWider(wanted, { cpuQuota: 100_000, memoryBytes: 64 << 20 })).toMatchObject({
      cpuQuota: 200_000,
      memoryBytes: 0,
    })
    expect(onlyWider(wanted, { cpuQuota: 0, memoryBytes: 0 })).toMatchObject({ cpuQuota: 0, memoryBytes: 0 })
  })
  it('are told to systemd in its own units', () => {
    const amounts = {
      cpuShares: 1024,
      cpuQuota: 150_000,
      cpuPeriod: 100_000,
      memoryBytes: 1024,
      pids: 7,
      hugePages: new Map(),
      mustHold: false,
    }
    expect(propertiesOf(amounts)).toEqual([
      'CPUWeight=39', 'CPUQuota=150%', 'MemoryMax=1024', 'MemorySwapMax=0', 'TasksMax=7',
    ]) // prettier-ignore
  })
  it('protects its containers by their parts of what it requests', () => {
    const one = { name: 'one', image: 'i', ...requests('100') }
    const two = { name: 'two', image: 'i' }
    const whole = pod({ containers: [one, two], ...requests('500') })
    expect(oomScoreAdj(whole, one, 1000)).toBe(1000 - 300)
    expect(oomScoreAdj(whole, two, 1000)).toBe(1000 - 200)
  })
  it('protects a sidecar as well as the least protected of its containers, and what the node needs most of all', () => {
    const side = { name: 'side', image: 'i', restartPolicy: 'Always' }
    const containers = [
      { name: 'one', image: 'i', ...requests('100') },
      { name: 'two', image: 'i', ...requests('300') },
    ]
    expect(oomScoreAdj(pod({ containers, initContainers: [side] }), side, 1000)).toBe(900)
    expect(oomScoreAdj(pod({ containers, priorityClassName: 'system-node-critical' }), containers[0]!, 1000)).toBe(-997)
  })
})

describe('huge pages', () => {
  const asking = (amount: string) => {
    const resources = { limits: { 'hugepages-2Mi': amount, memory: '16Mi' } }
    return { ...node.container(), resources, volumeMounts: [{ name: 'pages', mountPath: '/pages' }] }
  }
  const volumes = [{ name: 'pages', emptyDir: { medium: 'HugePages-2Mi' } }]

  it('that the machine has set aside are told, mounted, and given only as far as they go', async () => {
    const { status } = await eventually(async () => {
      const found = await node.client.get(Node, { name: node.nodeName })
      expect(found.status.capacity).toBeDefined()
      return found
    })
    expect(status.capacity).toMatchObject({ 'hugepages-2Mi': '4Mi', 'hugepages-1Gi': '0' })
    await node.run('pages', { containers: [asking('2Mi')], volumes })
    const id = statusOf(await node.ready('pages')).containerID!.replace('docker://', '')
    expect(docker('exec', id, 'grep', '/pages', '/proc/mounts')).toMatch(/hugetlbfs .*pagesize=2M/)
    await node.run('too-many', { containers: [asking('4Mi')], volumes })
    const refused = await node.until('too-many', pod => pod.status.phase === 'Failed')
    expect(refused.status).toMatchObject({
      reason: 'OutOfhugepages-2Mi',
      message: `Pod was rejected: Node didn't have enough resource: hugepages-2Mi, requested: 4194304, used: 2097152, capacity: 4194304`,
    })
    await Promise.all([node.remove('pages'), node.remove('too-many')])
  })

  it('that no container asks for are no medium', async () => {
    await node.run('unasked', {
      volumes,
      containers: [{ ...node.container(), volumeMounts: asking('2Mi').volumeMounts }],
    })
    await eventually(async () => {
      const { items } = await node.client.list(Event, { namespace: 'default' })
      expect(items.map(({ message }) => message)).toContain(
        'MountVolume.SetUp failed for volume "pages" : medium HugePages-2Mi: hugePages storage requested, but there is no resource request for huge pages',
      )
    })
    await node.remove('unasked')
  })

  it('are limited in the pod’s cgroup to what its containers ask for, of other sizes to none', async () => {
    const folder = join(node.folder.path, 'cgroup')
    mkdirSync(folder)
    const files = ['2MB.limit_in_bytes', '2MB.rsvd.limit_in_bytes', '1GB.max', '2MB.usage_in_bytes']
    for (const name of files) writeFileSync(join(folder, `hugetlb.${name}`), '?')
    const resources = { limits: { 'hugepages-2Mi': '6Mi' } }
    const spec = { containers: [{ name: 'c', image: 'i', resources }] }
    await limitHugePages(folder, podAmountsOf({ spec } as unknown as Pod, { podPidsLimit: 0 }).hugePages)
    expect(files.map(name => readFileSync(join(folder, `hugetlb.${name}`), 'utf8'))).toEqual([
      String(6 * 1024 ** 2), String(6 * 1024 ** 2), '0', '?',
    ]) // prettier-ignore
  })

  it('are counted by the kernel’s sizes', async () => {
    const folder = join(node.folder.path, 'sizes')
    mkdirSync(folder)
    for (const [size, pages] of [['2048', '3'], ['1048576', '0'], ['64', '16']] as const) {
      mkdirSync(join(folder, `hugepages-${size}kB`))
      writeFileSync(join(folder, `hugepages-${size}kB`, 'nr_hugepages'), `${pages}\n`)
    } // prettier-ignore
    expect(asQuantities(await machineHugePages(folder))).toEqual({
      'hugepages-1Gi': '0', 'hugepages-2Mi': '6Mi', 'hugepages-64Ki': '1Mi',
    }) // prettier-ignore
    expect([64 * 1024, 2 * 1024 ** 2, 1024 ** 3].map(kernelName)).toEqual(['64KB', '2MB', '1GB'])
  })
})
