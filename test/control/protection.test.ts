import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Node, PersistentVolume, PersistentVolumeClaim, Pod, ServiceAccount } from '../../src/shared/api/core/v1.ts'
import { VolumeAttributesClass } from '../../src/shared/api/storage/v1.ts'
import { isNotFound } from '../../src/shared/machinery/status.ts'
import { eventually } from '../support/eventually.ts'
import { type Cluster, startCluster } from './support/cluster.ts'

const namespace = 'default'
let cluster: Cluster
beforeAll(async () => {
  cluster = await startCluster()
  await eventually(() => cluster.client.get(ServiceAccount, { namespace, name: 'default' }))
  await cluster.client.create(Node, { metadata: { name: 'n' }, spec: {} })
})
afterAll(() => cluster?.[Symbol.asyncDispose]())

const isGone = (read: () => Promise<unknown>) => eventually(() => read().then(() => false, isNotFound))

test('pvc-protection keeps a deleted claim until the last pod on a node that uses it is gone', async () => {
  const ref = { namespace, name: 'data' }
  const get = () => cluster.client.get(PersistentVolumeClaim, ref)
  await cluster.client.create(PersistentVolumeClaim, {
    metadata: ref,
    spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
  })
  await eventually(async () => expect((await get()).metadata.finalizers).toEqual(['kubernetes.io/pvc-protection']))
  const pod = (name: string, nodeName?: string) =>
    cluster.client.create(Pod, {
      metadata: { namespace, name },
      spec: {
        containers: [{ name: 'x', image: 'x:1' }],
        volumes: [{ name: 'v', persistentVolumeClaim: { claimName: 'data' } }],
        ...(nodeName ? { nodeName } : {}),
      },
    })
  const used = await pod('placed', 'n')
  await pod('waiting')
  await cluster.client.delete(PersistentVolumeClaim, ref)
  // Somebody else's change makes the controller look again: still there afterwards.
  await cluster.client.patch(PersistentVolumeClaim, ref, { metadata: { labels: { seen: 'yes' } } })
  await eventually(async () => {
    const { metadata } = await get()
    expect(metadata).toMatchObject({ labels: { seen: 'yes' }, finalizers: ['kubernetes.io/pvc-protection'] })
    expect(metadata.deletionTimestamp).toBeDefined()
  })
  await cluster.client.delete(Pod, used.metadata, { gracePeriodSeconds: 0 })
  await isGone(get)
})

test('a pod that is deleted in the foreground takes the claims that were made for it along', async () => {
  const spec = { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } }
  const pod = await cluster.client.create(Pod, {
    metadata: { namespace, name: 'own' },
    spec: {
      containers: [{ name: 'x', image: 'x:1' }],
      volumes: [{ name: 'v', ephemeral: { volumeClaimTemplate: { spec } } }],
      nodeName: 'n',
    },
  })
  const claim = { namespace, name: 'own-v' }
  await eventually(async () =>
    expect((await cluster.client.get(PersistentVolumeClaim, claim)).metadata.finalizers).toEqual([
      'kubernetes.io/pvc-protection',
    ]),
  )
  await cluster.client.delete(Pod, pod.metadata, { propagationPolicy: 'Foreground', gracePeriodSeconds: 0 })
  await isGone(() => cluster.client.get(PersistentVolumeClaim, claim))
  await isGone(() => cluster.client.get(Pod, pod.metadata))
})

describe('pv-protection', () => {
  test('keeps a deleted volume while it is bound', async () => {
    const ref = { name: 'disk' }
    const get = () => cluster.client.get(PersistentVolume, ref)
    await cluster.client.create(PersistentVolume, {
      metadata: ref,
      spec: { accessModes: ['ReadWriteOnce'], capacity: { storage: '1Gi' }, hostPath: { path: '/srv/disk' } },
    })
    await eventually(async () => expect((await get()).metadata.finalizers).toEqual(['kubernetes.io/pv-protection']))
    const claim = { namespace, name: 'holds' }
    await cluster.client.create(PersistentVolumeClaim, {
      metadata: claim,
      spec: {
        accessModes: ['ReadWriteOnce'],
        resources: { requests: { storage: '1Gi' } },
        storageClassName: '',
        volumeName: 'disk',
      },
    })
    await eventually(async () => expect((await get()).status.phase).toBe('Bound'))
    await cluster.client.delete(PersistentVolume, ref)
    expect((await get()).metadata.deletionTimestamp).toBeDefined()
    await cluster.client.delete(PersistentVolumeClaim, claim)
    await isGone(get)
  })
})

test('volumeattributesclass-protection keeps a deleted class while a claim asks for it', async () => {
  const ref = { name: 'fast' }
  const get = () => cluster.client.get(VolumeAttributesClass, ref)
  await cluster.client.create(VolumeAttributesClass, {
    metadata: ref,
    driverName: 'csi.example.com',
    parameters: { iops: '100' },
  })
  expect((await get()).metadata.finalizers).toEqual(['kubernetes.io/vac-protection'])
  const claim = { namespace, name: 'quick' }
  await cluster.client.create(PersistentVolumeClaim, {
    metadata: claim,
    spec: {
      accessModes: ['ReadWriteOnce'],
      resources: { requests: { storage: '1Gi' } },
      storageClassName: '',
      volumeAttributesClassName: 'fast',
    },
  })
  await cluster.client.delete(VolumeAttributesClass, ref)
  // Somebody else's change makes the controller look again: still there afterwards.
  await cluster.client.patch(VolumeAttributesClass, ref, { metadata: { labels: { seen: 'yes' } } })
  await eventually(async () => {
    const { metadata } = await get()
    expect(metadata).toMatchObject({ labels: { seen: 'yes' }, finalizers: ['kubernetes.io/vac-protection'] })
    expect(metadata.deletionTimestamp).toBeDefined()
  })
  await cluster.client.delete(PersistentVolumeClaim, claim)
  await isGone(get)
})
