// Volumes that one pod alone may use (ReadWriteOncePod). The scheduler keeps to it, but a pod may come to a node past
// the scheduler. Who has which is kept in files, so that it outlives this process.
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { PersistentVolume } from '../../../shared/api/core/v1.ts'
import { writeStateSync } from '../../network/state-file.ts'

export interface Holder {
  readonly dataDir: string
  /** Of the pod. */
  readonly uid: string
  /** @returns the folder that a pod has while anything of it is on the node */
  readonly podDirOf: (dataDir: string, uid: string) => string
}

const folderOf = (dataDir: string): string => join(dataDir, 'exclusive-volumes')
/** Ends as no file does that is being written, whatever the volume's name. */
const fileOf = (dataDir: string, volume: string): string => join(folderOf(dataDir), `${volume}.json`)

function ownerIn(file: string): string | undefined {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as string
  } catch {
    return undefined // nobody's
  }
}

/**
 * Takes the volume for the pod, unless it may be shared. In one go: pods come for it at the same time.
 * @throws Error while another pod has it, in upstream's words
 */
export function takeAlone({ metadata, spec }: PersistentVolume, { dataDir, uid, podDirOf }: Holder): void {
  if (!spec.accessModes?.includes('ReadWriteOncePod')) return
  const file = fileOf(dataDir, metadata.name)
  const owner = ownerIn(file)
  if (owner === uid) return
  // A pod without a folder left it behind: nobody here saw its end.
  if (owner !== undefined && existsSync(podDirOf(dataDir, owner)))
    throw new Error('volume uses the ReadWriteOncePod access mode and is already in use by another pod')
  writeStateSync(file, uid)
}

/** The pod has stopped: others may have its volumes. */
export function letGo(dataDir: string, uid: string): void {
  const folder = folderOf(dataDir)
  if (!existsSync(folder)) return
  for (const name of readdirSync(folder)) if (ownerIn(join(folder, name)) === uid) rmSync(join(folder, name))
}
