// Volumes of CSI drivers on this node: staged once for all pods, published to each, and taken back. What lies on the disk
// says what may be mounted, so that another agent, or this one after its start, takes down what nobody needs.
import { lstat, mkdir, rm, rmdir, symlink, unlink } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { CSIPersistentVolumeSource, PersistentVolume, Pod, Volume } from '../../../shared/api/core/v1.ts'
import type { CSIDriver, VolumeAttachment } from '../../../shared/api/storage/v1.ts'
import { type Clock, delay } from '../../../shared/machinery/clock.ts'
import { attachmentName, uniqueVolumeName } from '../../../shared/machinery/csi-volumes.ts'
import type { Log } from '../../../shared/machinery/log.ts'
import { ApiError } from '../../../shared/machinery/status.ts'
import { capacityOf } from '../../../shared/machinery/volume-claims.ts'
import { InOrder } from '../../in-order.ts'
import { podDirOf } from '../pod-dir.ts'
import { knownPath } from '../plugins/kubelet-folder.ts'
import type { ObjectSource } from '../spec/env.ts'
import { isMountPoint } from '../volumes/mounts.ts'
import { giveToGroup } from '../volumes/ownership.ts'
import type { GroupOwnership } from '../volumes/persistent.ts'
import type { TokenSource } from '../volumes/projected.ts'
import {
  type VolumeCapability,
  type VolumeStats,
  nodeExpandVolume,
  nodeGetVolumeStats,
  nodePublishVolume,
  nodeStageVolume,
  nodeUnpublishVolume,
  nodeUnstageVolume,
} from './csi-api.ts'
import { type CsiDriver, isFinal } from './csi-driver.ts'
import type { CsiDrivers } from './csi-drivers.ts'
import { CsiError } from './csi-error.ts'
import {
  type Lifecycle,
  type Published,
  type Staged,
  type VolumeData,
  blockPaths,
  deviceLink,
  findPublished,
  findStaged,
  keyOfData,
  mountPath,
  noteBeside,
  persistentMountPath,
  sha256,
  stagingPath,
  writeNote,
} from './csi-paths.ts'
import { secretTexts, volumeContext } from './volume-context.ts'

export interface CsiSource {
  /** @returns undefined when it does not describe itself @throws Error when it cannot be known */
  csiDriver(name: string): Promise<CSIDriver | undefined>
  /** @returns undefined when it does not exist, or is not this node's */
  attachment(name: string): Promise<VolumeAttachment | undefined>
}

export interface CsiVolumesOptions {
  readonly dataDir: string
  readonly nodeName: string
  readonly drivers: Pick<CsiDrivers, 'get'>
  readonly objects: ObjectSource & CsiSource
  readonly tokens: TokenSource
  /** Has it told in the cluster which volumes are in use. @returns those that are said to be attached now */
  readonly tellInUse: () => Promise<ReadonlySet<string>>
  readonly clock: Clock
  readonly log: Log
}

export interface CsiMountOptions {
  /** The volume in the pod's spec. */
  readonly name: string
  readonly group: GroupOwnership
  readonly readOnly: boolean
  readonly signal: AbortSignal
}

/** A volume to be mounted, with all that is known of it. */
interface Wanted extends CsiMountOptions {
  readonly pod: Pod
  readonly volume: PersistentVolume
  readonly csi: CSIPersistentVolumeSource
  readonly described: CSIDriver | undefined
  readonly publishContext: Readonly<Record<string, string>>
  readonly driver: CsiDriver
}

/** As long as upstream waits for a volume before it says so. */
const ATTACH_MS = 123_000
const FIRST_LOOK_MS = 100
const LAST_LOOK_MS = 2_000
const FOLDER_MODE = 0o750

export class CsiVolumes {
  readonly #options: CsiVolumesOptions
  /** By target: mounted, or perhaps. */
  readonly #published = new Map<string, Published>()
  /** Targets that this run of the agent has mounted. */
  readonly #done = new Set<string>()
  /** By target. */
  readonly #staged = new Map<string, Staged>()
  readonly #stagedNow = new Set<string>()
  /** By unique name: pods that are being given it. */
  readonly #wanted = new Map<string, Set<string>>()
  /** Unique names of those that were attached for the node. */
  readonly #attachable = new Set<string>()
  /** What is done with one volume happens in order. */
  readonly #turns = new InOrder()

  constructor(options: CsiVolumesOptions) {
    this.#options = options
  }

  /** Learns what another run has left. */
  async load(): Promise<void> {
    const { dataDir, objects } = this.#options
    for (const published of await findPublished(dataDir)) this.#published.set(published.target, published)
    for (const staged of await findStaged(dataDir)) this.#staged.set(staged.target, staged)
    for (const { data } of [...this.#published.values(), ...this.#staged.values()]) {
      if ('volumeLifecycleMode' in data && data.volumeLifecycleMode === 'Ephemeral') continue
      const described = await objects.csiDriver(data.driverName).catch(() => undefined) // the API does not answer: rather one too many
      if (described?.spec.attachRequired !== false) this.#attachable.add(keyOfData(data))
    }
  }

  /** Unique names of volumes that must not be detached from the node. */
  get inUse(): string[] {
    for (const key of this.#attachable) if (!this.#isUsed(key)) this.#attachable.delete(key)
    return [...this.#attachable].toSorted()
  }

  #isUsed(key: string): boolean {
    if (this.#wanted.has(key)) return true
    return [...this.#published.values(), ...this.#staged.values()].some(({ data }) => keyOfData(data) === key)
  }

  /** @returns the host path of folder or device @throws CsiError */
  async preparePersistent(pod: Pod, volume: PersistentVolume, options: CsiMountOptions): Promise<string> {
    const { csi } = volume.spec
    if (!csi) throw new Error(`volume "${volume.metadata.name}" is not of a CSI driver`)
    const described = await this.#options.objects.csiDriver(csi.driver)
    // Of a pod that has ended meanwhile everything was taken back: nobody would take this back.
    options.signal.throwIfAborted()
    const target = this.targetOf(pod.metadata.uid, volume)
    if (target !== undefined && this.#isDone(target, described)) return target
    const key = uniqueVolumeName(csi)
    this.#wanted.set(key, (this.#wanted.get(key) ?? new Set()).add(pod.metadata.uid))
    const publishContext = await this.#attached(csi, described, options)
    return this.#turns.run(key, () => {
      options.signal.throwIfAborted()
      const isBlock = volume.spec.volumeMode === 'Block'
      const driver = this.#driverFor(csi.driver, volume, isBlock)
      const wanted = { ...options, pod, volume, csi, described, publishContext, driver }
      return isBlock ? this.#mapDevice(wanted) : this.#mount(wanted)
    })
  }

  /** A volume that lives as long as its pod. @returns the host path @throws Error in upstream's words */
  async prepareInline(pod: Pod, { name, csi }: Volume, group: GroupOwnership): Promise<string> {
    const { objects, dataDir, drivers } = this.#options
    if (!csi) throw new Error(`volume "${name}" is not of a CSI driver`)
    const { driver: driverName, fsType = '', volumeAttributes = {}, nodePublishSecretRef, readOnly = false } = csi
    const { uid, namespace } = pod.metadata
    const driver = drivers.get(driverName)
    const described = await objects.csiDriver(driverName)
    const refuse = (why: string): never => {
      throw new Error(
        `kubernetes.io/csi: mounter.SetupAt failed to check volume lifecycle mode: volume mode "Ephemeral" not supported by driver ${driverName} (${why})`,
      )
    }
    if (!described) return refuse('no CSIDriver object')
    const modes = described.spec.volumeLifecycleModes ?? []
    if (!modes.includes('Ephemeral')) refuse(`only supports ${JSON.stringify(modes)}`)
    const handle = `csi-${sha256(`${uid}${name}`)}`
    return this.#turns.run(uniqueVolumeName({ driver: driverName, volumeHandle: handle }), async () => {
      const target = mountPath(podDirOf(dataDir, uid), name)
      if (this.#isDone(target, described)) return target
      const secretRef = nodePublishSecretRef && { ...nodePublishSecretRef, namespace }
      await this.#publish(driver, {
        published: { data: this.#dataOf(name, handle, driverName, 'Ephemeral'), podUid: uid, target, isBlock: false },
        note: noteBeside(target),
        pod,
        described,
        attributes: volumeAttributes,
        secrets: await secretTexts(secretRef, 'NodePublishSecretRef', objects),
        request: {
          readonly: readOnly,
          volumeCapability: await capabilityOf(driver, { fsType, mode: 'ReadWriteOnce', gid: group.gid }),
        },
      })
      if (!readOnly) await applyGroup(driver, described, target, { group, fsType, modes: undefined })
      this.#done.add(target)
      return target
    })
  }

  /** Some drivers want to be told again and again, of tokens for one. */
  #isDone(target: string, described: CSIDriver | undefined): boolean {
    return this.#done.has(target) && described?.spec.requiresRepublish !== true
  }

  /** @returns whether the driver has made what is mounted as large as the volume is by now; it may know nothing of that */
  async expand(podUid: string, volume: PersistentVolume): Promise<boolean> {
    const { csi, accessModes, mountOptions = [], volumeMode } = volume.spec
    const target = this.targetOf(podUid, volume)
    if (!csi || target === undefined || !this.#done.has(target)) return false
    const { drivers, objects, dataDir } = this.#options
    return this.#turns.run(uniqueVolumeName(csi), async () => {
      const driver = drivers.get(csi.driver)
      if (!(await driver.can('expand'))) return false
      const isBlock = volumeMode === 'Block'
      const { fsType = '' } = csi
      const staging = isBlock ? blockPaths(dataDir, volume.metadata.name).staging : stagingPath(dataDir, csi.driver, csi.volumeHandle) // prettier-ignore
      await driver.call(nodeExpandVolume, {
        volumeId: csi.volumeHandle,
        volumePath: this.#shown(target),
        capacityRange: { requiredBytes: capacityOf(volume).value() },
        stagingTargetPath: this.#staged.has(staging) ? this.#shown(staging) : '',
        volumeCapability: {
          ...(isBlock ? { block: {} } : { mount: { fsType, mountFlags: mountOptions } }),
          accessMode: await driver.accessMode(accessModes?.[0] ?? 'ReadWriteOnce'),
        },
        secrets: await secretTexts(csi.nodeExpandSecretRef, 'NodeExpandSecretRef', objects),
      })
      return true
    })
  }

  /** @returns where the volume is for the pod, while it is */
  targetOf(podUid: string, { metadata: { name } }: PersistentVolume): string | undefined {
    const { dataDir } = this.#options
    const podDir = podDirOf(dataDir, podUid)
    const paths = [
      ...[false, true].map(isNamesake => persistentMountPath(podDir, name, { isNamesake })),
      blockPaths(dataDir, name).publish(podUid),
    ]
    return paths.find(path => this.#published.get(path)?.data.volumeLifecycleMode === 'Persistent')
  }

  /** @returns undefined where its driver cannot tell */
  async stats(target: string): Promise<VolumeStats | undefined> {
    const published = this.#published.get(target)
    if (!published) return undefined
    const driver = this.#options.drivers.get(published.data.driverName)
    if (!(await driver.can('volumeStats'))) return undefined
    const volumePath = this.#shown(target)
    return driver.call(nodeGetVolumeStats, { volumeId: published.data.volumeHandle, volumePath })
  }

  /** Takes back all that a pod has; its containers have stopped. @throws Error when a driver cannot do it now */
  async release(podUid: string): Promise<void> {
    const keys = new Set<string>()
    for (const [key, pods] of this.#wanted) {
      if (!pods.delete(podUid)) continue
      if (pods.size === 0) this.#wanted.delete(key)
      keys.add(key)
    }
    const errors: unknown[] = []
    const attempt = (key: string, work: () => Promise<void>) =>
      this.#turns.run(key, work).catch((error: unknown) => void errors.push(error))
    for (const published of [...this.#published.values()].filter(each => each.podUid === podUid)) {
      keys.add(keyOfData(published.data))
      await attempt(keyOfData(published.data), () => this.#unpublish(published))
    }
    for (const key of keys) await attempt(key, () => this.#unstageUnused(key))
    if (keys.size > 0) void this.#options.tellInUse().catch(() => undefined) // told with the next report
    if (errors.length > 0) throw errors[0]
  }

  /** Uids of pods that something may be mounted for. */
  get pods(): ReadonlySet<string> {
    return new Set([...this.#published.values()].map(({ podUid }) => podUid))
  }

  /** What was staged for pods that are gone meanwhile. */
  async unstageUnused(): Promise<void> {
    for (const key of new Set([...this.#staged.values()].map(({ data }) => keyOfData(data))))
      await this.#turns
        .run(key, () => this.#unstageUnused(key))
        .catch((error: unknown) => this.#options.log.warn({ volume: key, error: String(error) }, 'volume not unstaged'))
  }

  /** A driver knows the node's folder by another name. */
  #shown(path: string): string {
    return knownPath(this.#options.dataDir, path)
  }

  #dataOf(specVolID: string, volumeHandle: string, driverName: string, lifecycle: Lifecycle): VolumeData {
    const { nodeName } = this.#options
    const attachmentID = attachmentName(sha256, { driver: driverName, volumeHandle }, nodeName)
    return { specVolID, volumeHandle, driverName, nodeName, volumeLifecycleMode: lifecycle, attachmentID }
  }

  #driverFor(name: string, { metadata }: PersistentVolume, isBlock: boolean): CsiDriver {
    try {
      return this.#options.drivers.get(name)
    } catch (error) {
      const [step, why] = isBlock
        ? ['MapVolume.SetUpDevice', 'blockMapper.SetUpDevice failed to get CSI client']
        : ['MountVolume.MountDevice', 'attacher.MountDevice failed to create newCsiDriverClient']
      throw new CsiError(`${step} failed for volume "${metadata.name}" : kubernetes.io/csi: ${why}: ${(error as Error).message}`) // prettier-ignore
    }
  }

  /**
   * Waits until the control plane says that it is attached, or its driver that it need not be.
   * @returns what the attacher has to say to the driver
   */
  async #attached(
    csi: CSIPersistentVolumeSource,
    described: CSIDriver | undefined,
    { name, signal }: CsiMountOptions,
  ): Promise<Readonly<Record<string, string>>> {
    const { clock, objects } = this.#options
    const key = uniqueVolumeName(csi)
    const end = clock.monotonic() + ATTACH_MS
    let now = described
    for (let pauseMs = FIRST_LOOK_MS; ; pauseMs = Math.min(pauseMs * 1.5, LAST_LOOK_MS)) {
      if (now?.spec.attachRequired === false) {
        this.#attachable.delete(key)
        return {}
      }
      this.#attachable.add(key)
      const context = await this.#lookAttached(csi)
      if (context) return context
      const isOver = await delay(clock, pauseMs, signal).then(
        () => clock.monotonic() > end,
        () => true, // the pod ends
      )
      if (!isOver) {
        now = await objects.csiDriver(csi.driver)
        signal.throwIfAborted()
        continue
      }
      const volumes = `unmounted volumes=[${name}], unattached volumes=[${name}], failed to process volumes=[]`
      throw new CsiError(`Unable to attach or mount volumes: ${volumes}: timed out waiting for the condition`)
    }
  }

  /** First the node tells that it has the volume in use, then it looks whether the volume is still said to be attached. */
  async #lookAttached(csi: CSIPersistentVolumeSource): Promise<Readonly<Record<string, string>> | undefined> {
    const { objects, nodeName, tellInUse } = this.#options
    const attachment = await objects.attachment(attachmentName(sha256, csi, nodeName))
    if (!attachment?.status.attached || attachment.metadata.deletionTimestamp) return undefined
    const key = uniqueVolumeName(csi)
    const context = attachment.status.attachmentMetadata ?? {}
    try {
      return (await tellInUse()).has(key) ? context : undefined
    } catch (error) {
      // With the API server away, a volume that was in use before is: nobody can have taken it since.
      const isAway = !(error instanceof ApiError) || error.code >= 500
      const wasThere = [...this.#published.values(), ...this.#staged.values()].some(
        ({ data }) => keyOfData(data) === key,
      )
      if (isAway && wasThere) return context
      throw error
    }
  }

  async #mount(wanted: Wanted): Promise<string> {
    const { pod, volume, csi, described, driver, group, readOnly } = wanted
    const { name } = volume.metadata
    const { fsType = '' } = csi
    const { accessModes: modes = [], mountOptions = [] } = volume.spec
    const { uid } = pod.metadata
    const isNamesake = (pod.spec.volumes ?? []).some(own => own.csi && own.name === name)
    const target = persistentMountPath(podDirOf(this.#options.dataDir, uid), name, { isNamesake })
    const volumeCapability = await capabilityOf(driver, { fsType, mountOptions, mode: modes[0], gid: group.gid })
    const staging = stagingPath(this.#options.dataDir, csi.driver, csi.volumeHandle)
    const isStaged = await this.#stage(wanted, staging, noteBeside(staging), volumeCapability, false).catch(
      failing(`MountVolume.MountDevice failed for volume "${name}" : `),
    )
    try {
      const stagingTargetPath = isStaged ? this.#shown(staging) : ''
      await this.#publishPersistent(wanted, { target, note: noteBeside(target), stagingTargetPath, volumeCapability })
      if (!readOnly) await applyGroup(driver, described, target, { group, fsType, modes })
    } catch (error) {
      throw new CsiError(`MountVolume.SetUp failed for volume "${name}" : ${(error as Error).message}`)
    }
    this.#done.add(target)
    return target
  }

  async #mapDevice(wanted: Wanted): Promise<string> {
    const { pod, volume, driver } = wanted
    const { dataDir } = this.#options
    const { name } = volume.metadata
    const { uid } = pod.metadata
    const paths = blockPaths(dataDir, name)
    const target = paths.publish(uid)
    const accessMode = await driver.accessMode(volume.spec.accessModes?.[0] ?? 'ReadWriteOnce')
    const volumeCapability = { block: {}, accessMode }
    await this.#stage(wanted, paths.staging, paths.note, volumeCapability, true).catch(
      failing(`MapVolume.SetUpDevice failed for volume "${name}" : `),
    )
    try {
      const stagingTargetPath = this.#shown(paths.staging)
      await this.#publishPersistent(wanted, { target, note: paths.note, stagingTargetPath, volumeCapability })
      const link = deviceLink(podDirOf(dataDir, uid), name)
      await mkdir(dirname(link), { recursive: true, mode: FOLDER_MODE })
      await symlink(target, link).catch(ignoring('EEXIST'))
    } catch (error) {
      throw new CsiError(`MapVolume.MapPodDevice failed for volume "${name}" : ${(error as Error).message}`)
    }
    this.#done.add(target)
    return target
  }

  /** Once for all pods. @returns whether the driver stages at all */
  async #stage(
    { csi, volume, driver, publishContext }: Wanted,
    target: string,
    note: string,
    volumeCapability: VolumeCapability,
    isBlock: boolean,
  ): Promise<boolean> {
    if (!(await driver.can('stageUnstage'))) return false
    if (this.#stagedNow.has(target)) return true
    const secrets = await secretTexts(csi.nodeStageSecretRef, 'NodeStageSecretRef', this.#options.objects)
    const data = this.#dataOf(volume.metadata.name, csi.volumeHandle, csi.driver, 'Persistent')
    await mkdir(target, { recursive: true, mode: FOLDER_MODE })
    await writeNote(note, data)
    const isNew = !this.#staged.has(target)
    this.#staged.set(target, { data, target, isBlock })
    try {
      await driver.call(nodeStageVolume, {
        volumeId: csi.volumeHandle,
        publishContext,
        stagingTargetPath: this.#shown(target),
        volumeCapability,
        secrets,
        volumeContext: csi.volumeAttributes ?? {},
      })
    } catch (error) {
      if (isFinal(error) && isNew && !(await isMountPoint(target))) await this.#forgetStaged({ data, target, isBlock })
      throw error
    }
    this.#stagedNow.add(target)
    return true
  }

  async #publishPersistent(
    { pod, volume, csi, described, driver, readOnly, publishContext }: Wanted,
    { target, note, stagingTargetPath, volumeCapability }: PublishPlace,
  ): Promise<void> {
    const data = this.#dataOf(volume.metadata.name, csi.volumeHandle, csi.driver, 'Persistent')
    const isBlock = volumeCapability.block !== undefined
    await this.#publish(driver, {
      published: { data, podUid: pod.metadata.uid, target, isBlock },
      note,
      pod,
      described,
      attributes: csi.volumeAttributes ?? {},
      secrets: await secretTexts(csi.nodePublishSecretRef, 'NodePublishSecretRef', this.#options.objects),
      request: { readonly: readOnly, publishContext, stagingTargetPath, volumeCapability },
    })
  }

  async #publish(driver: CsiDriver, { published, note, request, ...input }: PublishInput): Promise<void> {
    const { data, target } = published
    const lifecycle = data.volumeLifecycleMode
    const context = await volumeContext({ ...input, lifecycle, tokens: this.#options.tokens })
    await mkdir(dirname(target), { recursive: true, mode: FOLDER_MODE })
    await writeNote(note, data)
    const isNew = !this.#published.has(target)
    this.#published.set(target, published)
    try {
      await driver.call(nodePublishVolume, {
        ...request,
        ...context,
        volumeId: data.volumeHandle,
        targetPath: this.#shown(target),
      })
    } catch (error) {
      if (isFinal(error) && isNew && !(await isMountPoint(target))) await this.#forgetPublished(published)
      throw error
    }
  }

  async #unpublish(published: Published): Promise<void> {
    const { data, target } = published
    const driver = this.#options.drivers.get(data.driverName)
    this.#done.delete(target)
    await driver.call(nodeUnpublishVolume, { volumeId: data.volumeHandle, targetPath: this.#shown(target) })
    if (await isMountPoint(target)) throw new Error(`${target} is still mounted after its driver unpublished it`)
    await this.#forgetPublished(published)
  }

  /** Nothing is deleted that the node has not made itself: what is in a folder stays, and is told of. */
  async #forgetPublished({ data, target, podUid, isBlock }: Published): Promise<void> {
    await removeTarget(target)
    if (isBlock) {
      await unlink(deviceLink(podDirOf(this.#options.dataDir, podUid), data.specVolID)).catch(ignoring('ENOENT'))
      await rmdir(dirname(target)).catch(ignoring('ENOENT', 'ENOTEMPTY'))
    } else {
      await rm(noteBeside(target), { force: true })
      await rmdir(dirname(target)).catch(ignoring('ENOENT'))
    }
    this.#published.delete(target)
    if (isBlock && !this.#isUsed(keyOfData(data))) await this.#removeBlockFiles(data.specVolID)
  }

  async #unstageUnused(key: string): Promise<void> {
    const isPublished = [...this.#published.values()].some(({ data }) => keyOfData(data) === key)
    if (isPublished || this.#wanted.has(key)) return
    for (const staged of [...this.#staged.values()].filter(({ data }) => keyOfData(data) === key)) {
      const { data, target } = staged
      const driver = this.#options.drivers.get(data.driverName)
      this.#stagedNow.delete(target)
      if (await driver.can('stageUnstage'))
        await driver.call(nodeUnstageVolume, { volumeId: data.volumeHandle, stagingTargetPath: this.#shown(target) })
      if (await isMountPoint(target)) throw new Error(`${target} is still mounted after its driver unstaged it`)
      await this.#forgetStaged(staged)
    }
  }

  async #forgetStaged({ data, target, isBlock }: Staged): Promise<void> {
    await removeTarget(target)
    this.#staged.delete(target)
    if (isBlock) {
      if (!this.#isUsed(keyOfData(data))) await this.#removeBlockFiles(data.specVolID)
      return
    }
    await rm(noteBeside(target), { force: true })
    await rmdir(dirname(target)).catch(ignoring('ENOENT'))
  }

  async #removeBlockFiles(volume: string): Promise<void> {
    const { own, note, publishFolder } = blockPaths(this.#options.dataDir, volume)
    await rm(note, { force: true })
    // A volume may be called as the node's own folders are: what others have there stays.
    for (const folder of [publishFolder, dirname(note), own]) await rmdir(folder).catch(ignoring('ENOENT', 'ENOTEMPTY'))
  }
}

interface PublishPlace {
  readonly target: string
  readonly note: string
  /** '' for drivers that stage nothing. */
  readonly stagingTargetPath: string
  readonly volumeCapability: VolumeCapability
}

interface PublishInput {
  readonly published: Published
  readonly note: string
  readonly pod: Pod
  readonly described: CSIDriver | undefined
  readonly attributes: Readonly<Record<string, string>>
  readonly secrets: Readonly<Record<string, string>>
  readonly request: {
    readonly readonly: boolean
    readonly publishContext?: Readonly<Record<string, string>>
    readonly stagingTargetPath?: string
    readonly volumeCapability: VolumeCapability
  }
}

/** @param gid for drivers that give what they mount to the group themselves */
async function capabilityOf(
  driver: CsiDriver,
  { fsType, mountOptions = [], mode = 'ReadWriteOnce', gid }: { readonly fsType: string; readonly mountOptions?: readonly string[]; readonly mode?: string | undefined; readonly gid: number | undefined }, // prettier-ignore
): Promise<VolumeCapability> {
  const isDrivers = gid !== undefined && (await driver.can('volumeMountGroup'))
  const mount = { fsType, mountFlags: mountOptions, ...(isDrivers ? { volumeMountGroup: String(gid) } : {}) }
  return { mount, accessMode: await driver.accessMode(mode) }
}

interface GroupInput {
  readonly group: GroupOwnership
  readonly fsType: string
  /** Undefined = the volume is the pod's own. */
  readonly modes: readonly string[] | undefined
}

/** @see https://kubernetes-csi.github.io/docs/support-fsgroup.html */
async function applyGroup(
  driver: CsiDriver,
  described: CSIDriver | undefined,
  target: string,
  { group: { gid, policy }, fsType, modes }: GroupInput,
): Promise<void> {
  const way = described?.spec.fsGroupPolicy ?? 'ReadWriteOnceWithFSType'
  if (gid === undefined || way === 'None' || (await driver.can('volumeMountGroup'))) return
  const isOneNodes = modes === undefined || modes.some(mode => mode === 'ReadWriteOnce' || mode === 'ReadWriteOncePod')
  if (way === 'File' || (fsType !== '' && isOneNodes)) await giveToGroup(target, gid, policy)
}

const failing =
  (prefix: string) =>
  (error: unknown): never => {
    throw new CsiError(`${prefix}${(error as Error).message}`)
  }

const ignoring =
  (...codes: readonly string[]) =>
  (error: NodeJS.ErrnoException): void => {
    if (!codes.includes(error.code ?? '')) throw error
  }

/** A folder that is empty, or a file or node that a driver has left. */
async function removeTarget(target: string): Promise<void> {
  const found = await lstat(target).catch(() => undefined)
  if (found?.isDirectory()) await rmdir(target).catch(ignoring('ENOENT'))
  else if (found) await unlink(target).catch(ignoring('ENOENT'))
}
