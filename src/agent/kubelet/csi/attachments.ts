// Whether a volume is attached to the node, as the control plane says.
import type { CSIPersistentVolumeSource } from '../../../shared/api/core/v1.ts'
import type { CSIDriver } from '../../../shared/api/storage/v1.ts'
import { delay } from '../../../shared/machinery/clock.ts'
import { attachmentName, uniqueVolumeName } from '../../../shared/machinery/csi-volumes.ts'
import { ApiError } from '../../../shared/machinery/status.ts'
import type { CsiMountOptions, CsiVolumesOptions } from './contract.ts'
import { CsiError } from './csi-error.ts'
import { sha256 } from './csi-paths.ts'
import type { HeldVolumes } from './held-volumes.ts'

/** As long as upstream waits for a volume before it says so. */
const ATTACH_MS = 123_000
const FIRST_LOOK_MS = 100
const LAST_LOOK_MS = 2_000

export class Attachments {
  readonly #options: CsiVolumesOptions
  readonly #held: HeldVolumes

  constructor(options: CsiVolumesOptions, held: HeldVolumes) {
    this.#options = options
    this.#held = held
  }

  /**
   * Waits until the control plane says that it is attached, or its driver that it need not be.
   * @returns what the attacher has to say to the driver
   */
  async attached(
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
        this.#held.setAttachable(key, false)
        return {}
      }
      this.#held.setAttachable(key, true)
      const context = await this.#look(csi)
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
  async #look(csi: CSIPersistentVolumeSource): Promise<Readonly<Record<string, string>> | undefined> {
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
      if (isAway && this.#held.isMounted(key)) return context
      throw error
    }
  }
}
