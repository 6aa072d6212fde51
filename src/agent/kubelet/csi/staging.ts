// Staging: what a driver does with a volume once for all pods of the node.
import { mkdir, rm, rmdir } from 'node:fs/promises'
import { dirname } from 'node:path'
import { knownPath } from '../plugins/kubelet-folder.ts'
import { isMountPoint } from '../volumes/mounts.ts'
import type { CsiVolumesOptions, Wanted } from './contract.ts'
import { type VolumeCapability, nodeStageVolume, nodeUnstageVolume } from './csi-api.ts'
import { isFinal } from './csi-driver.ts'
import { type Staged, keyOfData, noteBeside, writeNote } from './csi-paths.ts'
import type { HeldVolumes } from './held-volumes.ts'
import { secretTexts } from './volume-context.ts'
import { FOLDER_MODE, dataOf, ignoring, removeBlockFiles, removeTarget } from './volume-files.ts'

export class Staging {
  readonly #options: CsiVolumesOptions
  readonly #held: HeldVolumes

  constructor(options: CsiVolumesOptions, held: HeldVolumes) {
    this.#options = options
    this.#held = held
  }

  /** Once for all pods. @returns whether the driver stages at all */
  async stage(
    { csi, volume, driver, publishContext }: Wanted,
    target: string,
    note: string,
    volumeCapability: VolumeCapability,
    isBlock: boolean,
  ): Promise<boolean> {
    if (!(await driver.can('stageUnstage'))) return false
    if (this.#held.stagedNow.has(target)) return true
    const secrets = await secretTexts(csi.nodeStageSecretRef, 'NodeStageSecretRef', this.#options.objects)
    const data = dataOf(this.#options.nodeName, volume.metadata.name, csi.volumeHandle, csi.driver, 'Persistent')
    await mkdir(target, { recursive: true, mode: FOLDER_MODE })
    await writeNote(note, data)
    const isNew = !this.#held.staged.has(target)
    this.#held.staged.set(target, { data, target, isBlock })
    try {
      await driver.call(nodeStageVolume, {
        volumeId: csi.volumeHandle,
        publishContext,
        stagingTargetPath: knownPath(this.#options.dataDir, target),
        volumeCapability,
        secrets,
        volumeContext: csi.volumeAttributes ?? {},
      })
    } catch (error) {
      if (isFinal(error) && isNew && !(await isMountPoint(target))) await this.#forgetStaged({ data, target, isBlock })
      throw error
    }
    this.#held.stagedNow.add(target)
    return true
  }

  /** What no pod has any more. @throws Error when its driver cannot do it now */
  async unstageUnused(key: string): Promise<void> {
    if (this.#held.isPods(key)) return
    for (const staged of [...this.#held.staged.values()].filter(({ data }) => keyOfData(data) === key)) {
      const { data, target } = staged
      const driver = this.#options.drivers.get(data.driverName)
      this.#held.stagedNow.delete(target)
      if (await driver.can('stageUnstage'))
        await driver.call(nodeUnstageVolume, {
          volumeId: data.volumeHandle,
          stagingTargetPath: knownPath(this.#options.dataDir, target),
        })
      if (await isMountPoint(target)) throw new Error(`${target} is still mounted after its driver unstaged it`)
      await this.#forgetStaged(staged)
    }
  }

  async #forgetStaged({ data, target, isBlock }: Staged): Promise<void> {
    await removeTarget(target)
    this.#held.staged.delete(target)
    if (isBlock) {
      if (!this.#held.isUsed(keyOfData(data))) await removeBlockFiles(this.#options.dataDir, data.specVolID)
      return
    }
    await rm(noteBeside(target), { force: true })
    await rmdir(dirname(target)).catch(ignoring('ENOENT'))
  }
}
