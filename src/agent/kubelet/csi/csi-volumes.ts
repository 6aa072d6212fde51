// Volumes of CSI drivers on this node: staged once for all pods, published to each, and taken back. What lies on the disk
// says what may be mounted, so that another agent, or this one after its start, takes down what nobody needs.
import { mkdir, symlink } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { PersistentVolume, Pod, Volume } from '../../../shared/api/core/v1.ts'
import type { CSIDriver } from '../../../shared/api/storage/v1.ts'
import { uniqueVolumeName } from '../../../shared/machinery/csi-volumes.ts'
import { capacityOf } from '../../../shared/machinery/volume-claims.ts'
import { InOrder } from '../../in-order.ts'
import { knownPath } from '../plugins/kubelet-folder.ts'
import { podDirOf } from '../pod-dir.ts'
import type { GroupOwnership } from '../volumes/persistent.ts'
import { Attachments } from './attachments.ts'
import { applyGroup, capabilityOf } from './capability.ts'
import type { CsiMountOptions, CsiVolumesOptions, Wanted } from './contract.ts'
import { type VolumeStats, nodeExpandVolume, nodeGetVolumeStats } from './csi-api.ts'
import type { CsiDriver } from './csi-driver.ts'
import { CsiError } from './csi-error.ts'
import {
  blockPaths,
  deviceLink,
  keyOfData,
  mountPath,
  noteBeside,
  persistentMountPath,
  sha256,
  stagingPath,
} from './csi-paths.ts'
import { HeldVolumes } from './held-volumes.ts'
import { Publishing } from './publishing.ts'
import { Staging } from './staging.ts'
import { secretTexts } from './volume-context.ts'
import { FOLDER_MODE, dataOf, ignoring } from './volume-files.ts'

export class CsiVolumes {
  readonly #options: CsiVolumesOptions
  readonly #held: HeldVolumes
  readonly #attachments: Attachments
  readonly #staging: Staging
  readonly #publishing: Publishing
  /** What is done with one volume happens in order. */
  readonly #turns = new InOrder()

  constructor(options: CsiVolumesOptions) {
    this.#options = options
    this.#held = new HeldVolumes(options.dataDir)
    this.#attachments = new Attachments(options, this.#held)
    this.#staging = new Staging(options, this.#held)
    this.#publishing = new Publishing(options, this.#held)
  }

  /** Learns what another run has left. */
  load(): Promise<void> {
    return this.#held.load(this.#options.objects)
  }

  /** Unique names of volumes that must not be detached from the node. */
  get inUse(): string[] {
    return this.#held.inUse
  }

  /** Uids of pods that something may be mounted for. */
  get pods(): ReadonlySet<string> {
    return this.#held.pods
  }

  /** @returns where the volume is for the pod, while it is */
  targetOf(podUid: string, volume: PersistentVolume): string | undefined {
    return this.#held.targetOf(podUid, volume)
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
    this.#held.want(key, pod.metadata.uid)
    const publishContext = await this.#attachments.attached(csi, described, options)
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
      await this.#publishing.publish(driver, {
        published: {
          data: dataOf(this.#options.nodeName, name, handle, driverName, 'Ephemeral'),
          podUid: uid,
          target,
          isBlock: false,
        },
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
      this.#held.done.add(target)
      return target
    })
  }

  /** Some drivers want to be told again and again, of tokens for one. */
  #isDone(target: string, described: CSIDriver | undefined): boolean {
    return this.#held.done.has(target) && described?.spec.requiresRepublish !== true
  }

  /** @returns whether the driver has made what is mounted as large as the volume is by now; it may know nothing of that */
  async expand(podUid: string, volume: PersistentVolume): Promise<boolean> {
    const { csi, accessModes, mountOptions = [], volumeMode } = volume.spec
    const target = this.targetOf(podUid, volume)
    if (!csi || target === undefined || !this.#held.done.has(target)) return false
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
        stagingTargetPath: this.#held.staged.has(staging) ? this.#shown(staging) : '',
        volumeCapability: {
          ...(isBlock ? { block: {} } : { mount: { fsType, mountFlags: mountOptions } }),
          accessMode: await driver.accessMode(accessModes?.[0] ?? 'ReadWriteOnce'),
        },
        secrets: await secretTexts(csi.nodeExpandSecretRef, 'NodeExpandSecretRef', objects),
      })
      return true
    })
  }

  /** @returns undefined where its driver cannot tell */
  async stats(target: string): Promise<VolumeStats | undefined> {
    const published = this.#held.published.get(target)
    if (!published) return undefined
    const driver = this.#options.drivers.get(published.data.driverName)
    if (!(await driver.can('volumeStats'))) return undefined
    const volumePath = this.#shown(target)
    return driver.call(nodeGetVolumeStats, { volumeId: published.data.volumeHandle, volumePath })
  }

  /** Takes back all that a pod has; its containers have stopped. @throws Error when a driver cannot do it now */
  async release(podUid: string): Promise<void> {
    const keys = this.#held.unwant(podUid)
    const errors: unknown[] = []
    const attempt = (key: string, work: () => Promise<void>) =>
      this.#turns.run(key, work).catch((error: unknown) => void errors.push(error))
    for (const published of [...this.#held.published.values()].filter(each => each.podUid === podUid)) {
      keys.add(keyOfData(published.data))
      await attempt(keyOfData(published.data), () => this.#publishing.unpublish(published))
    }
    for (const key of keys) await attempt(key, () => this.#staging.unstageUnused(key))
    if (keys.size > 0) void this.#options.tellInUse().catch(() => undefined) // told with the next report
    if (errors.length > 0) throw errors[0]
  }

  /** What was staged for pods that are gone meanwhile. */
  async unstageUnused(): Promise<void> {
    for (const key of new Set([...this.#held.staged.values()].map(({ data }) => keyOfData(data))))
      await this.#turns
        .run(key, () => this.#staging.unstageUnused(key))
        .catch((error: unknown) => this.#options.log.warn({ volume: key, error: String(error) }, 'volume not unstaged'))
  }

  /** A driver knows the node's folder by another name. */
  #shown(path: string): string {
    return knownPath(this.#options.dataDir, path)
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
    const isStaged = await this.#staging
      .stage(wanted, staging, noteBeside(staging), volumeCapability, false)
      .catch(failing(`MountVolume.MountDevice failed for volume "${name}" : `))
    try {
      const stagingTargetPath = isStaged ? this.#shown(staging) : ''
      await this.#publishing.publishPersistent(wanted, {
        target,
        note: noteBeside(target),
        stagingTargetPath,
        volumeCapability,
      })
      if (!readOnly) await applyGroup(driver, described, target, { group, fsType, modes })
    } catch (error) {
      throw new CsiError(`MountVolume.SetUp failed for volume "${name}" : ${(error as Error).message}`)
    }
    this.#held.done.add(target)
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
    await this.#staging
      .stage(wanted, paths.staging, paths.note, volumeCapability, true)
      .catch(failing(`MapVolume.SetUpDevice failed for volume "${name}" : `))
    try {
      const stagingTargetPath = this.#shown(paths.staging)
      await this.#publishing.publishPersistent(wanted, {
        target,
        note: paths.note,
        stagingTargetPath,
        volumeCapability,
      })
      const link = deviceLink(podDirOf(dataDir, uid), name)
      await mkdir(dirname(link), { recursive: true, mode: FOLDER_MODE })
      await symlink(target, link).catch(ignoring('EEXIST'))
    } catch (error) {
      throw new CsiError(`MapVolume.MapPodDevice failed for volume "${name}" : ${(error as Error).message}`)
    }
    this.#held.done.add(target)
    return target
  }
}

const failing =
  (prefix: string) =>
  (error: unknown): never => {
    throw new CsiError(`${prefix}${(error as Error).message}`)
  }
