// What a node does for volumes of CSI drivers, it may do by its own rights: the agent's own code, as its node.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { CsiNode } from '../../../src/agent/kubelet/csi/csi-node.ts'
import { ApiObjectSource } from '../../../src/agent/kubelet/object-source.ts'
import {
  Node,
  PersistentVolume,
  PersistentVolumeClaim,
  Pod,
  Secret,
  ServiceAccount,
} from '../../../src/shared/api/core/v1.ts'
import { CSIDriver, CSINode, VolumeAttachment } from '../../../src/shared/api/storage/v1.ts'
import type { Client } from '../../../src/shared/client/client.ts'
import { systemClock } from '../../../src/shared/machinery/clock.ts'
import { silentLog } from '../../../src/shared/machinery/log.ts'
import { failure, startSecuredCluster, type SecuredCluster } from './support/cluster.ts'

const namespace = 'default'
const driver = 'disks.example.test'
const folder = mkdtempSync(join(tmpdir(), 'flotilla-csi-rights-'))
const stop = new AbortController()
let cluster: SecuredCluster
let one: Client

beforeAll(async () => {
  cluster = await startSecuredCluster()
  one = cluster.node('one')
  for (const name of ['one', 'two']) await cluster.node(name).create(Node, { metadata: { name }, spec: {} })
  await cluster.admin.create(ServiceAccount, { metadata: { name: 'default', namespace } })
  const claim = await cluster.admin.create(PersistentVolumeClaim, {
    metadata: { name: 'data', namespace },
    spec: {
      accessModes: ['ReadWriteOnce'],
      storageClassName: '',
      volumeName: 'data',
      resources: { requests: { storage: '1Gi' } },
    },
  })
  await cluster.admin.create(PersistentVolume, {
    metadata: { name: 'data' },
    spec: {
      accessModes: ['ReadWriteOnce'],
      capacity: { storage: '2Gi' },
      claimRef: { namespace, name: 'data', uid: claim.metadata.uid },
      csi: { driver, volumeHandle: 'h', nodeStageSecretRef: { namespace: 'kube-system', name: 'stage' } },
    },
  })
  await cluster.admin.create(Secret, { metadata: { namespace: 'kube-system', name: 'stage' }, stringData: { a: 'b' } })
  await cluster.admin.create(CSIDriver, { metadata: { name: driver }, spec: {} })
  await cluster.admin.create(Pod, {
    metadata: { name: 'user', namespace },
    spec: {
      nodeName: 'one',
      containers: [{ name: 'main', image: 'x' }],
      volumes: [{ name: 'v', persistentVolumeClaim: { claimName: 'data' } }],
    },
  })
  for (const nodeName of ['one', 'two'])
    await cluster.admin.create(VolumeAttachment, {
      metadata: { name: `to-${nodeName}` },
      spec: { attacher: driver, nodeName, source: { persistentVolumeName: 'data' } },
    })
})
afterAll(async () => {
  stop.abort()
  await cluster[Symbol.asyncDispose]()
  rmSync(folder, { recursive: true, force: true })
})

test('it tells of its drivers: CSINode, annotation, labels of topology', async () => {
  const csiNode = new CsiNode({ client: one, nodeName: 'one', clock: systemClock, signal: stop.signal, log: silentLog })
  await csiNode.start()
  const accessibleTopology = { segments: { 'topology.disks.example.test/rack': 'r1' } }
  await csiNode.install(driver, { nodeId: 'i-1', maxVolumesPerNode: 3, accessibleTopology })
  expect((await one.get(CSINode, { name: 'one' })).spec.drivers).toEqual([
    { name: driver, nodeID: 'i-1', topologyKeys: ['topology.disks.example.test/rack'], allocatable: { count: 3 } },
  ])
  const { labels, annotations } = (await one.get(Node, { name: 'one' })).metadata
  expect(labels).toMatchObject(accessibleTopology.segments)
  expect(annotations).toMatchObject({ 'csi.volume.kubernetes.io/nodeid': `{"${driver}":"i-1"}` })
  await csiNode.uninstall(driver)
  expect((await one.get(CSINode, { name: 'one' })).spec.drivers).toEqual([])
})

test('it reads what mounting takes, and no attachment of another node', async () => {
  const objects = new ApiObjectSource(one, systemClock, folder)
  expect((await objects.csiDriver(driver))?.metadata.name).toBe(driver)
  expect(await objects.csiDriver('unknown.example.test')).toBeUndefined()
  expect((await objects.attachment('to-one'))?.spec.nodeName).toBe('one')
  expect(await objects.attachment('to-two')).toBeUndefined()
  expect(await objects.attachment('to-nobody')).toBeUndefined()
  expect((await objects.volume('data'))?.spec.csi?.volumeHandle).toBe('h')
  expect((await objects.secret('kube-system', 'stage'))?.data).toEqual({ a: Buffer.from('b').toString('base64') })
})

test('it says which volumes are in use, and that a claim has grown, and of a claim nothing else', async () => {
  const options = { type: 'merge', subresource: 'status' } as const
  const volumesInUse = [`kubernetes.io/csi/${driver}^h`]
  await one.patch(Node, { name: 'one' }, { status: { volumesInUse } }, options)
  expect((await one.get(Node, { name: 'one' })).status.volumesInUse).toEqual(volumesInUse)
  const write = (status: object) => one.patch(PersistentVolumeClaim, { namespace, name: 'data' }, { status }, options)
  const { status } = await write({ capacity: { storage: '2Gi' }, conditions: [] })
  expect(status.capacity).toEqual({ storage: '2Gi' })
  expect((await failure(write({ phase: 'Lost' }))).code).toBe(403)
})
