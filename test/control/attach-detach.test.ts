// Volumes that have to be attached: the test plays drivers' attachers and kubelets.
import { createHash } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { chooseControllers } from '../../src/main/controllers/choice.ts'
import { AttachDetachController } from '../../src/main/controllers/persistentvolume-attach-detach/controller.ts'
import { ObservedTime } from '../../src/shared/machinery/observed-time.ts'
import { Node, PersistentVolume, PersistentVolumeClaim, Pod } from '../../src/shared/api/core/v1.ts'
import { CSIDriver, VolumeAttachment } from '../../src/shared/api/storage/v1.ts'
import { ObjectCache } from '../../src/shared/client/lister.ts'
import { keyOf } from '../../src/shared/client/object-key.ts'
import type { ControllerContext } from '../../src/shared/client/reconciler.ts'
import { silentLog } from '../../src/shared/machinery/log.ts'
import type { KubeObject } from '../../src/shared/machinery/object.ts'
import { ManualClock } from '../support/manual-clock.ts'
import { eventually } from '../support/eventually.ts'
import { type Cluster, eventsAbout, startCluster } from './support/cluster.ts'

const namespace = 'default'
const driver = 'disks.example.com'
const NODES = ['a', 'b', 'c']
let cluster: Cluster
let clock: ManualClock

beforeAll(async () => {
  clock = new ManualClock(Date.now())
  // Nodes are what the test says of them, however long they are silent.
  cluster = await startCluster({ clock, choice: chooseControllers(['*', '-node-lifecycle-controller']) })
  for (const name of NODES) await addNode(name)
})
afterAll(() => cluster?.[Symbol.asyncDispose]())

const ticking = <T>(look: () => Promise<T>): Promise<T> =>
  eventually(async () => {
    await clock.advance(100)
    return look()
  })

async function addNode(name: string): Promise<void> {
  const annotations = { 'volumes.kubernetes.io/controller-managed-attach-detach': 'true' }
  await cluster.client.create(Node, { metadata: { name, annotations }, spec: {} })
  await report(name, { conditions: [{ type: 'Ready', status: 'True' }] })
}
const report = (name: string, status: object) =>
  cluster.client.patch(Node, { name }, { status }, { type: 'merge', subresource: 'status' })

/** A volume and the claim that it is bound to. */
async function addVolume(name: string, of = driver, accessModes = ['ReadWriteOnce']): Promise<void> {
  const common = { accessModes, storageClassName: '' }
  const claim = await cluster.client.create(PersistentVolumeClaim, {
    metadata: { namespace, name },
    spec: { ...common, volumeName: name, resources: { requests: { storage: '1Gi' } } },
  })
  await cluster.client.create(PersistentVolume, {
    metadata: { name },
    spec: {
      ...common,
      capacity: { storage: '1Gi' },
      claimRef: { namespace, name, uid: claim.metadata.uid },
      csi: { driver: of, volumeHandle: `handle-${name}` },
    },
  })
}
const addPod = (name: string, claimName: string, nodeName: string) =>
  cluster.client.create(Pod, {
    metadata: { namespace, name },
    spec: {
      nodeName,
      containers: [{ name: 'c', image: 'c:1' }],
      volumes: [{ name: 'v', persistentVolumeClaim: { claimName } }],
    },
  })
const removePod = (name: string) => cluster.client.delete(Pod, { namespace, name }, { gracePeriodSeconds: 0 })

const nameOf = (volume: string, node: string) =>
  `csi-${createHash('sha256').update(`handle-${volume}${driver}${node}`).digest('hex')}`
const unique = (volume: string) => `kubernetes.io/csi/${driver}^handle-${volume}`
const attachment = async (volume: string, node: string): Promise<VolumeAttachment | undefined> =>
  (await cluster.client.list(VolumeAttachment)).items.find(({ metadata }) => metadata.name === nameOf(volume, node))
const asked = (volume: string, node: string) =>
  ticking(async () => {
    const found = await attachment(volume, node)
    expect(found).toBeDefined()
    return found!
  })
const isGone = (volume: string, node: string) =>
  ticking(async () => expect(await attachment(volume, node)).toBeUndefined())
/** What the driver's attacher says. */
const answer = (volume: string, node: string, status: object) =>
  cluster.client.patch(VolumeAttachment, { name: nameOf(volume, node) }, { status }, { type: 'merge', subresource: 'status' }) // prettier-ignore
const told = (node: string) =>
  cluster.client.get(Node, { name: node }).then(({ status }) => (status.volumesAttached ?? []).map(({ name }) => name))
const heard = (pod: string, event: string) =>
  ticking(async () => expect(await eventsAbout(cluster.client, namespace, pod)).toContain(event))

async function attached(volume: string, pod: string, node: string): Promise<void> {
  await addVolume(volume)
  await addPod(pod, volume, node)
  await asked(volume, node)
  await answer(volume, node, { attached: true })
  await ticking(async () => expect(await told(node)).toContain(unique(volume)))
}

describe('a volume of a CSI driver', () => {
  test('is asked to be attached to the node of a pod that needs it, which hears of it', async () => {
    await addVolume('first')
    await addPod('user', 'first', 'a')
    const { spec, metadata } = await asked('first', 'a')
    expect(spec).toEqual({ attacher: driver, nodeName: 'a', source: { persistentVolumeName: 'first' } })
    expect(await told('a')).not.toContain(unique('first'))
    await answer('first', 'a', { attached: true })
    await ticking(async () => expect(await told('a')).toContain(unique('first')))
    await heard('user', 'SuccessfulAttachVolume: AttachVolume.Attach succeeded for volume "first" ')
    await addPod('second-user', 'first', 'a')
    await addPod('marker', 'missing', 'a')
    await ticking(() => attachment('first', 'a'))
    expect((await attachment('first', 'a'))?.metadata.uid).toBe(metadata.uid)
  })
  test('that cannot be attached has its pods told why', async () => {
    await addVolume('broken')
    await addPod('unlucky', 'broken', 'a')
    await asked('broken', 'a')
    const attachError = { time: '2026-01-01T00:00:00Z', message: 'rpc error: code = Internal desc = no such disk' }
    await answer('broken', 'a', { attached: false, attachError })
    await heard(
      'unlucky',
      `FailedAttachVolume: AttachVolume.Attach failed for volume "broken" : ${attachError.message}`,
    )
    expect(await told('a')).not.toContain(unique('broken'))
  })
  test('whose driver says that it needs no attaching is not attached', async () => {
    await cluster.client.create(CSIDriver, { metadata: { name: 'nfs.example.com' }, spec: { attachRequired: false } })
    await addVolume('share', 'nfs.example.com')
    await addPod('reader', 'share', 'a')
    await attached('after', 'after', 'a')
    const { items } = await cluster.client.list(VolumeAttachment)
    expect(items.map(({ spec }) => spec.source.persistentVolumeName)).not.toContain('share')
  })
})

describe('a volume that no pod of the node needs any more', () => {
  test('is detached once the node does not have it in use', async () => {
    await attached('leaving', 'leaver', 'a')
    await report('a', { volumesInUse: [unique('leaving')] })
    await removePod('leaver')
    await attached('beside', 'beside', 'a') // the node was looked at since
    expect((await attachment('leaving', 'a'))?.metadata.deletionTimestamp).toBeUndefined()
    expect(await told('a')).toContain(unique('leaving'))
    await report('a', { volumesInUse: [] })
    await isGone('leaving', 'a')
    expect(await told('a')).not.toContain(unique('leaving'))
  })
  test('is not told to be attached while its driver still detaches it', async () => {
    await attached('slow', 'slow', 'a')
    const metadata = { finalizers: ['disks.example.com/attacher'] }
    await cluster.client.patch(VolumeAttachment, { name: nameOf('slow', 'a') }, { metadata }, { type: 'merge' })
    await removePod('slow')
    await ticking(async () => expect((await attachment('slow', 'a'))?.metadata.deletionTimestamp).toBeDefined())
    await ticking(async () => expect(await told('a')).not.toContain(unique('slow')))
    await cluster.client.patch(VolumeAttachment, { name: nameOf('slow', 'a') }, { metadata: { finalizers: null } }, { type: 'merge' }) // prettier-ignore
    await isGone('slow', 'a')
  })
  test('is detached by force six minutes later from a node that is not ready, and not from one that is', async () => {
    for (const node of ['b', 'c']) {
      await attached(`stuck-${node}`, `stuck-${node}`, node)
      await report(node, { volumesInUse: [unique(`stuck-${node}`)] })
    }
    await report('b', { conditions: [{ type: 'Ready', status: 'Unknown' }] })
    for (const node of ['b', 'c']) await removePod(`stuck-${node}`)
    await attached('meanwhile', 'meanwhile', 'c')
    for (let minute = 0; minute < 5; minute++) for (let i = 0; i < 12; i++) await clock.advance(5_000)
    expect(await attachment('stuck-b', 'b')).toBeDefined()
    for (let i = 0; i < 15; i++) await clock.advance(5_000)
    await isGone('stuck-b', 'b')
    expect(await attachment('stuck-c', 'c')).toBeDefined()
  })
  test('is detached at once from a node that is said to be out of service', async () => {
    await attached('lost', 'lost', 'c')
    await report('c', { volumesInUse: [unique('lost')] })
    await removePod('lost')
    const taints = [{ key: 'node.kubernetes.io/out-of-service', effect: 'NoExecute' }]
    await cluster.client.patch(Node, { name: 'c' }, { spec: { taints } }, { type: 'merge' })
    await isGone('lost', 'c')
  })
})

test('an attachment that somebody else made is left alone, and its volume is not told to be attached', async () => {
  await addVolume('foreign')
  const source = { persistentVolumeName: 'foreign' }
  const spec = { attacher: driver, nodeName: 'b', source }
  await cluster.client.create(VolumeAttachment, { metadata: { name: 'by-hand' }, spec })
  const status = { attached: true }
  await cluster.client.patch(
    VolumeAttachment,
    { name: 'by-hand' },
    { status },
    { type: 'merge', subresource: 'status' },
  )
  await attached('sooner', 'sooner', 'b') // told once the node was looked at beside the other one
  await attached('later', 'later', 'b') // which was through with it then
  expect(await told('b')).not.toContain(unique('foreign'))
  const { metadata } = await cluster.client.get(VolumeAttachment, { name: 'by-hand' })
  expect(metadata.deletionTimestamp).toBeUndefined()
})

describe('a volume that one node alone may have', () => {
  test('is refused to a second one, whose pod hears who has it, until the first has let go', async () => {
    await attached('only', 'holder', 'a')
    await addPod('waiter', 'only', 'b')
    await heard(
      'waiter',
      'FailedAttachVolume: Multi-Attach error for volume "only" Volume is already used by pod(s) holder',
    )
    expect(await attachment('only', 'b')).toBeUndefined()
    await removePod('holder')
    await isGone('only', 'a')
    await asked('only', 'b')
  })
  test('is given to several when it may be shared', async () => {
    await addVolume('common', driver, ['ReadWriteMany'])
    for (const node of ['a', 'b']) await addPod(`common-${node}`, 'common', node)
    for (const node of ['a', 'b']) await asked('common', node)
  })
})

describe('a volume whose attachment goes at once', () => {
  test('is asked to be attached anew, also when the cache showed it in between two looks alone', async () => {
    const caches = new Map<unknown, ObjectCache<KubeObject>>()
    const lister = (type: unknown) => {
      const cache = caches.get(type) ?? new ObjectCache<KubeObject>()
      caches.set(type, cache)
      return cache
    }
    const made: VolumeAttachment[] = []
    const client = {
      create: (_type: unknown, draft: VolumeAttachment) => {
        const { metadata } = draft
        const created = { ...draft, metadata: { ...metadata, uid: `uid-${made.length}` }, status: { attached: false } }
        made.push(created)
        return Promise.resolve(created)
      },
    }
    const context = { lister, client, log: silentLog, enqueue: () => undefined } as unknown as ControllerContext
    const put = (type: unknown, object: object) => lister(type).set(keyOf((object as KubeObject).metadata), object as KubeObject) // prettier-ignore
    const claim = { metadata: { namespace, name: 'claim', uid: 'claim' }, spec: { volumeName: 'disk' }, status: { phase: 'Bound' } } // prettier-ignore
    const csi = { driver, volumeHandle: 'handle' }
    put(PersistentVolumeClaim, claim)
    put(PersistentVolume, { metadata: { name: 'disk' }, spec: { claimRef: { uid: 'claim' }, accessModes: ['ReadWriteOnce'], csi } }) // prettier-ignore
    put(Pod, { metadata: { namespace, name: 'user', uid: 'user' }, spec: { nodeName: 'a', containers: [], volumes: [{ name: 'v', persistentVolumeClaim: { claimName: 'claim' } }] }, status: {} }) // prettier-ignore
    const annotations = { 'volumes.kubernetes.io/controller-managed-attach-detach': 'true' }
    const node = { metadata: { name: 'a', annotations }, spec: {}, status: {} } as unknown as Node
    const controller = new AttachDetachController(new ObservedTime(new ManualClock()))
    await controller.reconcile(node, context)
    expect(made).toHaveLength(1)
    await controller.reconcile(node, context)
    expect(made).toHaveLength(1)
    const seen = controller.watches.find(({ type }) => type === (VolumeAttachment as unknown))
    const [first] = made
    seen?.handler?.(context).added?.(first!, false)
    seen?.handler?.(context).deleted?.(first!)
    await controller.reconcile(node, context)
    expect(made).toHaveLength(2)
  })
})
