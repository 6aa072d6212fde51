// Volumes of CSI drivers when things happen at once: a driver that mounts for real, without an agent around them.
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { CsiDrivers } from '../../src/agent/kubelet/csi/csi-drivers.ts'
import { keepCsiVolumes } from '../../src/agent/kubelet/csi/csi-upkeep.ts'
import { CsiVolumes } from '../../src/agent/kubelet/csi/csi-volumes.ts'
import type { KubeletParts } from '../../src/agent/kubelet/parts.ts'
import { hostTools, isMountPoint, unmountBelow } from '../../src/agent/kubelet/volumes/mounts.ts'
import { type PrepareOptions, prepareVolumes } from '../../src/agent/kubelet/volumes/volumes.ts'
import type { PersistentVolume, PersistentVolumeClaim, Pod, Volume } from '../../src/shared/api/core/v1.ts'
import type { CSIDriver, CSIDriverSpec, VolumeAttachment } from '../../src/shared/api/storage/v1.ts'
import { silentLog } from '../../src/shared/machinery/log.ts'
import { eventually } from '../support/eventually.ts'
import { TestCsiDriver } from '../support/plugins/csi-driver.ts'
import { ManualClock } from '../support/manual-clock.ts'

const DRIVER = 'disks.example.com'

let dataDir: string
let driver: TestCsiDriver
let drivers: CsiDrivers
let csi: CsiVolumes
let clock: ManualClock
let described: CSIDriverSpec
let attachment: VolumeAttachment | undefined
/** What was asked about attachments. */
let looks: number
/** What the driver says of itself is known. */
let known: Promise<void>

beforeEach(async () => {
  dataDir = mkdtempSync(join(tmpdir(), 'csi-'))
  described = { attachRequired: true }
  attachment = undefined
  looks = 0
  known = Promise.resolve()
  clock = new ManualClock()
  driver = await TestCsiDriver.start({ dataDir, name: DRIVER })
  const csiNode = { install: () => Promise.resolve(), uninstall: () => Promise.resolve() }
  drivers = new CsiDrivers({ csiNode, onRegistered: () => undefined, signal: new AbortController().signal })
  const endpoint = join(dataDir, 'plugins', DRIVER, 'csi.sock')
  await drivers.register({ name: DRIVER, endpoint, supportedVersions: ['1.0.0'] })
  csi = new CsiVolumes({
    dataDir,
    nodeName: 'node',
    drivers,
    objects,
    tokens,
    tellInUse: () => Promise.resolve(new Set(csi.inUse)),
    clock,
    log: silentLog,
  })
})
afterEach(async () => {
  drivers[Symbol.dispose]()
  await driver[Symbol.asyncDispose]()
  await unmountBelow(dataDir, hostTools)
  rmSync(dataDir, { recursive: true, force: true })
})

const tokens = {
  token: () => Promise.resolve(''),
  issued: () => Promise.resolve({ token: '', expirationTimestamp: '' }),
  forget: () => undefined,
}
const claims = new Map<string, PersistentVolumeClaim>()
const objects = {
  async csiDriver() {
    await known
    return { metadata: { name: DRIVER }, spec: described } as CSIDriver
  },
  attachment() {
    looks++
    return Promise.resolve(attachment)
  },
  configMap: () => Promise.resolve(undefined),
  secret: () => Promise.resolve(undefined),
  claim: (_namespace: string, name: string) => Promise.resolve(claims.get(name)),
  volume: (name: string) => Promise.resolve(volume(name)),
}

const volume = (name: string, volumeMode = 'Filesystem') =>
  ({
    metadata: { name },
    spec: {
      accessModes: ['ReadWriteOnce'],
      capacity: { storage: '1Gi' },
      claimRef: { uid: `uid-of-${name}` },
      csi: { driver: DRIVER, volumeHandle: `handle-${name}` },
      volumeMode,
    },
  }) as unknown as PersistentVolume
const claim = (name: string, deletionTimestamp?: string) =>
  ({
    metadata: { name, namespace: 'default', uid: `uid-of-${name}`, deletionTimestamp },
    spec: { volumeName: name },
    status: { phase: 'Bound' },
  }) as unknown as PersistentVolumeClaim
/** Its container uses all of its volumes. */
function pod(uid: string, volumes: readonly Volume[] = []): Pod {
  const volumeMounts = volumes.map(({ name }) => ({ name, mountPath: `/${name}` }))
  const metadata = { name: uid, namespace: 'default', uid } as Pod['metadata']
  const containers = [{ name: 'c', image: 'i', volumeMounts }]
  return { apiVersion: 'v1', kind: 'Pod', metadata, spec: { containers, volumes: [...volumes] }, status: {} }
}
const mounting = (signal = new AbortController().signal) =>
  ({ name: 'data', group: { gid: undefined, policy: undefined }, readOnly: false, signal }) as const

describe('a pod that ends', () => {
  it('while it is not known yet how its volume is attached has nothing in use', async () => {
    let tell: (() => void) | undefined
    known = new Promise(resolve => (tell = resolve))
    const alive = new AbortController()
    const prepared = csi.preparePersistent(pod('short'), volume('late'), mounting(alive.signal))
    alive.abort(new Error('the pod is over'))
    await csi.release('short')
    tell?.()
    await expect(prepared).rejects.toThrow('the pod is over')
    expect(csi.inUse).toEqual([])
  })
})

describe('a volume that waits to be attached', () => {
  it('is mounted without, once its driver says that it need not be', async () => {
    const prepared = csi.preparePersistent(pod('user'), volume('changed'), mounting())
    await eventually(() => expect(csi.inUse).toEqual([`kubernetes.io/csi/${DRIVER}^handle-changed`]))
    described = { attachRequired: false }
    const target = await eventually(async () => {
      await clock.advance(1_000)
      return Promise.race([prepared, Promise.resolve<false>(false)])
    })
    expect(await isMountPoint(String(target))).toBe(true)
    expect(csi.inUse).toEqual([])
  })
})

describe("a PersistentVolume that is called as one of the pod's own volumes", () => {
  it('is mounted apart from it, and goes with it', async () => {
    described = { attachRequired: false, volumeLifecycleModes: ['Persistent', 'Ephemeral'] }
    const own = { name: 'twin', csi: { driver: DRIVER } }
    const user = pod('both', [own, { name: 'claimed', persistentVolumeClaim: { claimName: 'twin' } }])
    const { group } = mounting()
    const targets = [
      await csi.prepareInline(user, own, group),
      await csi.preparePersistent(user, volume('twin'), mounting()),
    ]
    expect(new Set(targets).size).toBe(2)
    for (const target of targets) expect(await isMountPoint(target)).toBe(true)
    expect(csi.targetOf('both', volume('twin'))).toBe(targets[1])
    const published = driver.of('NodePublishVolume').map(({ volumeId }) => String(volumeId))
    expect(published).toEqual([expect.stringMatching(/^csi-[0-9a-f]{64}$/), 'handle-twin'])
    await csi.release('both')
    expect(driver.of('NodeUnpublishVolume').map(({ volumeId }) => String(volumeId)).toSorted()).toEqual(published.toSorted()) // prettier-ignore
    for (const target of targets) expect(existsSync(target)).toBe(false)
  })
})

describe('a volume that cannot be prepared', () => {
  it('ends the wait for others: they are waited for anew with the next attempt, not beside it', async () => {
    claims.set('slow', claim('slow'))
    const volumes: Volume[] = [
      { name: 'slow', persistentVolumeClaim: { claimName: 'slow' } },
      { name: 'missing', persistentVolumeClaim: { claimName: 'missing' } },
    ]
    const user = pod('waiting', volumes)
    const input = { pod: user, facts: {}, objects } as unknown as Parameters<typeof prepareVolumes>[0]
    const { signal } = new AbortController()
    const options = { podDir: join(dataDir, 'pods', 'waiting'), dataDir, tools: hostTools, claims: objects, takeAlone: () => undefined, csi, signal, written: new Map() } as unknown as PrepareOptions // prettier-ignore
    await expect(prepareVolumes(input, volumes, options)).rejects.toThrow('persistentvolumeclaims "missing" not found')
    const before = looks
    await clock.advance(10_000)
    expect(looks).toBe(before)
  })
})

describe('a block device', () => {
  it("leaves others theirs when it goes, also one that is called as a folder of the node's own", async () => {
    described = { attachRequired: false }
    const [first, second] = [volume('other', 'Block'), volume('publish', 'Block')]
    const target = await csi.preparePersistent(pod('stays'), first, mounting())
    await hostTools.unmount(target) // as of a driver that makes a node instead of mounting one
    await csi.preparePersistent(pod('goes'), second, mounting())
    await csi.release('goes')
    expect(existsSync(target)).toBe(true)
  })
})

describe('a volume that its driver wants to be told of again and again', () => {
  it('is, also while its claim is being deleted, which nobody is warned of', async () => {
    described = { attachRequired: false, requiresRepublish: true }
    claims.set('told', claim('told', '2026-01-01T00:00:00Z'))
    const user = pod('runs', [{ name: 'data', persistentVolumeClaim: { claimName: 'told' } }])
    const target = await csi.preparePersistent(user, volume('told'), mounting())
    expect(await isMountPoint(target)).toBe(true)
    const events: string[] = []
    const recorder = { event: (_about: object, _type: string, reason: string, message: string) => void events.push(`${reason}: ${message}`) } // prettier-ignore
    const parts = { csi, objects, recorder, node: { nodeName: 'node' } } as unknown as KubeletParts
    await keepCsiVolumes(parts, user, new AbortController().signal)
    expect(events).toEqual([])
    expect(driver.of('NodePublishVolume')).toHaveLength(2)
  })
})
