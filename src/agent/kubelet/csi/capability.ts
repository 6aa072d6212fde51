// How a volume is to be mounted: access, file system, and whose its files are.
import type { CSIDriver } from '../../../shared/api/storage/v1.ts'
import { giveToGroup } from '../volumes/ownership.ts'
import type { GroupOwnership } from '../volumes/persistent.ts'
import type { VolumeCapability } from './csi-api.ts'
import type { CsiDriver } from './csi-driver.ts'

/** @param gid for drivers that give what they mount to the group themselves */
export async function capabilityOf(
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
export async function applyGroup(
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
