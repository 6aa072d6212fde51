import { expect, test } from 'vitest'
import { CycleState } from '../../../src/main/scheduler/framework/cycle-state.ts'
import { type Listers, listersOf } from '../../../src/main/scheduler/framework/listers.ts'
import type { SchedulerPlugin } from '../../../src/main/scheduler/framework/plugin.ts'
import { podInfoOf } from '../../../src/main/scheduler/cache/pod-info.ts'
import { volumeBinding } from '../../../src/main/scheduler/plugins/volume-binding/volume-binding.ts'
import { nodeVolumeLimits } from '../../../src/main/scheduler/plugins/node-volume-limits/node-volume-limits.ts'
import { volumeRestrictions } from '../../../src/main/scheduler/plugins/volume-restrictions/volume-restrictions.ts'
import { volumeZone } from '../../../src/main/scheduler/plugins/volume-zone/volume-zone.ts'
import { PersistentVolume, PersistentVolumeClaim, Pod, type Volume } from '../../../src/shared/api/core/v1.ts'
import {
  type CSIDriver,
  CSINode,
  type CSIStorageCapacity,
  type StorageClass,
} from '../../../src/shared/api/storage/v1.ts'
import type { Client } from '../../../src/shared/client/client.ts'
import { InformerFactory } from '../../../src/shared/client/informer-factory.ts'
import { ObjectCache } from '../../../src/shared/client/lister.ts'
import { systemClock } from '../../../src/shared/machinery/clock.ts'
import type { KubeObject } from '../../../src/shared/machinery/object.ts'
import { infoOf, makeNode, makePod } from './fixtures.ts'
import { startSchedulingCluster, until } from './support.ts'

function cache<T extends KubeObject>(...objects: object[]): ObjectCache<T> {
  const filled = new ObjectCache<T>()
  for (const object of objects as T[]) {
    const { namespace, name } = object.metadata
    filled.set(namespace ? `${namespace}/${name}` : name, object)
  }
  return filled
}
const claim = (name: string, accessModes: string[]) => ({
  metadata: { namespace: 'default', name, uid: name },
  spec: { volumeName: `of-${name}`, accessModes },
  status: {},
})
const listers: Listers = {
  ...listersOf(new InformerFactory({} as Client, systemClock)),
  claims: cache<PersistentVolumeClaim>(
    claim('zoned', ['ReadWriteOnce']),
    claim('alone', ['ReadWriteOncePod']),
    claim('csi-1', ['ReadWriteOnce']),
    claim('csi-2', ['ReadWriteOnce']),
  ),
  volumes: cache<PersistentVolume>(
    {
      metadata: { name: 'of-zoned', labels: { 'topology.kubernetes.io/zone': 'z1__z2' } },
      spec: {},
      status: { phase: 'Bound' },
    },
    ...['csi-1', 'csi-2'].map(name => ({
      metadata: { name: `of-${name}` },
      spec: { csi: { driver: 'disk.example.com', volumeHandle: name } },
      status: { phase: 'Bound' },
    })),
  ),
  csiNodes: cache<CSINode>({
    metadata: { name: 'limited' },
    spec: { drivers: [{ name: 'disk.example.com', nodeID: 'x', allocatable: { count: 1 } }] },
  }),
}

const withVolumes = (name: string, ...volumes: Omit<Volume, 'name'>[]): Pod =>
  makePod(name, { spec: { volumes: volumes.map((volume, i) => ({ name: `v${i}`, ...volume })) } })
const uses = (name: string, ...claims: string[]): Pod =>
  withVolumes(name, ...claims.map(claimName => ({ persistentVolumeClaim: { claimName } })))

/** @returns the reason for which the pod may not go to the node; undefined when it may */
function reason(plugin: SchedulerPlugin, pod: Pod, node: ReturnType<typeof infoOf>): string | undefined {
  const state = new CycleState()
  const info = podInfoOf(pod)
  const before = plugin.preFilter?.(state, info, { nodes: [node], node: () => node, nodesWithAffinity: [] }).status
  if (before?.code === 'Skip') return undefined
  return plugin.filter?.(state, info, node).reasons[0]
}

test.each([
  ['z1', undefined],
  ['z3', 'node(s) had no available volume zone'],
])('VolumeZone: a volume of z1 and z2 and a node of %s', (zone, expected) => {
  const node = infoOf(makeNode('n', { labels: { 'topology.kubernetes.io/zone': zone } }))
  expect(reason(volumeZone(listers), uses('p', 'zoned'), node)).toBe(expected)
})

test('VolumeZone: a node that says nothing about zones takes any volume', () => {
  expect(reason(volumeZone(listers), uses('p', 'zoned'), infoOf(makeNode('n')))).toBeUndefined()
})

test('VolumeRestrictions: a ReadWriteOncePod claim serves one pod at a time', () => {
  const plugin = volumeRestrictions(listers)
  const conflict =
    'node(s) unavailable due to PersistentVolumeClaim with ReadWriteOncePod access mode already in-use by another pod'
  expect(reason(plugin, uses('p', 'alone'), infoOf(makeNode('n')))).toBeUndefined()
  expect(reason(plugin, uses('p', 'alone'), infoOf(makeNode('n'), [uses('q', 'alone')]))).toBe(conflict)
  expect(reason(plugin, uses('p', 'zoned'), infoOf(makeNode('n'), [uses('q', 'zoned')]))).toBeUndefined()
})

test('VolumeRestrictions: evicting the pod that holds the claim would help', () => {
  const plugin = volumeRestrictions(listers)
  const holder = uses('q', 'alone')
  const node = infoOf(makeNode('n'), [holder])
  const state = new CycleState()
  const info = podInfoOf(uses('p', 'alone'))
  plugin.preFilter?.(state, info, { nodes: [node], node: () => node, nodesWithAffinity: [] })
  plugin.removePod?.(state, info, podInfoOf(holder), node)
  expect(plugin.filter?.(state, info, node).code).toBe('Success')
})

test.each([
  [true, undefined],
  [false, 'node(s) had no available disk'],
])(
  'VolumeRestrictions: two pods share a disk of a node only when both read it (read-only: %s)',
  (readOnly, expected) => {
    const disk = { gcePersistentDisk: { pdName: 'd', readOnly } }
    const node = infoOf(makeNode('n'), [withVolumes('q', disk)])
    expect(reason(volumeRestrictions(listers), withVolumes('p', disk), node)).toBe(expected)
  },
)

test('NodeVolumeLimits: a node takes as many volumes of a driver as its CSINode allows', () => {
  const plugin = nodeVolumeLimits(listers)
  const full = infoOf(makeNode('limited'), [uses('q', 'csi-1')])
  expect(reason(plugin, uses('p', 'csi-2'), full)).toBe('node(s) exceed max volume count')
  expect(reason(plugin, uses('p', 'csi-1'), full)).toBeUndefined()
  expect(reason(plugin, uses('p', 'csi-2'), infoOf(makeNode('unlimited'), [uses('q', 'csi-1')]))).toBeUndefined()
})

test('NodeVolumeLimits: a volume that is still to be made for the pod counts like one that is there', () => {
  const waiting = (name: string) => ({
    metadata: { namespace: 'default', name, uid: name },
    spec: { storageClassName: 'disks', accessModes: ['ReadWriteOnce'] },
    status: {},
  })
  const plugin = nodeVolumeLimits({
    ...listers,
    claims: cache<PersistentVolumeClaim>(waiting('new-1'), waiting('new-2'), claim('csi-1', ['ReadWriteOnce'])),
    storageClasses: cache<StorageClass>({ metadata: { name: 'disks' }, provisioner: 'disk.example.com' }),
  })
  const [empty, full] = [[], [uses('q', 'csi-1')]].map(pods => infoOf(makeNode('limited'), pods))
  expect(reason(plugin, uses('p', 'new-1'), empty!)).toBeUndefined()
  expect(reason(plugin, uses('p', 'new-1', 'new-2'), empty!)).toBe('node(s) exceed max volume count')
  expect(reason(plugin, uses('p', 'new-1'), full!)).toBe('node(s) exceed max volume count')
  expect(reason(plugin, uses('p', 'new-1'), infoOf(makeNode('limited'), [uses('q', 'new-1')]))).toBeUndefined()
})

test('NodeVolumeLimits: a pod that waits goes when the driver of its volume takes more', async () => {
  await using scheduling = await startSchedulingCluster()
  const { client } = scheduling
  await scheduling.addNode('limited')
  const tell = (count: number) => {
    const drivers = [{ name: 'disk.example.com', nodeID: 'x', allocatable: { count } }]
    return client.create(CSINode, { metadata: { name: 'limited' }, spec: { drivers } })
  }
  await tell(0)
  const accessModes = ['ReadWriteOnce']
  const annotations = { 'pv.kubernetes.io/bind-completed': 'yes' }
  const { metadata } = await client.create(PersistentVolumeClaim, {
    metadata: { namespace: 'default', name: 'data', annotations },
    spec: { accessModes, volumeName: 'volume', storageClassName: '', resources: { requests: { storage: '1Gi' } } },
  })
  await client.create(PersistentVolume, {
    metadata: { name: 'volume' },
    spec: {
      accessModes,
      capacity: { storage: '1Gi' },
      claimRef: { namespace: 'default', name: 'data', uid: metadata.uid },
      csi: { driver: 'disk.example.com', volumeHandle: 'one' },
    },
  })
  await scheduling.addPod('waits', { spec: { volumes: [{ name: 'v', persistentVolumeClaim: { claimName: 'data' } }] } })
  await until(async () => {
    const { status } = await client.get(Pod, { namespace: 'default', name: 'waits' })
    return status.conditions?.some(({ message }) => message?.includes('node(s) exceed max volume count')) ?? false
  })
  await client.delete(CSINode, { name: 'limited' })
  await tell(1)
  expect(await scheduling.bound('waits')).toBe('limited')
})

const inZone = (zone: string) => ({ matchLabels: { 'topology.kubernetes.io/zone': zone } })
test.each<[string, object[], boolean, string | undefined]>([
  ['enough in its zone', [{ capacity: '10Gi', nodeTopology: inZone('z1') }], true, undefined],
  ['too little in its zone', [{ capacity: '4Gi', nodeTopology: inZone('z1') }], true, 'short'],
  ['enough in another zone', [{ capacity: '10Gi', nodeTopology: inZone('z2') }], true, 'short'],
  ['enough, but no volume so large', [{ capacity: '10Gi', maximumVolumeSize: '1Gi', nodeTopology: inZone('z1') }], true, 'short'],
  ['enough everywhere', [{ capacity: '5Gi', nodeTopology: {} }], true, undefined],
  ['enough, but nowhere', [{ capacity: '10Gi' }], true, 'short'],
  ['enough of another class', [{ capacity: '10Gi', nodeTopology: {}, storageClassName: 'other' }], true, 'short'],
  ['nothing, of which nobody asks', [], false, undefined],
])('VolumeBinding: a claim of 5Gi and a driver with %s', (_what, capacities, storageCapacity, expected) => {
  const plugin = volumeBinding({
    listers: {
      ...listers,
      claims: cache<PersistentVolumeClaim>({
        metadata: { namespace: 'default', name: 'new', uid: 'new' },
        spec: { storageClassName: 'csi', accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '5Gi' } } },
        status: {},
      }),
      storageClasses: cache<StorageClass>({
        metadata: { name: 'csi' },
        provisioner: 'disk.example.com',
        volumeBindingMode: 'WaitForFirstConsumer',
      }),
      csiDrivers: cache<CSIDriver>({ metadata: { name: 'disk.example.com' }, spec: { storageCapacity } }),
      storageCapacities: cache<CSIStorageCapacity>(
        ...capacities.map((capacity, i) => ({
          metadata: { namespace: 'driver', name: `c${i}` },
          storageClassName: 'csi',
          ...capacity,
        })),
      ),
    },
    client: {} as Client,
    clock: systemClock,
    signal: new AbortController().signal,
    timeoutMs: 1_000,
  })
  const node = infoOf(makeNode('n', { labels: { 'topology.kubernetes.io/zone': 'z1' } }))
  const short = expected && 'node(s) did not have enough free storage'
  expect(reason(plugin, uses('p', 'new'), node)).toBe(short)
}) // prettier-ignore
