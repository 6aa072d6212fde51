// Volumes of CSI drivers: a driver that registers and mounts for real, containers in real Docker. The test plays the
// control plane.
import { createHash } from 'node:crypto'
import { existsSync, lstatSync, mkdirSync, readFileSync, readlinkSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  Event,
  Node,
  PersistentVolume,
  PersistentVolumeClaim,
  type PersistentVolumeSpec,
  Pod,
  type PodSpec,
  Secret,
} from '../../src/shared/api/core/v1.ts'
import { CSIDriver, type CSIDriverSpec, CSINode, VolumeAttachment } from '../../src/shared/api/storage/v1.ts'
import { isNotFound } from '../../src/shared/machinery/status.ts'
import { hostTools, isMountPoint, makeShared, mountPoints } from '../../src/agent/kubelet/volumes/mounts.ts'
import { eventually } from '../support/eventually.ts'
import { TestCsiDriver, type TestCsiDriverOptions } from '../support/plugins/csi-driver.ts'
import { docker } from './support/node.ts'
import { TestNode, statusOf } from './support/test-node.ts'

const namespace = 'default'
/** Enough for a machine that does much else. */
const SLOW_MS = 60_000
let node: TestNode
let dataDir: string
const drivers: TestCsiDriver[] = []

beforeAll(async () => {
  node = await TestNode.start()
  dataDir = join(node.folder.path, 'data')
})
afterAll(async () => {
  for (const driver of drivers) await driver[Symbol.asyncDispose]()
  await node?.[Symbol.asyncDispose]()
})

const inside = (pod: Pod, ...command: string[]) =>
  docker('exec', statusOf(pod).containerID!.replace('docker://', ''), ...command)
const eventsOf = async (name: string) =>
  (await node.client.list(Event)).items
    .filter(({ involvedObject }) => involvedObject.name === name)
    .map(({ reason, message }) => `${reason}: ${message}`)
const heard = (name: string, text: string) =>
  eventually(async () => expect((await eventsOf(name)).join('\n')).toContain(text), SLOW_MS)
const csiNode = () => node.client.get(CSINode, { name: node.nodeName })
const hash = (text: string) => createHash('sha256').update(text).digest('hex')

/** A driver that the cluster knows, and that the node has taken. */
async function addDriver(
  name: string,
  spec: CSIDriverSpec = { attachRequired: false },
  options: Partial<TestCsiDriverOptions> = {},
): Promise<TestCsiDriver> {
  await node.client.create(CSIDriver, { metadata: { name }, spec: { fsGroupPolicy: 'ReadWriteOnceWithFSType', ...spec } }) // prettier-ignore
  const driver = await TestCsiDriver.start({ dataDir, name, ...options })
  drivers.push(driver)
  await registered(name)
  return driver
}
const registered = (name: string) =>
  eventually(async () => (await csiNode()).spec.drivers.some(driver => driver.name === name), SLOW_MS)

/** A volume and a claim that are bound to each other, as the control plane leaves them. */
async function bound(name: string, driver: string, more: Partial<PersistentVolumeSpec> = {}): Promise<void> {
  const { accessModes = ['ReadWriteOnce'], volumeMode = 'Filesystem', csi, ...spec } = more
  const common = { accessModes, volumeMode, storageClassName: '' }
  const claim = await node.client.create(PersistentVolumeClaim, {
    metadata: { name, namespace },
    spec: { ...common, volumeName: name, resources: { requests: { storage: '1Gi' } } },
  })
  await node.client.create(PersistentVolume, {
    metadata: { name },
    spec: {
      ...common,
      capacity: { storage: '1Gi' },
      persistentVolumeReclaimPolicy: 'Retain',
      claimRef: { namespace, name, uid: claim.metadata.uid },
      ...spec,
      csi: { ...csi, driver, volumeHandle: `handle-${name}` },
    },
  })
  const status = { phase: 'Bound', capacity: { storage: '1Gi' } }
  await node.client.patch(PersistentVolumeClaim, { namespace, name }, { status }, { subresource: 'status' })
}
const mounting = (claimName: string, script?: string, more: Partial<PodSpec> = {}): Partial<PodSpec> => ({
  volumes: [{ name: 'data', persistentVolumeClaim: { claimName } }],
  containers: [{ ...node.container(script), volumeMounts: [{ name: 'data', mountPath: '/data' }] }],
  ...more,
})
const targetOf = (pod: Pod, volume: string) =>
  join(dataDir, 'pods', pod.metadata.uid, 'volumes', 'kubernetes.io~csi', volume, 'mount')
const stagingOf = (driver: string, volume: string) =>
  join(dataDir, 'plugins', 'kubernetes.io', 'csi', driver, hash(`handle-${volume}`), 'globalmount')
const known = (path: string) => path.replace(dataDir, '/var/lib/kubelet')
const note = (target: string): unknown => JSON.parse(readFileSync(join(target, '..', 'vol_data.json'), 'utf8'))

describe('a driver', () => {
  it('that registers is told of in CSINode and on the Node, and not any more when it goes', async () => {
    const topology = { 'topology.first.example.com/rack': 'r7' }
    const driver = await addDriver('first.example.com', {}, { topology, maxVolumes: 12 })
    const { metadata, spec } = await csiNode()
    const told = await node.client.get(Node, { name: node.nodeName })
    expect(metadata.ownerReferences).toEqual([{ apiVersion: 'v1', kind: 'Node', name: node.nodeName, uid: told.metadata.uid }]) // prettier-ignore
    expect(spec.drivers).toEqual([
      {
        name: 'first.example.com',
        nodeID: 'id-of-first.example.com',
        topologyKeys: Object.keys(topology),
        allocatable: { count: 12 },
      },
    ])
    const { annotations, labels } = told.metadata
    expect(labels).toMatchObject(topology)
    expect(JSON.parse(annotations!['csi.volume.kubernetes.io/nodeid']!)).toEqual({ 'first.example.com': 'id-of-first.example.com' }) // prettier-ignore
    expect(annotations).toMatchObject({ 'volumes.kubernetes.io/controller-managed-attach-detach': 'true' })
    await eventually(() => driver.statuses.length > 0, SLOW_MS)
    expect(driver.statuses).toEqual([{ pluginRegistered: true, error: '' }])
    await driver.stop()
    await eventually(async () => expect((await csiNode()).spec.drivers).toEqual([]), SLOW_MS)
    const after = await node.client.get(Node, { name: node.nodeName })
    expect(after.metadata.annotations?.['csi.volume.kubernetes.io/nodeid']).toBeUndefined()
  })
  it('that says differently where the node is than its labels is told so', async () => {
    await node.client.patch(Node, { name: node.nodeName }, { metadata: { labels: { 'room.example.com': 'north' } } }, { type: 'merge' }) // prettier-ignore
    await using driver = await TestCsiDriver.start({ dataDir, name: 'lost.example.com', topology: { 'room.example.com': 'south' } }) // prettier-ignore
    await eventually(() => driver.statuses.length > 0, SLOW_MS)
    expect(driver.statuses[0]).toMatchObject({ pluginRegistered: false })
    expect(driver.statuses[0]!.error).toContain(
      'detected topology value collision: driver reported "room.example.com":"south" but existing label is "room.example.com":"north"',
    )
    expect((await csiNode()).spec.drivers.map(({ name }) => name)).not.toContain('lost.example.com')
  })
  it('of a version that nobody here speaks is told so', async () => {
    const { announce } = await import('../support/plugins/announce.ts')
    const info = { type: 'CSIPlugin', name: 'future.example.com', supportedVersions: ['2.0.0'] }
    await using driver = await announce(join(dataDir, 'plugins_registry', 'future.sock'), info)
    await eventually(() => driver.statuses.length > 0, SLOW_MS)
    expect(driver.statuses[0]).toMatchObject({ pluginRegistered: false })
    expect(driver.statuses[0]!.error).toContain('None of the versions specified ["2.0.0"] are supported')
  })
  it('that is not there is waited for', async () => {
    await node.client.create(CSIDriver, { metadata: { name: 'late.example.com' }, spec: { attachRequired: false } })
    await bound('late', 'late.example.com')
    await node.run('late', mounting('late'))
    await heard('late', 'FailedMount: MountVolume.MountDevice failed for volume "late" : kubernetes.io/csi: attacher.MountDevice failed to create newCsiDriverClient: driver name late.example.com not found in the list of registered CSI drivers') // prettier-ignore
    const driver = await TestCsiDriver.start({ dataDir, name: 'late.example.com' })
    drivers.push(driver)
    await node.ready('late')
    await node.remove('late')
  })
})

describe('a persistent volume', () => {
  it('is staged once for all pods of the node and published to each, and taken back in that order', async () => {
    const name = 'plain.example.com'
    const driver = await addDriver(name)
    await bound('plain', name, {
      mountOptions: ['noatime'],
      csi: { driver: name, volumeHandle: '', fsType: 'ext4', volumeAttributes: { tier: 'gold' } },
    })
    writeFileSync(join(driver.disk('handle-plain'), 'before'), 'kept')
    await node.run('one', mounting('plain', 'echo one > /data/one; trap exit TERM; sleep 100000 & wait'))
    const one = await node.ready('one')
    expect(inside(one, 'cat', '/data/before')).toBe('kept')
    await node.run('two', mounting('plain'))
    const two = await node.ready('two')
    expect(inside(two, 'cat', '/data/one')).toBe('one')
    const [target, staging] = [targetOf(one, 'plain'), stagingOf(name, 'plain')]
    expect(await isMountPoint(target)).toBe(true)
    expect(await isMountPoint(staging)).toBe(true)
    expect(note(target)).toEqual({
      specVolID: 'plain',
      volumeHandle: 'handle-plain',
      driverName: name,
      nodeName: node.nodeName,
      volumeLifecycleMode: 'Persistent',
      attachmentID: `csi-${hash(`handle-plain${name}${node.nodeName}`)}`,
    })
    expect(driver.of('NodeStageVolume')).toHaveLength(1)
    expect(driver.of('NodeStageVolume')[0]).toMatchObject({
      volumeId: 'handle-plain',
      stagingTargetPath: known(staging),
      volumeCapability: { mount: { fsType: 'ext4', mountFlags: ['noatime'] }, accessMode: { mode: 1 } },
      volumeContext: { tier: 'gold' },
    })
    expect(driver.of('NodePublishVolume')[0]).toMatchObject({
      volumeId: 'handle-plain',
      stagingTargetPath: known(staging),
      targetPath: known(target),
      readonly: false,
      volumeContext: { tier: 'gold' },
    })
    await node.remove('one')
    expect(driver.of('NodeUnpublishVolume')).toHaveLength(1)
    expect(driver.of('NodeUnstageVolume')).toHaveLength(0)
    expect(inside(two, 'cat', '/data/one')).toBe('one')
    await node.remove('two')
    expect(driver.of('NodeUnpublishVolume')).toHaveLength(2)
    expect(driver.of('NodeUnstageVolume')).toEqual([{ volumeId: 'handle-plain', stagingTargetPath: known(staging) }])
    expect(existsSync(join(staging, '..'))).toBe(false)
    expect(existsSync(join(dataDir, 'pods', one.metadata.uid))).toBe(false)
    expect(readFileSync(join(driver.disk('handle-plain'), 'one'), 'utf8')).toBe('one\n')
  })
  it('is mounted by parts, and read only where the pod wants it so', async () => {
    const driver = await addDriver('parts.example.com', { attachRequired: false }, { can: [] })
    await bound('parts', 'parts.example.com')
    mkdirSync(join(driver.disk('handle-parts'), 'sub'))
    writeFileSync(join(driver.disk('handle-parts'), 'sub', 'file'), 'part')
    await node.run('parts', {
      volumes: [{ name: 'data', persistentVolumeClaim: { claimName: 'parts', readOnly: true } }],
      containers: [{ ...node.container(), volumeMounts: [{ name: 'data', mountPath: '/data', subPath: 'sub' }] }],
    })
    const pod = await node.ready('parts')
    expect(inside(pod, 'cat', '/data/file')).toBe('part')
    expect(() => inside(pod, 'touch', '/data/other')).toThrow()
    expect(driver.of('NodePublishVolume')[0]).toMatchObject({ readonly: true, stagingTargetPath: '' })
    expect(driver.of('NodeStageVolume')).toEqual([])
    await node.remove('parts')
    expect(existsSync(join(dataDir, 'pods', pod.metadata.uid))).toBe(false)
    expect(readFileSync(join(driver.disk('handle-parts'), 'sub', 'file'), 'utf8')).toBe('part')
  })
  it('has its secrets told to the driver', async () => {
    const driver = await addDriver('secret.example.com')
    for (const name of ['stage', 'publish'])
      await node.client.create(Secret, { metadata: { namespace, name }, stringData: { word: `open ${name}` } })
    await bound('secret', 'secret.example.com', {
      csi: {
        driver: '',
        volumeHandle: '',
        nodeStageSecretRef: { namespace, name: 'stage' },
        nodePublishSecretRef: { namespace, name: 'publish' },
      },
    })
    await node.run('secret', mounting('secret'))
    await node.ready('secret')
    expect(driver.of('NodeStageVolume')[0]).toMatchObject({ secrets: { word: 'open stage' } })
    expect(driver.of('NodePublishVolume')[0]).toMatchObject({ secrets: { word: 'open publish' } })
    await node.remove('secret')
  })
  it('that its driver cannot mount leaves nothing behind, and is tried again', async () => {
    const driver = await addDriver('broken.example.com')
    await bound('broken', 'broken.example.com')
    driver.fail('NodePublishVolume', 'Internal', 'the disk is upside down')
    const created = await node.run('broken', mounting('broken'))
    await heard('broken', 'FailedMount: MountVolume.SetUp failed for volume "broken" : rpc error: code = Internal desc = the disk is upside down') // prettier-ignore
    driver.heal()
    const pod = await node.ready('broken')
    expect(pod.metadata.uid).toBe(created.metadata.uid)
    await node.remove('broken')
  })
  it('is a device where it is one', async () => {
    const driver = await addDriver('block.example.com')
    await bound('block', 'block.example.com', { volumeMode: 'Block' })
    await node.run('block', {
      volumes: [{ name: 'data', persistentVolumeClaim: { claimName: 'block' } }],
      containers: [{ ...node.container(), volumeDevices: [{ name: 'data', devicePath: '/dev/xvda' }] }],
    })
    const pod = await node.ready('block')
    expect(inside(pod, 'sh', '-c', 'head -c 4 /dev/xvda | od -An -tx1')).toBe('00 00 00 00')
    const devices = join(dataDir, 'plugins', 'kubernetes.io', 'csi', 'volumeDevices')
    const target = join(devices, 'publish', 'block', pod.metadata.uid)
    expect(readlinkSync(join(dataDir, 'pods', pod.metadata.uid, 'volumeDevices', 'kubernetes.io~csi', 'block'))).toBe(target) // prettier-ignore
    expect(driver.of('NodeStageVolume')[0]).toMatchObject({ stagingTargetPath: known(join(devices, 'staging', 'block')), volumeCapability: { block: {} } }) // prettier-ignore
    expect(driver.of('NodePublishVolume')[0]).toMatchObject({ targetPath: known(target), volumeCapability: { block: {} } }) // prettier-ignore
    await node.remove('block')
    for (const path of ['publish/block', 'staging/block', 'block']) expect(existsSync(join(devices, path))).toBe(false)
  })
})

describe('what containers use', () => {
  it('decides what is mounted: not what none of them names, though its source be missing; later, for one that is added', async () => {
    const driver = await addDriver('unused.example.com')
    await bound('unused', 'unused.example.com')
    const volumes = [
      { name: 'data', persistentVolumeClaim: { claimName: 'unused' } },
      { name: 'absent', secret: { secretName: 'absent' } },
    ]
    await node.run('unused', { volumes, containers: [node.container()] })
    const pod = await node.ready('unused')
    expect(driver.of('NodePublishVolume')).toEqual([])
    expect(existsSync(targetOf(pod, 'unused'))).toBe(false)
    const debugger_ = { ...node.container(), name: 'debugger', volumeMounts: [{ name: 'data', mountPath: '/data' }] }
    const spec = { ephemeralContainers: [debugger_] }
    await node.client.patch(Pod, { namespace, name: 'unused' }, { spec }, { subresource: 'ephemeralcontainers' })
    await node.until('unused', ({ status }) => status.ephemeralContainerStatuses?.[0]?.state?.running !== undefined, SLOW_MS) // prettier-ignore
    expect(driver.of('NodePublishVolume')).toMatchObject([{ targetPath: known(targetOf(pod, 'unused')) }])
    await node.remove('unused')
    expect(driver.of('NodeUnpublishVolume')).toHaveLength(1)
  })

  it('has to be of the mode that the volume has', async () => {
    const driver = await addDriver('modes.example.com')
    await bound('as-folder', 'modes.example.com', { volumeMode: 'Block' })
    await bound('as-device', 'modes.example.com')
    await node.run('as-folder', mounting('as-folder'))
    await node.run('as-device', {
      volumes: [{ name: 'data', persistentVolumeClaim: { claimName: 'as-device' } }],
      containers: [{ ...node.container(), volumeDevices: [{ name: 'data', devicePath: '/dev/xvda' }] }],
    })
    await heard('as-folder', 'failed to process volumes=[data]: volume data has volumeMode Block, but is specified in volumeMounts') // prettier-ignore
    await heard('as-device', 'failed to process volumes=[data]: volume data has volumeMode Filesystem, but is specified in volumeDevices') // prettier-ignore
    for (const name of ['as-folder', 'as-device']) {
      expect((await node.get(name)).status.phase).toBe('Pending')
      await node.remove(name)
    }
    expect(driver.of('NodeStageVolume')).toEqual([])
  })
})

describe('a group that a pod names', () => {
  const grouped = (claim: string) => mounting(claim, undefined, { securityContext: { fsGroup: 4321 } })
  const groupOf = (driver: TestCsiDriver, volume: string) => lstatSync(driver.disk(`handle-${volume}`)).gid

  it.each([
    ['ReadWriteOnceWithFSType', 'ext4', ['ReadWriteOnce'], 4321],
    ['ReadWriteOnceWithFSType', '', ['ReadWriteOnce'], 0],
    ['ReadWriteOnceWithFSType', 'ext4', ['ReadWriteMany'], 0],
    ['File', '', ['ReadWriteMany'], 4321],
    ['None', 'ext4', ['ReadWriteOnce'], 0],
  ])(
    'owns a volume of a driver with the policy %s, a file system "%s" and %j: %i',
    async (fsGroupPolicy, fsType, accessModes, gid) => {
      // prettier-ignore
      const id = hash(`${fsGroupPolicy}${fsType}${accessModes.join()}`).slice(0, 8)
      const driver = await addDriver(`g${id}.example.com`, { attachRequired: false, fsGroupPolicy })
      await bound(`g${id}`, `g${id}.example.com`, { accessModes, csi: { driver: '', volumeHandle: '', fsType } })
      await node.run(`g${id}`, grouped(`g${id}`))
      await node.ready(`g${id}`)
      expect(groupOf(driver, `g${id}`)).toBe(gid)
      await node.remove(`g${id}`)
    },
  )
  it('is left to drivers that mount with a group', async () => {
    const driver = await addDriver('mounts.example.com', { attachRequired: false, fsGroupPolicy: 'File' }, { can: ['stageUnstage', 'volumeMountGroup'] }) // prettier-ignore
    await bound('mounts', 'mounts.example.com')
    await node.run('mounts', grouped('mounts'))
    await node.ready('mounts')
    for (const method of ['NodeStageVolume', 'NodePublishVolume'])
      expect(driver.of(method)[0]).toMatchObject({ volumeCapability: { mount: { volumeMountGroup: '4321' } } })
    expect(groupOf(driver, 'mounts')).toBe(0)
    await node.remove('mounts')
  })
})

describe('a volume that has to be attached', () => {
  const name = 'attach.example.com'
  const unique = `kubernetes.io/csi/${name}^handle-attach`
  const id = () => `csi-${hash(`handle-attach${name}${node.nodeName}`)}`
  const inUse = async () => (await node.client.get(Node, { name: node.nodeName })).status.volumesInUse ?? []

  it('is mounted once the control plane says so, and told to be in use before that and until it is let go', async () => {
    const driver = await addDriver(name, { attachRequired: true })
    await bound('attach', name)
    await node.run('attach', mounting('attach'))
    await node.client.create(VolumeAttachment, {
      metadata: { name: id() },
      spec: { attacher: name, nodeName: node.nodeName, source: { persistentVolumeName: 'attach' } },
    })
    const status = { attached: true, attachmentMetadata: { devicePath: '/dev/sdx' } }
    await node.client.patch(VolumeAttachment, { name: id() }, { status }, { type: 'merge', subresource: 'status' })
    // Attached, as its attacher says, but not as the Node says yet.
    await eventually(async () => expect(await inUse()).toEqual([unique]), SLOW_MS)
    expect(driver.of('NodeStageVolume')).toEqual([])
    const volumesAttached = [{ name: unique, devicePath: '' }]
    await node.client.patch(Node, { name: node.nodeName }, { status: { volumesAttached } }, { type: 'merge', subresource: 'status' }) // prettier-ignore
    await node.ready('attach')
    for (const method of ['NodeStageVolume', 'NodePublishVolume'])
      expect(driver.of(method)[0]).toMatchObject({ publishContext: { devicePath: '/dev/sdx' } })
    await node.remove('attach')
    await eventually(async () => expect(await inUse()).toEqual([]), SLOW_MS)
    expect(driver.of('NodeUnstageVolume')).toHaveLength(1)
  })
})

describe("a pod's own volume", () => {
  const inline = (driver: string, more: object = {}): Partial<PodSpec> => ({
    serviceAccountName: 'default',
    volumes: [{ name: 'scratch', csi: { driver, volumeAttributes: { size: 'small' }, ...more } }],
    containers: [{ ...node.container(), volumeMounts: [{ name: 'scratch', mountPath: '/data' }] }],
  })

  it('is made for it, with what the driver wants to know of the pod, and goes with it', async () => {
    const driver = await addDriver('inline.example.com', {
      attachRequired: false,
      podInfoOnMount: true,
      volumeLifecycleModes: ['Ephemeral'],
      tokenRequests: [{ audience: 'vault', expirationSeconds: 3600 }],
      requiresRepublish: true,
    })
    await node.run('inline', inline('inline.example.com'))
    const pod = await node.ready('inline')
    const [request] = driver.of('NodePublishVolume')
    const handle = `csi-${hash(`${pod.metadata.uid}scratch`)}`
    expect(request).toMatchObject({ volumeId: handle, volumeCapability: { accessMode: { mode: 1 } } })
    const { 'csi.storage.k8s.io/serviceAccount.tokens': tokens, ...context } = request.volumeContext as Record<string, string> // prettier-ignore
    expect(context).toEqual({
      size: 'small',
      'csi.storage.k8s.io/pod.name': 'inline',
      'csi.storage.k8s.io/pod.namespace': namespace,
      'csi.storage.k8s.io/pod.uid': pod.metadata.uid,
      'csi.storage.k8s.io/serviceAccount.name': 'default',
      'csi.storage.k8s.io/ephemeral': 'true',
    })
    const { vault } = JSON.parse(tokens!) as Record<string, { token: string; expirationTimestamp: string }>
    expect(Date.parse(vault!.expirationTimestamp)).toBeGreaterThan(Date.now())
    expect(vault!.token.split('.')).toHaveLength(3)
    // It wants to be told again and again.
    await eventually(() => driver.of('NodePublishVolume').length > 2, SLOW_MS)
    await node.remove('inline')
    expect(driver.of('NodeUnpublishVolume')[0]).toMatchObject({ volumeId: handle })
    expect(driver.of('NodeStageVolume')).toEqual([])
  })
  it('of a driver that has no such volumes is refused', async () => {
    await addDriver('only-claims.example.com', { attachRequired: false, volumeLifecycleModes: ['Persistent'] })
    await node.run('refused', inline('only-claims.example.com'))
    await heard('refused', 'volume mode "Ephemeral" not supported by driver only-claims.example.com (only supports ["Persistent"])') // prettier-ignore
    await node.remove('refused')
  })
})

describe('while its pod runs, a volume', () => {
  it('grows when its claim was given more, and tells how full it is', async () => {
    const name = 'grow.example.com'
    const driver = await addDriver(name, { attachRequired: false }, { can: ['stageUnstage', 'expand', 'volumeStats'] })
    await bound('grow', name)
    await node.run('grow', mounting('grow'))
    const pod = await node.ready('grow')
    await node.client.patch(PersistentVolume, { name: 'grow' }, { spec: { capacity: { storage: '3Gi' } } }, { type: 'merge' }) // prettier-ignore
    const conditions = [{ type: 'FileSystemResizePending', status: 'True' }]
    await node.client.patch(PersistentVolumeClaim, { namespace, name: 'grow' }, { status: { conditions } }, { type: 'merge', subresource: 'status' }) // prettier-ignore
    await eventually(async () => {
      const { status } = await node.client.get(PersistentVolumeClaim, { namespace, name: 'grow' })
      expect(status.capacity).toEqual({ storage: '3Gi' })
      expect(status.conditions ?? []).toEqual([])
    }, SLOW_MS)
    expect(driver.of('NodeExpandVolume')[0]).toMatchObject({
      volumeId: 'handle-grow',
      volumePath: known(targetOf(pod, 'grow')),
      stagingTargetPath: known(stagingOf(name, 'grow')),
      capacityRange: { requiredBytes: 3 * 1024 ** 3 },
    })
    await heard('grow', `FileSystemResizeSuccessful: MountVolume.NodeExpandVolume succeeded for volume "grow" ${node.nodeName}`) // prettier-ignore
    const text = await (await fetch(`${node.kubeletUrl}/metrics`)).text()
    const labels = '{namespace="default",persistentvolumeclaim="grow"}'
    for (const [family, value] of [
      ['capacity_bytes', 1_000_000],
      ['used_bytes', 250_000],
      ['available_bytes', 750_000],
      ['inodes_free', 90],
    ] as const)
      // prettier-ignore
      expect(text).toContain(`kubelet_volume_stats_${family}${labels} ${value}`)
    await node.remove('grow')
  })
})

describe('over its end and start, the agent', () => {
  it('knows what it had mounted: a pod that went meanwhile has its volume taken back, another one keeps it', async () => {
    const name = 'restart.example.com'
    const driver = await addDriver(name)
    for (const volume of ['kept', 'lost']) {
      await bound(volume, name)
      await node.run(volume, mounting(volume))
    }
    const kept = await node.ready('kept')
    const lost = await node.ready('lost')
    await node.stopAgent()
    await node.client.delete(Pod, { namespace, name: 'lost' }, { gracePeriodSeconds: 0 }) // prettier-ignore
    await node.startAgent()
    await eventually(() => driver.of('NodeUnstageVolume').some(({ volumeId }) => volumeId === 'handle-lost'), SLOW_MS)
    expect(driver.of('NodeUnpublishVolume')).toEqual([{ volumeId: 'handle-lost', targetPath: known(targetOf(lost, 'lost')) }]) // prettier-ignore
    expect(await isMountPoint(targetOf(kept, 'kept'))).toBe(true)
    inside(kept, 'touch', '/data/still-writable')
    expect(statSync(join(driver.disk('handle-kept'), 'still-writable')).isFile()).toBe(true)
    await node.remove('kept')
    expect(driver.of('NodeUnstageVolume').map(({ volumeId }) => volumeId as string)).toContain('handle-kept')
  })
  it('is not held up by a driver that hangs', async () => {
    const name = 'hung.example.com'
    const driver = await addDriver(name)
    await bound('hung', name)
    driver.hang('NodePublishVolume')
    await node.run('hung', mounting('hung'))
    await eventually(() => driver.of('NodePublishVolume').length > 0, SLOW_MS)
    let isStopped = false
    void node.stopAgent().then(() => (isStopped = true))
    await eventually(() => isStopped, SLOW_MS) // a call is given twice that
    driver.heal()
    await node.startAgent()
    await node.ready('hung')
    await node.remove('hung')
  })
  it('waits for the driver of a volume that it has to take back', async () => {
    const name = 'away.example.com'
    const driver = await addDriver(name)
    await bound('away', name)
    await node.run('away', mounting('away'))
    const pod = await node.ready('away')
    await driver.stop()
    await eventually(async () => !(await csiNode()).spec.drivers.some(each => each.name === name), SLOW_MS)
    await node.client.delete(Pod, { namespace, name: 'away' })
    await eventually(() => docker('ps', '-q', '--filter', `label=io.kubernetes.pod.uid=${pod.metadata.uid}`) === '', SLOW_MS) // prettier-ignore
    expect((await node.get('away')).metadata.deletionTimestamp).toBeDefined()
    expect(await isMountPoint(targetOf(pod, 'away'))).toBe(true)
    await driver.start()
    await eventually(() => node.get('away').then(() => false, isNotFound), SLOW_MS)
    expect(await isMountPoint(targetOf(pod, 'away'))).toBe(false)
  })
})

describe('a container that mounts for others to see', () => {
  it("has what it mounts below the node's folder show on the node, also where the machine keeps mounts to itself", async () => {
    // Kubernetes has it for privileged containers alone, and this needs one of their rights: Docker is asked directly.
    const own = join(node.folder.path, 'own')
    const path = join(own, 'pods')
    mkdirSync(path, { recursive: true })
    await makeShared(path, own, hostTools)
    await makeShared(path, own, hostTools)
    const script = 'mkdir -p /pods/made && mount -t tmpfs made /pods/made && sleep 100000'
    const id = docker('run', '-d', '--cap-add', 'SYS_ADMIN', '--security-opt', 'apparmor=unconfined', '--network', 'none', '--mount', `type=bind,source=${path},target=/pods,bind-propagation=rshared`, node.image, 'sh', '-c', script) // prettier-ignore
    try {
      await eventually(() => isMountPoint(join(path, 'made')), SLOW_MS)
      expect((await mountPoints()).filter(point => point === own).length).toBeLessThanOrEqual(1)
    } finally {
      docker('rm', '-f', id)
    }
  })
})

describe('with the API server away', () => {
  it('a pod whose machine was rebooted has its volume again', async () => {
    const name = 'offline.example.com'
    const driver = await addDriver(name)
    await bound('offline', name)
    await node.run('offline', mounting('offline'))
    const pod = await node.ready('offline')
    await node.stopAgent()
    await driver.stop()
    await node.stopApi()
    // What a reboot leaves: neither containers nor mounts.
    docker(
      'rm',
      '-f',
      ...docker('ps', '-aq', '--filter', `label=io.kubernetes.pod.uid=${pod.metadata.uid}`).split('\n'),
    )
    for (const target of [targetOf(pod, 'offline'), stagingOf(name, 'offline')]) await hostTools.unmount(target)
    const before = driver.of('NodePublishVolume').length
    await node.startAgent()
    await driver.start()
    await eventually(() => driver.of('NodePublishVolume').length > before, SLOW_MS)
    await eventually(() => docker('ps', '-q', '--filter', `label=io.kubernetes.pod.uid=${pod.metadata.uid}`, '--filter', 'label=io.kubernetes.container.name=main') !== '', SLOW_MS) // prettier-ignore
    expect(await isMountPoint(targetOf(pod, 'offline'))).toBe(true)
  })
})
