// A `local` volume whose path is a block device, and which containers use as a folder: the device's file system is
// mounted for each pod. A device with nothing on it gets one first; one with anything else on it is left as it is.
import { mkdir, open, realpath } from 'node:fs/promises'
import { InOrder } from '../../in-order.ts'
import { type HostTools, isMountPoint } from './mounts.ts'

export interface DeviceMount {
  /** Where this process finds the device. */
  readonly device: string
  readonly target: string
  readonly fsType: string | undefined
  readonly mountOptions: readonly string[]
  /** Nothing may be written: no file system is made. */
  readonly readOnly: boolean
  readonly tools: Pick<HostTools, 'mount' | 'run'>
}

const DEFAULT_TYPE = 'ext4'
/** What mkfs wants so that it asks nothing, and that all room of an ext file system is the volume's. */
const MKFS: Readonly<Record<string, readonly string[]>> = {
  ext3: ['-F', '-m0'],
  ext4: ['-F', '-m0'],
  xfs: ['-f'],
}
/** @see blkid(8) */
const NOTHING_THERE = 2
/** @see fsck(8) */
const NOT_CORRECTED = 4

/** Two pods do not make a file system on one device. */
const turns = new InOrder()

/** @throws Error */
export async function mountDevice(options: DeviceMount): Promise<void> {
  await turns.run(await realpath(options.device), () => mountNow(options))
}

async function mountNow({ device, target, fsType, mountOptions, readOnly, tools }: DeviceMount): Promise<void> {
  if (await isMountPoint(target)) return
  const type = fsType || DEFAULT_TYPE
  if (!/^[a-z0-9]+$/.test(type)) throw new Error(`"${type}" is not a type of file system`)
  try {
    // What nobody may open looks like one with nothing on it.
    await (await open(device)).close()
    const isUntouched = readOnly || mountOptions.includes('ro')
    if (await isEmpty(device, tools)) {
      if (isUntouched) throw new Error(`cannot mount unformatted disk ${device} as we are manipulating it in read-only mode`) // prettier-ignore
      await makeFileSystem(device, type, tools)
    } else if (!isUntouched) await repair(device, tools)
    await mkdir(target, { recursive: true, mode: 0o750 })
    await tools.mount(['-t', type, '-o', [...mountOptions, 'defaults'].join(','), '--', device, target])
  } catch (error) {
    throw new Error(`local: failed to mount device ${device} at ${target} (fstype: ${type}), error ${(error as Error).message}`) // prettier-ignore
  }
}

/** @throws Error where it cannot be told, and for a disk that is divided */
async function isEmpty(device: string, { run }: Pick<HostTools, 'run'>): Promise<boolean> {
  const { code, output } = await run('blkid', ['-p', '-s', 'TYPE', '-s', 'PTTYPE', '-o', 'export', device])
  if (code === NOTHING_THERE) return true
  if (code !== 0) throw new Error(`failed to get disk format of disk ${device}: ${output}`)
  if (/^PTTYPE=/m.test(output)) throw new Error(`disk ${device} has unknown data, probably partitions`)
  // Something is on it, if not a file system.
  return false
}

async function makeFileSystem(device: string, type: string, { run }: Pick<HostTools, 'run'>): Promise<void> {
  const { code, output } = await run(`mkfs.${type}`, [...(MKFS[type] ?? []), device])
  if (code !== 0) throw new Error(`format of disk ${device} failed: ${output}`)
}

/** One that cannot be checked is mounted nevertheless: the mount tells what is wrong with it. */
async function repair(device: string, { run }: Pick<HostTools, 'run'>): Promise<void> {
  const { code, output } = await run('fsck', ['-a', device]).catch(() => ({ code: 0, output: '' })) // there is no fsck
  if (code === NOT_CORRECTED)
    throw new Error(`'fsck' found errors on device ${device} but could not correct them: ${output}`)
}
