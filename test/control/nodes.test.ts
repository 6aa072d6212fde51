import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { CidrSet } from '../../src/main/controllers/node-ipam/cidr-set.ts'
import { writeTaints } from '../../src/main/controllers/node-lifecycle/write-taints.ts'
import { Node, Pod, ServiceAccount } from '../../src/shared/api/core/v1.ts'
import { Lease } from '../../src/shared/api/coordination/v1.ts'
import { formatMicroTime, formatTime } from '../../src/shared/machinery/clock.ts'
import { conditionOf } from '../../src/shared/machinery/conditions.ts'
import { eventually } from '../support/eventually.ts'
import { ManualClock } from '../support/manual-clock.ts'
import { type Cluster, eventsAbout, reportPod, startCluster } from './support/cluster.ts'

let cluster: Cluster
let clock: ManualClock
beforeEach(async () => {
  clock = new ManualClock(Date.now())
  cluster = await startCluster({ clock })
  await eventually(() => cluster.client.get(ServiceAccount, { namespace: 'default', name: 'default' }))
})
afterEach(() => cluster?.[Symbol.asyncDispose]())

const namespace = 'kube-node-lease'
const getNode = (name: string) => cluster.client.get(Node, { name })
const taintsOf = async (name: string) =>
  ((await getNode(name)).spec.taints ?? []).map(t => `${t.key}:${t.effect}`).sort()
const ready = (status: string) => [
  { type: 'Ready', status, reason: 'KubeletReady', message: '', lastHeartbeatTime: formatTime(clock.now()) },
]

async function join(name: string): Promise<void> {
  await cluster.client.create(Node, { metadata: { name }, spec: {} })
  await report(name, 'True')
  const spec = { holderIdentity: name, leaseDurationSeconds: 40, renewTime: formatMicroTime(clock.now()) }
  await cluster.client.create(Lease, { metadata: { namespace, name }, spec })
}
const report = (name: string, status: string) =>
  cluster.client.patch(
    Node,
    { name },
    { status: { conditions: ready(status) } },
    { subresource: 'status', type: 'merge' },
  )
const renew = (name: string) =>
  cluster.client.patch(
    Lease,
    { namespace, name },
    { spec: { renewTime: formatMicroTime(clock.now()) } },
    { type: 'merge' },
  )

/** Time passes in steps in which the named nodes renew their leases. */
async function pass(seconds: number, alive: string[]): Promise<void> {
  for (let passed = 0; passed < seconds; passed += 5) {
    for (const name of alive) await renew(name)
    await clock.advance(5_000)
  }
}
const readyOf = async (name: string) => conditionOf((await getNode(name)).status.conditions, 'Ready')

describe('node-lifecycle', () => {
  test('a node that stops renewing its lease becomes Unknown after 40 s, tainted, and its pods leave their Services', async () => {
    await join('a')
    await join('b')
    const spec = { containers: [{ name: 'web', image: 'web:1' }], nodeName: 'a' }
    const pod = await cluster.client.create(Pod, { metadata: { namespace: 'default', name: 'web' }, spec })
    await reportPod(cluster.client, pod)
    await pass(35, ['b'])
    expect(await readyOf('a')).toMatchObject({ status: 'True' })
    await pass(15, ['b'])
    await eventually(async () => {
      expect(await readyOf('a')).toMatchObject({
        status: 'Unknown',
        reason: 'NodeStatusUnknown',
        message: 'Kubelet stopped posting node status.',
      })
      expect(conditionOf((await getNode('a')).status.conditions, 'MemoryPressure')).toMatchObject({
        status: 'Unknown',
        reason: 'NodeStatusNeverUpdated',
      })
      expect(await taintsOf('a')).toEqual([
        'node.kubernetes.io/unreachable:NoExecute',
        'node.kubernetes.io/unreachable:NoSchedule',
      ])
      const stale = await cluster.client.get(Pod, pod.metadata)
      expect(conditionOf(stale.status.conditions, 'Ready')?.status).toBe('False')
    })
    expect(await readyOf('b')).toMatchObject({ status: 'True' })
    await report('a', 'True')
    await renew('a')
    await eventually(async () => {
      await pass(5, ['a', 'b']) // a conflict is tried again after some milliseconds
      expect([await taintsOf('a'), cluster.warnings]).toEqual([[], []])
    })
  })

  test('a node that says itself that it is not ready is tainted, and its pods are left to its kubelet', async () => {
    await join('a')
    await join('b')
    const spec = { containers: [{ name: 'web', image: 'web:1' }], nodeName: 'a' }
    const pod = await cluster.client.create(Pod, { metadata: { namespace: 'default', name: 'web' }, spec })
    await reportPod(cluster.client, pod)
    await report('a', 'False')
    await eventually(async () => {
      await pass(5, ['a', 'b'])
      expect(await taintsOf('a')).toEqual([
        'node.kubernetes.io/not-ready:NoExecute',
        'node.kubernetes.io/not-ready:NoSchedule',
      ])
    })
    const { status } = await cluster.client.get(Pod, pod.metadata)
    expect(conditionOf(status.conditions, 'Ready')?.status).toBe('True')
    expect(await eventsAbout(cluster.client, 'default', 'web')).toEqual([])
    // Of a node that falls silent in that state nothing more is heard.
    await pass(50, ['b'])
    await eventually(async () => {
      const stale = await cluster.client.get(Pod, pod.metadata)
      expect(conditionOf(stale.status.conditions, 'Ready')?.status).toBe('False')
    })
  })

  test('taints are written whatever else of the node changed meanwhile, but not over those of somebody else', async () => {
    await join('a')
    await eventually(async () => {
      const { metadata, spec } = await getNode('a')
      expect(spec).toMatchObject({ podCIDR: expect.any(String) as string })
      expect(metadata.annotations).toHaveProperty(['node.alpha.kubernetes.io/ttl'])
      expect(spec.taints).toBeUndefined()
    })
    const seen = await getNode('a')
    const change = (patch: object) => cluster.client.patch(Node, { name: 'a' }, patch, { type: 'merge' })
    await change({ metadata: { labels: { rack: '7' } } })
    const maintenance = { key: 'maintenance', effect: 'NoSchedule' }
    expect(await writeTaints(cluster.client, seen, [maintenance])).toBe(true)
    expect(await taintsOf('a')).toEqual(['maintenance:NoSchedule'])
    const tainted = await getNode('a')
    await change({ spec: { taints: [maintenance, { key: 'broken', effect: 'NoExecute' }] } })
    expect(await writeTaints(cluster.client, tainted, [])).toBe(false)
    expect(await taintsOf('a')).toEqual(['broken:NoExecute', 'maintenance:NoSchedule'])
    expect(await writeTaints(cluster.client, await getNode('a'), [])).toBe(true)
    expect(await taintsOf('a')).toEqual([])
  })

  test('taints that may not be are told as that, not as those of somebody else', async () => {
    await join('a')
    await eventually(async () => expect(await taintsOf('a')).toEqual([]))
    const wrong = [{ key: 'not a key', effect: 'NoSchedule' }]
    await expect(writeTaints(cluster.client, await getNode('a'), wrong)).rejects.toThrow('taints[0].key')
    expect(await taintsOf('a')).toEqual([])
  })

  test('a node that joins or leaves is told of', async () => {
    await join('a')
    const told = () => eventsAbout(cluster.client, 'default', 'a')
    const joined = 'RegisteredNode: Node a event: Registered Node a in Controller'
    await eventually(async () => expect(await told()).toContain(joined))
    await cluster.client.delete(Node, { name: 'a' })
    const left = 'RemovingNode: Node a event: Removing Node a from Controller'
    await eventually(async () => expect(await told()).toContain(left))
  })

  test('nobody is evicted while no node at all reports', async () => {
    await join('only')
    await pass(120, [])
    await eventually(async () => {
      await clock.advance(1000)
      expect((await readyOf('only'))?.status).toBe('Unknown')
      expect(await taintsOf('only')).toEqual(['node.kubernetes.io/unreachable:NoSchedule'])
    })
  })

  test('once a node reports again after none did, the others are evicted', async () => {
    await join('a')
    await join('b')
    await pass(60, [])
    await eventually(async () => {
      for (const name of ['a', 'b']) {
        expect((await readyOf(name))?.status).toBe('Unknown')
        expect(await taintsOf(name)).toEqual(['node.kubernetes.io/unreachable:NoSchedule'])
      }
    })
    await report('b', 'True')
    await eventually(async () => {
      await pass(5, ['b'])
      expect(await taintsOf('a')).toContain('node.kubernetes.io/unreachable:NoExecute')
    })
    expect(await taintsOf('b')).toEqual([])
  })

  test('nodes that are labelled as coming and going are no sign that the others are well', async () => {
    await join('a')
    await join('b')
    const labels = { 'node.kubernetes.io/exclude-disruption': '' }
    await cluster.client.patch(Node, { name: 'b' }, { metadata: { labels } }, { type: 'merge' })
    await pass(60, ['b'])
    // Of the nodes that count, none reports.
    await eventually(async () => expect(await taintsOf('a')).toEqual(['node.kubernetes.io/unreachable:NoSchedule']))
    await cluster.client.patch(Node, { name: 'b' }, { metadata: { labels: null } }, { type: 'merge' })
    await eventually(async () => {
      await pass(5, ['b'])
      expect(await taintsOf('a')).toContain('node.kubernetes.io/unreachable:NoExecute')
    })
  })

  test('after the control plane slept, every node gets its whole grace period again', async () => {
    await join('a')
    await join('b')
    await pass(30, ['a', 'b'])
    clock.jump(8 * 3_600_000)
    await pass(35, [])
    expect(await readyOf('a')).toMatchObject({ status: 'True' })
    expect(await readyOf('b')).toMatchObject({ status: 'True' })
    await pass(15, ['b'])
    await eventually(async () => expect((await readyOf('a'))?.status).toBe('Unknown'))
  })
})

describe('taint-eviction', () => {
  test('pods go when they do not tolerate the taint, or not any longer', async () => {
    await join('a')
    const create = (name: string, tolerations: Pod['spec']['tolerations']) =>
      cluster.client.create(Pod, {
        metadata: { namespace: 'default', name },
        spec: { containers: [{ name: 'web', image: 'web:1' }], nodeName: 'a', ...(tolerations ? { tolerations } : {}) },
      })
    const key = 'drain'
    await create('intolerant', undefined)
    await create('patient', [{ key, operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 300 }])
    await create('faithful', [{ key, operator: 'Exists' }])
    const gone = async (name: string) =>
      (await cluster.client.get(Pod, { namespace: 'default', name }).catch(() => undefined))?.metadata
        .deletionTimestamp !== undefined ||
      !(await cluster.client.list(Pod, { namespace: 'default' })).items.some(pod => pod.metadata.name === name)
    await cluster.client.patch(
      Node,
      { name: 'a' },
      { spec: { taints: [{ key, effect: 'NoExecute' }] } },
      { type: 'merge' },
    )
    await eventually(async () => expect(await gone('intolerant')).toBe(true))
    await pass(295, ['a'])
    expect(await gone('patient')).toBe(false)
    await pass(10, ['a'])
    await eventually(async () => expect(await gone('patient')).toBe(true))
    expect(await gone('faithful')).toBe(false)
    // One that comes to a node that is tainted already.
    await create('late', undefined)
    await eventually(async () => expect(await gone('late')).toBe(true))
  })
})

describe('node-ipam', () => {
  test('gives each node a /24 of its own, and a /64 in a dual-stack cluster', async () => {
    await Promise.all(
      Array.from({ length: 10 }, (_, i) => cluster.client.create(Node, { metadata: { name: `n${i}` }, spec: {} })),
    )
    await eventually(async () => {
      const { items } = await cluster.client.list(Node)
      const cidrs = items.map(({ spec }) => spec.podCIDR)
      expect(cidrs.every(cidr => /^10\.244\.\d+\.0\/24$/.test(cidr ?? ''))).toBe(true)
      expect(new Set(cidrs).size).toBe(10)
      expect(items.every(({ spec }) => spec.podCIDRs?.[0] === spec.podCIDR)).toBe(true)
      const second = items.map(({ spec }) => spec.podCIDRs?.[1])
      expect(second.every(cidr => /^fd00:10:244:[0-9a-f:]*\/64$/.test(cidr ?? ''))).toBe(true)
      expect(new Set(second).size).toBe(10)
    })
  })
})

test('networks of nodes are cut out of ranges of either family', () => {
  const pods = new CidrSet('fd00:10:244::/63', 64)
  const first = pods.firstFree(new Set())
  expect(first).toBe('fd00:10:244::/64')
  expect(pods.firstFree(new Set([first!]))).toBe('fd00:10:244:1::/64')
  expect(pods.firstFree(new Set(['fd00:10:244::/64', 'fd00:10:244:1::/64']))).toBeUndefined()
  expect(() => new CidrSet('fd00::/80', 64)).toThrow('networks of /64 do not fit into fd00::/80')
})

describe('pod-gc', () => {
  test('removes pods of a node that is gone for 40 s, marking them failed', async () => {
    await join('a')
    const spec = { containers: [{ name: 'web', image: 'web:1' }], nodeName: 'a' }
    const metadata = { namespace: 'default', name: 'web', finalizers: ['test/look'] }
    const pod = await cluster.client.create(Pod, { metadata, spec })
    await cluster.client.delete(Node, { name: 'a' })
    await pass(35, [])
    expect((await cluster.client.get(Pod, pod.metadata)).metadata.deletionTimestamp).toBeUndefined()
    await pass(10, [])
    await eventually(async () => {
      const dead = await cluster.client.get(Pod, pod.metadata)
      expect(dead.metadata.deletionTimestamp).toBeDefined()
      expect(dead.status.phase).toBe('Failed')
      expect(conditionOf(dead.status.conditions, 'DisruptionTarget')).toMatchObject({
        observedGeneration: 1,
        status: 'True',
        reason: 'DeletionByPodGC',
        message: 'PodGC: node no longer exists',
      })
    })
  })
})

describe('pod-gc of a node that is out of service', () => {
  const outOfService = { key: 'node.kubernetes.io/out-of-service', value: 'nodeshutdown', effect: 'NoExecute' }
  const createOn = (nodeName: string, name: string) =>
    cluster.client.create(Pod, {
      metadata: { namespace: 'default', name, finalizers: ['test/look'] },
      spec: { containers: [{ name: 'web', image: 'web:1' }], nodeName },
    })
  const say = (name: string) =>
    cluster.client.patch(Node, { name }, { spec: { taints: [outOfService] } }, { type: 'merge' })
  const look = async ({ metadata }: Pod) => {
    const { metadata: now, status } = await cluster.client.get(Pod, metadata)
    return { graceSeconds: now.deletionGracePeriodSeconds, phase: status.phase }
  }

  test('ends its pods, whose kubelet will never say so', async () => {
    await join('a')
    await join('b')
    const pod = await createOn('a', 'web')
    await pass(50, ['b'])
    await eventually(async () => expect((await readyOf('a'))?.status).toBe('Unknown'))
    await cluster.client.delete(Pod, pod.metadata, { gracePeriodSeconds: 600 })
    await pass(60, ['b'])
    expect(await look(pod)).toMatchObject({ graceSeconds: 600, phase: 'Pending' })
    await say('a')
    await eventually(async () => {
      await pass(5, ['b'])
      expect(await look(pod)).toEqual({ graceSeconds: 0, phase: 'Failed' })
    })
  })

  test('leaves the pods of one that is ready to their kubelet', async () => {
    await join('a')
    const pod = await createOn('a', 'web')
    await say('a')
    await eventually(async () => {
      await pass(5, ['a'])
      expect((await look(pod)).graceSeconds).toBe(30)
    })
    await pass(60, ['a'])
    expect(await look(pod)).toEqual({ graceSeconds: 30, phase: 'Pending' })
  })
})

describe('ttl', () => {
  test('a node is told how long what was read may be kept', async () => {
    await join('a')
    const told = async () => (await getNode('a')).metadata.annotations?.['node.alpha.kubernetes.io/ttl']
    await eventually(async () => expect(await told()).toBe('0'))
    await cluster.client.patch(
      Node,
      { name: 'a' },
      { metadata: { annotations: { 'node.alpha.kubernetes.io/ttl': 'long' } } },
      { type: 'merge' },
    )
    await eventually(async () => expect(await told()).toBe('0'))
  })
})
