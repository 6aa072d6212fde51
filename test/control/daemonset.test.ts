import { describe, expect, test } from 'vitest'
import { planNodes, planUpdate, podsPerNode } from '../../src/main/controllers/daemonset/plan.ts'
import { DaemonSet } from '../../src/shared/api/apps/v1.ts'
import { Node, Pod, ServiceAccount } from '../../src/shared/api/core/v1.ts'
import { eventually } from '../support/eventually.ts'
import { ManualClock } from '../support/manual-clock.ts'
import { eventsAbout, podsIn, startCluster } from './support/cluster.ts'

const NOW = Date.parse('2026-01-01T00:01:00Z')

interface PodIs {
  readonly ready?: boolean
  readonly phase?: string
  readonly deleted?: boolean
  /** Seconds. */
  readonly age?: number
}
const pod = (name: string, node: string, { ready = true, phase = 'Running', deleted, age = 10 }: PodIs = {}): Pod => {
  const lastTransitionTime = new Date(NOW - age * 1_000).toISOString()
  return {
    metadata: {
      ...{ name, uid: name, namespace: 'default', creationTimestamp: lastTransitionTime },
      ...(deleted && { deletionTimestamp: lastTransitionTime }),
    },
    spec: { nodeName: node },
    status: { phase, conditions: [{ type: 'Ready', status: ready ? 'True' : 'False', lastTransitionTime }] },
  } as unknown as Pod
}
const daemonSet = (rollingUpdate: object, spec: object = {}) =>
  ({
    spec: { template: { spec: { containers: [] } }, updateStrategy: { type: 'RollingUpdate', rollingUpdate }, ...spec },
  }) as unknown as DaemonSet
const plain = daemonSet({ maxUnavailable: 1 })
const surging = daemonSet({ maxSurge: 1, maxUnavailable: 0 })
const node = (name: string, taints: object[] = []) => ({ metadata: { name }, spec: { taints }, status: {} }) as Node
/** Pods whose names begin with `new` have the newest template. */
const isCurrent = ({ metadata }: Pod) => metadata.name.startsWith('new')
const names = (pods: readonly Pod[]) => pods.map(({ metadata }) => metadata.name).sort()
const nodesPlan = (of: DaemonSet, nodes: Node[], pods: Pod[]) => {
  const { create, remove, ended } = planNodes(of, nodes, podsPerNode(pods), isCurrent)
  return { create, remove: names(remove), ended: names(ended) }
}
const updatePlan = (of: DaemonSet, wanted: string[], pods: Pod[]) => {
  const { create, remove } = planUpdate(of, wanted, podsPerNode(pods), isCurrent, NOW)
  return { create, remove: names(remove) }
}
const nothing = { create: [], remove: [] }

describe('which pods a node has', () => {
  test.each([
    ['of several, the oldest stays', plain, [pod('new-2', 'a', { age: 5 }), pod('new-1', 'a')], [], ['new-2']],
    ['whichever template it has', plain, [pod('old', 'a'), pod('new', 'a', { age: 5 })], [], ['new']],
    ['one that is being deleted holds the place', plain, [pod('old', 'a', { deleted: true })], [], []],
    ['but not where two may run', surging, [pod('old', 'a', { deleted: true })], ['a'], []],
    ['an old one serves until the new one does', surging, [pod('old', 'a'), pod('new', 'a', { ready: false })], [], []],
    ['one that does not serve goes', surging, [pod('old', 'a', { ready: false }), pod('new', 'a')], [], ['old']],
    ['and all but one of each', surging, [pod('old', 'a'), pod('new', 'a'), pod('new-2', 'a', { age: 1 })], [], ['new-2']], // prettier-ignore
  ] as const)('%s', (_name, of, pods, create, remove) => {
    expect(nodesPlan(of, [node('a')], [...pods])).toEqual({ create, remove, ended: [] })
  })

  test('ended ones are to be replaced', () => {
    const pods = [pod('new-1', 'a', { phase: 'Failed' }), pod('new-2', 'b', { phase: 'Succeeded' })]
    expect(nodesPlan(plain, [node('a'), node('b')], pods)).toEqual({ ...nothing, ended: ['new-1', 'new-2'] })
  })
})

describe('the next step of an update', () => {
  const wanted = ['a', 'b', 'c']
  const old = wanted.map(name => pod(`old-${name}`, name))

  test('takes as many away as may be unavailable', () => {
    expect(updatePlan(plain, wanted, old).remove).toHaveLength(1)
    expect(updatePlan(daemonSet({ maxUnavailable: '50%' }), wanted, old).remove).toHaveLength(2)
  })
  test('what does not serve anyway goes at once, and counts', () => {
    const pods = [pod('old-a', 'a', { ready: false }), ...old.slice(1)]
    expect(updatePlan(plain, wanted, pods)).toEqual({ create: [], remove: ['old-a'] })
  })
  test('waits for new pods that do not serve yet, and for those that are missing', () => {
    expect(updatePlan(plain, wanted, [pod('new-a', 'a', { ready: false }), ...old.slice(1)])).toEqual(nothing)
    expect(updatePlan(plain, wanted, old.slice(1))).toEqual(nothing)
  })
  test('a pod on a node that takes no new ones goes as well', () => {
    expect(updatePlan(plain, ['a'], [pod('new-a', 'a'), pod('old-b', 'b')])).toEqual({ create: [], remove: ['old-b'] })
  })
  test('a surge starts new pods beside old ones, as many as it may', () => {
    expect(updatePlan(surging, wanted, old).create).toHaveLength(1)
    const waiting = [...old, pod('new-a', 'a', { ready: false })]
    expect(updatePlan(surging, wanted, waiting)).toEqual(nothing)
    const [next, ...others] = updatePlan(surging, wanted, [...old, pod('new-a', 'a')]).create
    expect([next, others]).toEqual(['b', []])
    expect(updatePlan(surging, wanted, [...old, pod('new-a', 'a')]).remove).toEqual(['old-a'])
  })
  test('beside one that does not serve, whatever the surge', () => {
    const pods = [pod('old-a', 'a', { ready: false }), pod('old-b', 'b', { ready: false }), pod('old-c', 'c')]
    expect(updatePlan(surging, wanted, pods)).toEqual({ create: wanted, remove: [] })
  })
  test('a surge leaves nodes that take no new pods only when enough others serve', () => {
    const strayed = pod('old-z', 'z')
    expect(updatePlan(surging, ['a'], [pod('new-a', 'a', { ready: false }), strayed])).toEqual(nothing)
    expect(updatePlan(surging, ['a'], [pod('new-a', 'a'), strayed])).toEqual({ create: [], remove: ['old-z'] })
  })
})

test('a pod that its kubelet refuses is replaced at once, then ever more seldom, and at once when the template changes', async () => {
  const clock = new ManualClock(Date.now())
  await using cluster = await startCluster({ clock })
  const { client } = cluster
  const namespace = 'default'
  await eventually(() => client.get(ServiceAccount, { namespace, name: 'default' }))
  await client.create(Node, { metadata: { name: 'a' }, spec: {} })
  const labels = { app: 'agent' }
  const template = { metadata: { labels }, spec: { containers: [{ name: 'agent', image: 'agent:1' }] } }
  const spec = { selector: { matchLabels: labels }, template }
  await client.create(DaemonSet, { metadata: { namespace, name: 'agent' }, spec })
  const next = (before?: Pod) =>
    eventually(async () => {
      await clock.advance(100)
      const [only, ...others] = (await podsIn(client, namespace)).filter(({ metadata }) => !metadata.deletionTimestamp)
      expect(others).toEqual([])
      expect(only).toBeDefined()
      expect(only!.metadata.uid).not.toBe(before?.metadata.uid)
      return only!
    })
  const refuse = ({ metadata }: Pod) =>
    client.patch(Pod, metadata, { status: { phase: 'Failed', reason: 'OutOfcpu' } }, { subresource: 'status', type: 'merge' }) // prettier-ignore
  const first = await next()
  let last = first
  const waitedMs: number[] = []
  for (let round = 0; round < 5; round++) {
    const since = clock.now()
    await refuse(last)
    last = await next(last)
    waitedMs.push(clock.now() - since)
  }
  expect(waitedMs[0]).toBeLessThan(900)
  expect(waitedMs[4]).toBeGreaterThan(6_000)
  expect(waitedMs[4]).toBeGreaterThan(waitedMs[2]!)
  expect(await eventsAbout(client, namespace, 'agent')).toContain(
    `FailedDaemonPod: Found failed daemon pod ${namespace}/${first.metadata.name} on node a, will try to kill it`,
  )
  // The next one would wait 16 s.
  await refuse(last)
  await clock.advance(1_000)
  const since = clock.now()
  const spec2 = { template: { ...template, spec: { containers: [{ name: 'agent', image: 'agent:2' }] } } }
  await client.patch(DaemonSet, { namespace, name: 'agent' }, { spec: spec2 })
  const updated = await next(last)
  expect(updated.spec.containers[0]?.image).toBe('agent:2')
  expect(clock.now() - since).toBeLessThan(5_000)
})
