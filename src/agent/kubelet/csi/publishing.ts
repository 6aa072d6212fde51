// Publishing: a volume is given to a pod, and taken from it.
import { mkdir, rm, rmdir, unlink } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { Pod } from '../../../shared/api/core/v1.ts'
import type { CSIDriver } from '../../../shared/api/storage/v1.ts'
import { knownPath } from '../plugins/kubelet-folder.ts'
import { podDirOf } from '../pod-dir.ts'
import { isMountPoint } from '../volumes/mounts.ts'
import type { CsiVolumesOptions, Wanted } from './contract.ts'
import { type VolumeCapability, nodePublishVolume, nodeUnpublishVolume } from './csi-api.ts'
import { type CsiDriver, isFinal } from './csi-driver.ts'
import { type Published, deviceLink, keyOfData, noteBeside, writeNote } from './csi-paths.ts'
import type { HeldVolumes } from './held-volumes.ts'
import { secretTexts, volumeContext } from './volume-context.ts'
import { FOLDER_MODE, dataOf, ignoring, removeBlockFiles, removeTarget } from './volume-files.ts'

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

export class Publishing {
  readonly #options: CsiVolumesOptions
  readonly #held: HeldVolumes

  constructor(options: CsiVolumesOptions, held: HeldVolumes) {
    this.#options = options
    this.#held = held
  }

  async publishPersistent(
    { pod, volume, csi, described, driver, readOnly, publishContext }: Wanted,
    { target, note, stagingTargetPath, volumeCapability }: PublishPlace,
  ): Promise<void> {
    const data = dataOf(this.#options.nodeName, volume.metadata.name, csi.volumeHandle, csi.driver, 'Persistent')
    const isBlock = volumeCapability.block !== undefined
    await this.publish(driver, {
      published: { data, podUid: pod.metadata.uid, target, isBlock },
      note,
      pod,
      described,
      attributes: csi.volumeAttributes ?? {},
      secrets: await secretTexts(csi.nodePublishSecretRef, 'NodePublishSecretRef', this.#options.objects),
      request: { readonly: readOnly, publishContext, stagingTargetPath, volumeCapability },
    })
  }

  async publish(driver: CsiDriver, { published, note, request, ...input }: PublishInput): Promise<void> {
    const { data, target } = published
    const lifecycle = data.volumeLifecycleMode
    const context = await volumeContext({ ...input, lifecycle, tokens: this.#options.tokens })
    await mkdir(dirname(target), { recursive: true, mode: FOLDER_MODE })
    await writeNote(note, data)
    const isNew = !this.#held.published.has(target)
    this.#held.published.set(target, published)
    try {
      await driver.call(nodePublishVolume, {
        ...request,
        ...context,
        volumeId: data.volumeHandle,
        targetPath: knownPath(this.#options.dataDir, target),
      })
    } catch (error) {
      if (isFinal(error) && isNew && !(await isMountPoint(target))) await this.#forgetPublished(published)
      throw error
    }
  }

  async unpublish(published: Published): Promise<void> {
    const { data, target } = published
    const driver = this.#options.drivers.get(data.driverName)
    this.#held.done.delete(target)
    await driver.call(nodeUnpublishVolume, {
      volumeId: data.volumeHandle,
      targetPath: knownPath(this.#options.dataDir, target),
    })
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
    this.#held.published.delete(target)
    if (isBlock && !this.#held.isUsed(keyOfData(data))) await removeBlockFiles(this.#options.dataDir, data.specVolID)
  }
}
