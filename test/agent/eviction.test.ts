// What happens when the node, or a pod, runs out of something.
import { execFileSync } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, test } from 'vitest'
import { EvictionManager } from '../../src/agent/kubelet/eviction/eviction-manager.ts'
import { storageExcess } from '../../src/agent/kubelet/eviction/local-storage.ts'
import { rankForEviction } from '../../src/agent/kubelet/eviction/rank.ts'
import { DEFAULT_THRESHOLDS, type NodeUsage, amountOf, shortages } from '../../src/agent/kubelet/eviction/thresholds.ts'
import { ImageGc, removePulledImages } from '../../src/agent/kubelet/images/image-gc.ts'
import type { RuntimePod } from '../../src/agent/kubelet/runtime/contract.ts'
import { podDiskUsage, totalBytes } from '../../src/agent/kubelet/stats/disk-usage.ts'
import { DockerRuntime } from '../../src/agent/kubelet/runtime/docker/docker-runtime.ts'
import { Event, Node, type Pod } from '../../src/shared/api/core/v1.ts'
import { systemClock } from '../../src/shared/machinery/clock.ts'
import { silentLog } from '../../src/shared/machinery/log.ts'
import { eventually } from '../support/eventually.ts'
import { ManualClock } from '../support/manual-clock.ts'
import { docker, temporaryFolder } from './support/node.ts'
import { TestNode, statusOf } from './support/test-node.ts'

describe('the order of eviction', () => {
  const candidate = (name: string, memoryMi: number, request = '0', priority = 0) => ({
    pod: {
      metadata: { name },
      spec: { priority, containers: [{ name: 'main', resources: { requests: { memory: request } } }] },
    } as unknown as Pod,
    memoryBytes: memoryMi * 2 ** 20,
    diskBytes: 0,
    pids: memoryMi,
  })
  const names = (list: readonly { pod: Pod }[]) => list.map(({ pod }) => pod.metadata.name)

  test('takes those above their requests first, then the less important, then the greatest excess', () => {
    const ranked = rankForEviction(
      [
        candidate('within', 500, '1Gi'),
        candidate('above', 200, '100Mi'),
        candidate('far-above', 300, '100Mi'),
        candidate('above-important', 900, '100Mi', 1000),
      ],
      'memory',
    )
    expect(names(ranked)).toEqual(['far-above', 'above', 'above-important', 'within'])
  })
  test('for processes goes by priority, then by their number', () => {
    const ranked = rankForEviction(
      [candidate('few', 1), candidate('many', 9), candidate('important', 99, '0', 1)],
      'pids',
    )
    expect(names(ranked)).toEqual(['many', 'few', 'important'])
  })
})

describe('storage of a pod', () => {
  const limit = (amount: string) => ({ resources: { limits: { 'ephemeral-storage': amount } } })
  const pod = {
    spec: {
      initContainers: [{ name: 'log', restartPolicy: 'Always', ...limit('1000') }],
      containers: [{ name: 'main', ...limit('2000') }, { name: 'free' }],
      volumes: [{ name: 'v', emptyDir: {} }],
    },
  } as unknown as Pod
  const used = (containers: Record<string, number>, volume = 0) => ({
    containers: new Map(
      Object.entries(containers).map(([name, bytes]) => [name, { writableLayer: bytes - 1, logs: 1 }]),
    ),
    emptyDirs: new Map([['v', volume]]),
    inMemory: new Map(),
  })

  test('is counted together, with its volumes, against the sum of the limits that there are', () => {
    expect(storageExcess(pod, used({ main: 1000, free: 1000 }, 1000))).toBeUndefined()
    expect(storageExcess(pod, used({ main: 1000, free: 1000 }, 1001))).toBe(
      'Pod ephemeral local storage usage exceeds the total limit of containers 3k. ',
    )
  })
  test('is not what it has in memory', async () => {
    const folder = temporaryFolder()
    try {
      for (const name of ['disk', 'memory']) {
        const volume = join(folder.path, 'volumes', 'kubernetes.io~empty-dir', name)
        mkdirSync(volume, { recursive: true })
        writeFileSync(join(volume, 'file'), Buffer.alloc(100_000, 1))
      }
      const volumes = [
        { name: 'disk', emptyDir: {} },
        { name: 'memory', emptyDir: { medium: 'Memory' } },
      ]
      const containers = [{ name: 'main', ...limit('150k') }]
      const filling = { metadata: { uid: 'u' }, spec: { containers, volumes } } as unknown as Pod
      const engine = { pod: () => Promise.resolve({ containers: [] } as unknown as RuntimePod), disk: () => Promise.resolve({ writableLayer: 0, logs: 0 }) } // prettier-ignore
      const usage = await podDiskUsage(filling, folder.path, engine)
      expect(usage.inMemory.get('memory')).toBeGreaterThanOrEqual(100_000)
      expect(totalBytes(usage)).toBeLessThan(150_000)
      expect(storageExcess(filling, usage)).toBeUndefined()
    } finally {
      folder.remove()
    }
  })
  test('of one container is held to its own limit', () => {
    expect(storageExcess(pod, used({ main: 2001 }))).toBe(
      'Container main exceeded its local ephemeral storage limit "2000". ',
    )
  })
})

describe('a threshold', () => {
  const machine = {
    memoryAvailableBytes: 50 * 2 ** 20, diskAvailableBytes: 6, diskTotalBytes: 100, inodesAvailable: 0, inodesTotal: 0,
    pids: 0, maxPids: 100, cpuNanoseconds: 0, cpuAtMs: 0,
  } // prettier-ignore
  test('is an amount or a share of the whole', () => {
    expect([amountOf('100Mi', 0), amountOf('12.5%', 1000)]).toEqual([104_857_600, 125])
  })
  test('is met by less than it, and not where the file system counts no inodes', () => {
    const usage = { memoryBytes: 2 ** 30, node: machine, images: machine }
    const short = (images: number) =>
      shortages(DEFAULT_THRESHOLDS, { ...usage, images: { ...machine, diskAvailableBytes: images } })
    expect(short(6).map(({ signal }) => signal)).toEqual(['memory.available'])
    expect(short(4).map(({ signal }) => signal)).toEqual(['memory.available', 'imagefs.available'])
  })
})

describe('a pressure', () => {
  const GONE_MS = 300_000
  const machine = {
    memoryAvailableBytes: 2 ** 30, diskAvailableBytes: 50, diskTotalBytes: 100, inodesAvailable: 50, inodesTotal: 100,
    pids: 0, maxPids: 100, cpuNanoseconds: 0, cpuAtMs: 0,
  } // prettier-ignore
  const setUp = () => {
    const clock = new ManualClock()
    const disk = { node: { ...machine }, images: { ...machine } }
    const evictions = new EvictionManager({
      thresholds: DEFAULT_THRESHOLDS,
      periodMs: 10_000,
      usage: () => Promise.resolve({ memoryBytes: 2 ** 31, ...disk }),
      pods: () => [],
      readings: () => Promise.resolve([]),
      diskUsage: () => Promise.reject(new Error('there is no pod')),
      reclaimDisk: () => Promise.resolve(),
      evict: () => undefined,
      reclaiming: () => undefined,
      clock,
      log: silentLog,
    })
    return { clock, disk, evictions, told: () => [...evictions.pressures] }
  }

  test('is told until five minutes after it was seen last, however often it came back meanwhile', async () => {
    const { clock, disk, evictions, told } = setUp()
    disk.images.diskAvailableBytes = 4
    await evictions.check()
    expect(told()).toEqual(['DiskPressure'])
    disk.images.diskAvailableBytes = 50
    await clock.advance(GONE_MS - 1)
    await evictions.check()
    expect(told()).toEqual(['DiskPressure'])
    disk.node.inodesAvailable = 4
    await evictions.check()
    disk.node.inodesAvailable = 50
    await clock.advance(GONE_MS - 1)
    await evictions.check()
    expect(told()).toEqual(['DiskPressure'])
    await clock.advance(1)
    expect(told()).toEqual([])
  })
  test('does not end with a clock that is set, and each has its own end', async () => {
    const { clock, disk, evictions, told } = setUp()
    disk.node.pids = 99
    await evictions.check()
    await clock.advance(GONE_MS / 2)
    disk.node.pids = 0
    disk.node.memoryAvailableBytes = 0
    await evictions.check()
    clock.sleep(86_400_000)
    expect(told().toSorted()).toEqual(['MemoryPressure', 'PIDPressure'])
    await clock.advance(GONE_MS / 2)
    expect(told()).toEqual(['MemoryPressure'])
  })
})

describe('pods of a node that is short of memory', () => {
  test('go one at a time: the next one when what the last one had is free, or after half a minute', async () => {
    const clock = new ManualClock()
    const pods = ['a', 'b', 'c'].map(
      uid => ({ metadata: { uid }, spec: { containers: [] }, status: { phase: 'Running' } }) as unknown as Pod,
    )
    const evicted: string[] = []
    const evictions = new EvictionManager({
      thresholds: { 'memory.available': '100Mi' },
      periodMs: 10_000,
      usage: () =>
        Promise.resolve({
          memoryBytes: 2 ** 31,
          node: { memoryAvailableBytes: 0 },
          images: {},
        } as unknown as NodeUsage),
      pods: () => pods,
      readings: () => Promise.resolve([]),
      diskUsage: () => Promise.reject(new Error('nobody asks')),
      reclaimDisk: () => Promise.resolve(),
      evict: ({ metadata }) => evicted.push(metadata.uid),
      reclaiming: () => undefined,
      clock,
      log: silentLog,
    })
    const checkIn = async (ms: number) => {
      await clock.advance(ms)
      await evictions.check()
      return [...evicted]
    }
    expect(await checkIn(0)).toEqual(['a'])
    expect(await checkIn(10_000)).toEqual(['a'])
    pods.shift() // it has stopped
    expect(await checkIn(1_000)).toEqual(['a', 'b'])
    expect(await checkIn(29_000)).toEqual(['a', 'b'])
    expect(await checkIn(1_000)).toEqual(['a', 'b', 'c'])
    expect([...evictions.pressures]).toEqual(['MemoryPressure'])
  })
})

describe('images that nobody uses', () => {
  const folder = temporaryFolder()
  const tiny = (name: string) => {
    const tar = execFileSync('tar', ['-c', '-C', '/etc', 'hostname'])
    execFileSync('docker', ['import', '--change', `LABEL name=${name}`, '-', `flotilla-test/${name}:1`], { input: tar })
    return docker('image', 'inspect', '-f', '{{.Id}}', `flotilla-test/${name}:1`)
  }
  const has = (id: string) => docker('image', 'ls', '-aq', '--no-trunc').split('\n').includes(id)
  afterAll(() => {
    for (const name of ['gc-used', 'gc-foreign', 'gc-young']) docker('image', 'rm', '-f', `flotilla-test/${name}:1`)
    folder.remove()
  })

  test('go when the disk is full: those that this node pulled, are not young, and no container is made of', async () => {
    const runtime = await DockerRuntime.connect({
      socketPath: '/var/run/docker.sock',
      instance: 'test',
      clock: systemClock,
    })
    const clock = new ManualClock()
    const disk = { diskAvailableBytes: 2, diskTotalBytes: 20 }
    const failures: string[] = []
    const gc = new ImageGc({
      runtime,
      dataDir: folder.path,
      disk: () => Promise.resolve(disk),
      onFailed: message => failures.push(message),
      clock,
      log: silentLog,
    })
    const [idle, used, foreign, young] = ['gc-idle', 'gc-used', 'gc-foreign', 'gc-young'].map(tiny) as [
      string, string, string, string,
    ] // prettier-ignore
    const container = docker('create', used, '/none')
    try {
      await gc.notePulled(idle)
      await gc.notePulled(used)
      await clock.advance(180_000)
      await gc.notePulled(young)
      await gc.collect()
      expect([idle, used, foreign, young].map(has)).toEqual([false, true, true, true])
      disk.diskAvailableBytes = 0
      await gc.collect()
      expect(failures).toEqual([
        'Failed to garbage collect required amount of images. Attempted to free 4 bytes, but only found 0 bytes eligible to free.',
      ])
      expect(await removePulledImages(runtime, folder.path)).toBe(1)
      expect([used, foreign, young].map(has)).toEqual([true, true, false])
    } finally {
      docker('rm', container)
    }
  })
})

test('pulled images are noted where a power cut has emptied the list of them', async () => {
  const folder = temporaryFolder()
  try {
    writeFileSync(join(folder.path, 'pulled-images.json'), '')
    const gc = new ImageGc({
      runtime: {} as DockerRuntime,
      dataDir: folder.path,
      disk: () => Promise.reject(new Error('nobody asks')),
      onFailed: () => undefined,
      clock: new ManualClock(),
      log: silentLog,
    })
    await gc.notePulled('sha256:1')
    expect(readFileSync(join(folder.path, 'pulled-images.json'), 'utf8')).toContain('sha256:1')
  } finally {
    folder.remove()
  }
})

describe('on a node', () => {
  let node: TestNode
  beforeAll(async () => {
    node = await TestNode.start()
  })
  afterAll(() => node?.[Symbol.asyncDispose]())
  const evictionsOf = async (name: string) =>
    (await node.client.list(Event, { namespace: 'default' })).items
      .filter(({ involvedObject, reason }) => involvedObject.name === name && reason === 'Evicted')
      .map(({ message }) => message)

  it('a pod that fills its emptyDir beyond the limit is evicted', async () => {
    await node.run('filler', {
      volumes: [{ name: 'v', emptyDir: { sizeLimit: '1Mi' } }],
      containers: [
        {
          ...node.container('head -c 3000000 /dev/zero > /v/big; trap exit TERM; sleep 100000 & wait'),
          volumeMounts: [{ name: 'v', mountPath: '/v' }],
        },
      ],
    })
    const pod = await node.until('filler', ({ status }) => status.phase === 'Failed')
    expect(pod.status).toMatchObject({
      reason: 'Evicted',
      message: 'Usage of EmptyDir volume "v" exceeds the limit "1Mi". ',
    })
    expect(pod.status.conditions?.find(({ type }) => type === 'DisruptionTarget')).toMatchObject({
      status: 'True',
      reason: 'TerminationByKubelet',
    })
    await node.remove('filler')
  })

  it('a container that writes more than its ephemeral-storage limit takes its pod down', async () => {
    await node.run('writer', {
      containers: [
        {
          ...node.container('head -c 3000000 /dev/zero > /big; trap exit TERM; sleep 100000 & wait', 'writer'),
          resources: { limits: { 'ephemeral-storage': '1Mi' } },
        },
        { ...node.container(), resources: { limits: { 'ephemeral-storage': '1Gi' } } },
      ],
    })
    const pod = await node.until('writer', ({ status }) => status.phase === 'Failed')
    expect(pod.status.message).toBe('Container writer exceeded its local ephemeral storage limit "1Mi". ')
    // What it has written is what there was too little room for.
    const { uid } = pod.metadata
    await eventually(() => docker('ps', '-aq', '--filter', `label=io.kubernetes.pod.uid=${uid}`) === '', 30_000)
    expect(statusOf(await node.get('writer'), 'writer')).toEqual(statusOf(pod, 'writer'))
    await node.remove('writer')
  })

  it('short of memory evicts what it may, reports MemoryPressure, and takes no more BestEffort pods', async () => {
    await node.run('needed', { priority: 2_000_001_000 })
    await node.run('fat')
    await node.ready('needed')
    await node.ready('fat')
    await node.stopAgent()
    await node.startAgent({ evictionHard: { 'memory.available': '100Ti' } })
    const pod = await node.until('fat', ({ status }) => status.phase === 'Failed')
    expect(pod.status.message).toMatch(
      /^The node was low on resource: memory. Threshold quantity: 107374182400Ki, available: \d+Ki. Container main was using \d+Ki, request is 0, has larger consumption of memory. $/,
    )
    await eventually(async () => (await evictionsOf('fat')).length === 1)
    await eventually(async () => {
      const { status } = await node.client.get(Node, { name: node.nodeName })
      return status.conditions?.some(({ type, status: is }) => type === 'MemoryPressure' && is === 'True')
    }, 20_000)
    await eventually(async () => {
      const { items } = await node.client.list(Event, { namespace: 'default' })
      const about = items.filter(({ involvedObject: { kind, name } }) => kind === 'Node' && name === node.nodeName)
      const told = (reason: string) => `${reason}: Node ${node.nodeName} status is now: ${reason}`
      expect(about.map(({ reason, message }) => `${reason}: ${message}`)).toEqual(
        expect.arrayContaining([
          'Starting: Starting kubelet.', told('NodeReady'), told('NodeHasInsufficientMemory'),
          told('NodeHasNoDiskPressure'), 'EvictionThresholdMet: Attempting to reclaim memory',
        ]),
      ) // prettier-ignore
    })
    await node.run('more')
    const rejected = await node.until('more', ({ status }) => status.phase === 'Failed')
    expect(rejected.status).toMatchObject({
      reason: 'Evicted',
      message: 'Pod was rejected: The node had condition: [MemoryPressure]. ',
    })
    expect(statusOf(await node.get('needed')).state?.running).toBeDefined()
    for (const name of ['needed', 'fat', 'more']) await node.remove(name)
  })
})
