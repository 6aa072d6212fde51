import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  Node,
  PersistentVolume,
  PersistentVolumeClaim,
  type PersistentVolumeClaimSpec,
  type PersistentVolumeSpec,
  Pod,
} from '../../src/shared/api/core/v1.ts'
import { StorageClass } from '../../src/shared/api/storage/v1.ts'
import { conditionOf } from '../../src/shared/machinery/conditions.ts'
import { isNotFound } from '../../src/shared/machinery/status.ts'
import { eventually } from '../support/eventually.ts'
import { eventsAbout } from './support/cluster.ts'
import { type ScheduledCluster, addNode, startScheduledCluster } from './support/scheduled-cluster.ts'

const namespace = 'default'
let cluster: ScheduledCluster

beforeAll(async () => {
  cluster = await startScheduledCluster()
})
afterAll(() => cluster?.[Symbol.asyncDispose]())

const claimOf = (name: string) => cluster.client.get(PersistentVolumeClaim, { namespace, name })
const volumeOf = (name: string) => cluster.client.get(PersistentVolume, { name })
const events = (name: string) => eventsAbout(cluster.client, namespace, name)
const volumeEvents = (name: string) => eventsAbout(cluster.client, 'default', name)
const isGone = (read: () => Promise<unknown>) => eventually(() => read().then(() => false, isNotFound))

const addVolume = (name: string, storage: string, spec: Partial<PersistentVolumeSpec> = {}, labels = {}) =>
  cluster.client.create(PersistentVolume, {
    metadata: { name, labels },
    spec: {
      accessModes: ['ReadWriteOnce'],
      capacity: { storage },
      hostPath: { path: `/srv/${name}` },
      storageClassName: 'manual',
      ...spec,
    },
  })
const addClaim = (name: string, storage: string, spec: Partial<PersistentVolumeClaimSpec> = {}) =>
  cluster.client.create(PersistentVolumeClaim, {
    metadata: { namespace, name },
    spec: {
      accessModes: ['ReadWriteOnce'],
      resources: { requests: { storage } },
      storageClassName: 'manual',
      ...spec,
    },
  })
const addPod = (name: string, claimName: string, spec: object = {}) =>
  cluster.client.create(Pod, {
    metadata: { namespace, name },
    spec: {
      containers: [{ name: 'c', image: 'c:1' }],
      volumes: [{ name: 'v', persistentVolumeClaim: { claimName } }],
      ...spec,
    },
  })
const bound = (name: string, volume?: string) =>
  eventually(async () => {
    const claim = await claimOf(name)
    expect(claim.status.phase).toBe('Bound')
    if (volume) expect(claim.spec.volumeName).toBe(volume)
    return claim
  })

describe('static binding', () => {
  test('takes the smallest volume that satisfies size, mode and selector, and shows it on both sides', async () => {
    await addVolume('big', '10Gi', {}, { tier: 'x' })
    await addVolume('fits', '5Gi', {}, { tier: 'x' })
    await addVolume('unlabelled', '4Gi')
    await addVolume('small', '1Gi', {}, { tier: 'x' })
    await addVolume('shared', '4Gi', { accessModes: ['ReadOnlyMany'] }, { tier: 'x' })
    await eventually(async () => expect((await volumeOf('fits')).status.phase).toBe('Available'))
    await addClaim('static', '3Gi', { selector: { matchLabels: { tier: 'x' } } })
    const claim = await bound('static', 'fits')
    expect(claim.status).toMatchObject({ accessModes: ['ReadWriteOnce'], capacity: { storage: '5Gi' } })
    expect(claim.metadata.annotations).toMatchObject({
      'pv.kubernetes.io/bind-completed': 'yes',
      'pv.kubernetes.io/bound-by-controller': 'yes',
    })
    const volume = await volumeOf('fits')
    expect(volume.status.phase).toBe('Bound')
    expect(volume.spec.claimRef).toMatchObject({ namespace, name: 'static', uid: claim.metadata.uid })
  })

  test('a claim that nothing satisfies waits, and is bound when a volume comes', async () => {
    await addClaim('patient', '100Gi', { storageClassName: '' })
    await eventually(async () =>
      expect(await events('patient')).toContain(
        'FailedBinding: no persistent volumes available for this claim and no storage class is set',
      ),
    )
    expect((await claimOf('patient')).status.phase).toBe('Pending')
    await addVolume('late', '100Gi', { storageClassName: '' })
    await bound('patient', 'late')
  })

  test('two claims never share a volume, and a reserved volume waits for its claim', async () => {
    await addVolume('reserved', '2Gi', { storageClassName: 'pair', claimRef: { namespace, name: 'second' } })
    await addVolume('free', '2Gi', { storageClassName: 'pair' })
    await Promise.all([addClaim('first', '1Gi', { storageClassName: 'pair' }), addClaim('second', '1Gi', { storageClassName: 'pair' })]) // prettier-ignore
    await bound('first', 'free')
    await bound('second', 'reserved')
  })

  test('a reserved volume is its claim’s whatever its class, where it suits otherwise', async () => {
    const reserve = (name: string, storage: string) =>
      addVolume(name, storage, { storageClassName: 'one', claimRef: { namespace, name: 'elsewhere' } })
    await reserve('too-small', '1Gi')
    await reserve('suits', '2Gi')
    await addClaim('elsewhere', '2Gi', { storageClassName: 'another' })
    await bound('elsewhere', 'suits')
    expect((await volumeOf('too-small')).status.phase).toBe('Available')
  })

  test('a volume asked for by name must suit, and says why it does not', async () => {
    await addVolume('named', '1Gi')
    await addClaim('wrong', '2Gi', { volumeName: 'named' })
    await eventually(async () =>
      expect(await events('wrong')).toContain(
        'VolumeMismatch: Cannot bind to requested volume "named": requested PV is too small',
      ),
    )
    await addClaim('right', '1Gi', { volumeName: 'named' })
    await bound('right', 'named')
    await addClaim('too-late', '1Gi', { volumeName: 'named' })
    await eventually(async () =>
      expect(await events('too-late')).toContain('FailedBinding: volume "named" already bound to a different claim.'),
    )
  })

  test('an unknown class is told', async () => {
    await addClaim('classy', '1Gi', { storageClassName: 'nowhere' })
    await eventually(async () =>
      expect(await events('classy')).toContain('ProvisioningFailed: storageclass.storage.k8s.io "nowhere" not found'),
    )
  })
})

describe('the end of a binding', () => {
  test('Retain keeps the volume, released; a claim whose volume is gone is lost', async () => {
    await addVolume('kept', '1Gi', { storageClassName: 'end' })
    await addClaim('ends', '1Gi', { storageClassName: 'end' })
    await bound('ends', 'kept')
    await cluster.client.delete(PersistentVolumeClaim, { namespace, name: 'ends' })
    await eventually(async () => expect((await volumeOf('kept')).status.phase).toBe('Released'))
    await addVolume('breaks', '1Gi', { storageClassName: 'end' })
    await addClaim('loses', '1Gi', { storageClassName: 'end' })
    await bound('loses', 'breaks')
    await cluster.client.delete(PersistentVolume, { name: 'breaks' })
    await cluster.client.patch(
      PersistentVolume,
      { name: 'breaks' },
      { metadata: { finalizers: null } },
      { type: 'merge' },
    )
    await eventually(async () => expect((await claimOf('loses')).status.phase).toBe('Lost'))
    expect(await events('loses')).toContain(
      'ClaimLost: Bound claim has lost its PersistentVolume. Data on the volume is lost!',
    )
  })

  async function released(name: string, spec: Partial<PersistentVolumeSpec>): Promise<void> {
    await cluster.client.create(PersistentVolume, {
      metadata: { name },
      spec: {
        ...{ accessModes: ['ReadWriteOnce'], capacity: { storage: '1Gi' } },
        ...{ storageClassName: name, persistentVolumeReclaimPolicy: 'Delete', ...spec },
      },
    })
    await addClaim(name, '1Gi', { storageClassName: name })
    await bound(name, name)
    await cluster.client.delete(PersistentVolumeClaim, { namespace, name })
  }

  const noPlugin = (name: string, kind: string) =>
    `error getting deleter volume plugin for volume "${name}": no ${kind} plugin matched`
  test.each<[string, Partial<PersistentVolumeSpec>, string]>([
    [
      'path',
      { hostPath: { path: '/srv/data' } },
      'host_path deleter only supports /tmp/.+ but received provided /srv/data',
    ],
    ['tmp', { hostPath: { path: '/tmp/data' } }, noPlugin('tmp', 'deletable volume')],
    ['nfs', { nfs: { server: '192.0.2.9', path: '/data' } }, noPlugin('nfs', 'deletable volume')],
    ['fc', { fc: { targetWWNs: ['50060e801049cfd1'], lun: 0 } }, noPlugin('fc', 'volume')],
  ])('Delete fails with a reason on a volume by %s that no provisioner made', async (name, spec, message) => {
    await released(name, spec)
    await eventually(async () => expect((await volumeOf(name)).status).toMatchObject({ phase: 'Failed', message }))
    await eventually(async () => expect(await volumeEvents(name)).toEqual([`VolumeFailedDelete: ${message}`]))
  })

  test('Delete is left to the driver of a volume that has one', async () => {
    await released('driven', { csi: { driver: 'csi.example.com', volumeHandle: 'driven' } })
    await eventually(async () => expect((await volumeOf('driven')).status.phase).toBe('Released'))
    // Another one, of which it is known what becomes, comes after it.
    await released('after', { nfs: { server: '192.0.2.9', path: '/data' } })
    await eventually(async () => expect((await volumeOf('after')).status.phase).toBe('Failed'))
    expect((await volumeOf('driven')).status).toMatchObject({ phase: 'Released' })
    expect(await volumeEvents('driven')).toEqual([])
  })
})

describe('the class local-path', () => {
  const LOCAL = { storageClassName: undefined } as unknown as Partial<PersistentVolumeClaimSpec>
  const withoutClass = (name: string, storage: string) => {
    const { storageClassName: _none, ...rest } = LOCAL
    return cluster.client.create(PersistentVolumeClaim, {
      metadata: { namespace, name },
      spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage } }, ...rest },
    })
  }

  test('is the default; its volume is made on the node that the pod goes to, and goes with the claim', async () => {
    await withoutClass('data', '2Gi')
    await eventually(async () =>
      expect(await events('data')).toContain(
        'WaitForFirstConsumer: waiting for first consumer to be created before binding',
      ),
    )
    await addPod('user', 'data', { nodeSelector: { 'kubernetes.io/hostname': 'b' } })
    const claim = await bound('data')
    expect(claim.metadata.annotations).toMatchObject({ 'volume.kubernetes.io/selected-node': 'b' })
    const name = `pvc-${claim.metadata.uid}`
    expect(await volumeOf(name)).toMatchObject({
      metadata: { annotations: { 'pv.kubernetes.io/provisioned-by': 'flotilla.dev/local-path' } },
      spec: {
        local: { path: `/var/lib/flotilla/volumes/${name}` },
        capacity: { storage: '2Gi' },
        persistentVolumeReclaimPolicy: 'Delete',
        nodeAffinity: {
          required: {
            nodeSelectorTerms: [
              { matchExpressions: [{ key: 'kubernetes.io/hostname', operator: 'In', values: ['b'] }] },
            ],
          },
        },
      },
    })
    const podOf = (pod: string) => cluster.client.get(Pod, { namespace, name: pod })
    await eventually(async () => expect((await podOf('user')).spec.nodeName).toBe('b'))
    // Another pod with the claim has to go to the same node.
    await addPod('second-user', 'data')
    await eventually(async () => expect((await podOf('second-user')).spec.nodeName).toBe('b'))
    await addPod('elsewhere', 'data', { nodeSelector: { 'kubernetes.io/hostname': 'a' } })
    await eventually(async () =>
      expect(conditionOf((await podOf('elsewhere')).status.conditions, 'PodScheduled')?.message).toContain(
        "1 node(s) didn't match PersistentVolume's node affinity",
      ),
    )
    for (const pod of ['user', 'second-user', 'elsewhere'])
      await cluster.client.delete(Pod, { namespace, name: pod }, { gracePeriodSeconds: 0 })
    await cluster.client.delete(PersistentVolumeClaim, { namespace, name: 'data' })
    await eventually(async () => {
      const { metadata } = await volumeOf(name)
      expect(metadata.deletionTimestamp).toBeDefined()
      expect(metadata.finalizers).toEqual(['flotilla.dev/local-volume'])
    })
    // The agent has deleted the folder.
    await cluster.client.patch(PersistentVolume, { name }, { metadata: { finalizers: null } }, { type: 'merge' })
    await isGone(() => volumeOf(name))
  })

  test('grows on request, never beyond what the class allows', async () => {
    await withoutClass('grows', '1Gi')
    await addPod('grower', 'grows')
    const claim = await bound('grows')
    const ask = (name: string, storage: string) =>
      cluster.client.patch(
        PersistentVolumeClaim,
        { namespace, name },
        { spec: { resources: { requests: { storage } } } },
        { type: 'merge' },
      )
    await ask('grows', '3Gi')
    const grown = { capacity: { storage: '3Gi' }, allocatedResources: { storage: '3Gi' } }
    await eventually(async () => expect((await claimOf('grows')).status).toMatchObject(grown))
    expect((await volumeOf(`pvc-${claim.metadata.uid}`)).spec.capacity).toEqual({ storage: '3Gi' })
    await eventually(async () => expect(await events('grows')).toContain('VolumeResizeSuccessful: Resize volume succeeded')) // prettier-ignore
    await addVolume('fixed', '1Gi', { storageClassName: 'fixed' })
    await addClaim('fixed', '1Gi', { storageClassName: 'fixed' })
    await bound('fixed')
    await expect(ask('fixed', '2Gi')).rejects.toThrow('only dynamically provisioned pvc can be resized')
  })

  test('refuses what a folder of one node cannot be', async () => {
    await cluster.client.create(StorageClass, {
      metadata: { name: 'at-once' },
      provisioner: 'flotilla.dev/local-path',
    })
    await addClaim('everywhere', '1Gi', { storageClassName: 'at-once', accessModes: ['ReadWriteMany'] })
    await eventually(async () =>
      expect(await events('everywhere')).toContain(
        'ProvisioningFailed: failed to provision volume with StorageClass "at-once": a folder of one node only ' +
          'supports the access modes ReadWriteOnce and ReadWriteOncePod',
      ),
    )
    await addClaim('now', '1Gi', { storageClassName: 'at-once' })
    await bound('now')
  })

  test('of a class that binds at once, volumes are made where the class allows, once there is such a node', async () => {
    await cluster.client.create(StorageClass, {
      metadata: { name: 'in-zone' },
      provisioner: 'flotilla.dev/local-path',
      allowedTopologies: [{ matchLabelExpressions: [{ key: 'topology.kubernetes.io/zone', values: ['z'] }] }],
    })
    await addClaim('zonal', '1Gi', { storageClassName: 'in-zone' })
    await eventually(async () =>
      expect(await events('zonal')).toContain(
        'ProvisioningFailed: failed to provision volume with StorageClass "in-zone": no node that the class allows is ' +
          'ready to keep it',
      ),
    )
    const labels = (zone: string | null) => ({ metadata: { labels: { 'topology.kubernetes.io/zone': zone } } })
    await cluster.client.patch(Node, { name: 'b' }, labels('z'), { type: 'merge' })
    const { spec } = await volumeOf(`pvc-${(await bound('zonal')).metadata.uid}`)
    const [term] = spec.nodeAffinity?.required?.nodeSelectorTerms ?? []
    expect(term?.matchExpressions).toEqual([{ key: 'kubernetes.io/hostname', operator: 'In', values: ['b'] }])
    await cluster.client.patch(Node, { name: 'b' }, labels(null), { type: 'merge' })
  })

  test('a released volume goes when its node is gone, with the folder', async () => {
    await addNode(cluster.client, 'leaves')
    await withoutClass('gone-with-node', '1Gi')
    await addPod('leaver', 'gone-with-node', { nodeSelector: { 'kubernetes.io/hostname': 'leaves' } })
    const { metadata } = await bound('gone-with-node')
    const name = `pvc-${metadata.uid}`
    await cluster.client.delete(Pod, { namespace, name: 'leaver' }, { gracePeriodSeconds: 0 })
    await cluster.client.delete(PersistentVolumeClaim, { namespace, name: 'gone-with-node' })
    await eventually(async () => expect((await volumeOf(name)).metadata.deletionTimestamp).toBeDefined())
    await cluster.client.delete(Node, { name: 'leaves' })
    await isGone(() => volumeOf(name))
  })
})

test('a generic ephemeral volume has a claim of its own, which goes with its pod', async () => {
  await cluster.client.create(Pod, {
    metadata: { namespace, name: 'scratch' },
    spec: {
      containers: [{ name: 'c', image: 'c:1' }],
      volumes: [
        {
          name: 'tmp',
          ephemeral: {
            volumeClaimTemplate: {
              metadata: { labels: { for: 'scratch' } },
              spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
            },
          },
        },
      ],
    },
  })
  const claim = await bound('scratch-tmp')
  expect(claim.metadata.labels).toEqual({ for: 'scratch' })
  expect(claim.metadata.ownerReferences?.[0]).toMatchObject({ kind: 'Pod', name: 'scratch', controller: true })
  await cluster.client.delete(Pod, { namespace, name: 'scratch' }, { gracePeriodSeconds: 0 })
  await isGone(() => claimOf('scratch-tmp'))
})

test('a pod whose claim waits for it goes where a volume made by hand is, and the claims are bound before the pod', async () => {
  await cluster.client.create(StorageClass, {
    metadata: { name: 'by-hand' },
    provisioner: 'kubernetes.io/no-provisioner',
    volumeBindingMode: 'WaitForFirstConsumer',
  })
  await addClaim('hand-a', '1Gi', { storageClassName: 'by-hand' })
  await addPod('finds', 'hand-a')
  await eventually(async () => {
    const { status } = await cluster.client.get(Pod, { namespace, name: 'finds' })
    expect(conditionOf(status.conditions, 'PodScheduled')?.message).toContain(
      "2 node(s) didn't find available persistent volumes to bind",
    )
  })
  await addVolume('disk-of-a', '1Gi', {
    storageClassName: 'by-hand',
    nodeAffinity: {
      required: {
        nodeSelectorTerms: [{ matchExpressions: [{ key: 'kubernetes.io/hostname', operator: 'In', values: ['a'] }] }],
      },
    },
  })
  await eventually(async () =>
    expect((await cluster.client.get(Pod, { namespace, name: 'finds' })).spec.nodeName).toBe('a'),
  )
  await bound('hand-a', 'disk-of-a')
})
