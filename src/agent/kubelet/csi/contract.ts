// What volumes of CSI drivers want of the agent, and what is asked of them.
import type { CSIPersistentVolumeSource, PersistentVolume, Pod } from '../../../shared/api/core/v1.ts'
import type { CSIDriver, VolumeAttachment } from '../../../shared/api/storage/v1.ts'
import type { Clock } from '../../../shared/machinery/clock.ts'
import type { Log } from '../../../shared/machinery/log.ts'
import type { ObjectSource } from '../spec/env.ts'
import type { GroupOwnership } from '../volumes/persistent.ts'
import type { TokenSource } from '../volumes/projected.ts'
import type { CsiDriver } from './csi-driver.ts'
import type { CsiDrivers } from './csi-drivers.ts'

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
export interface Wanted extends CsiMountOptions {
  readonly pod: Pod
  readonly volume: PersistentVolume
  readonly csi: CSIPersistentVolumeSource
  readonly described: CSIDriver | undefined
  readonly publishContext: Readonly<Record<string, string>>
  readonly driver: CsiDriver
}
