// Volumes that one pod alone may use (ReadWriteOncePod). The scheduler keeps to it, but a pod may come to a node past
// the scheduler. Who has which is kept in files, so that it outlives this process.
import { mkdir, readFile, readdir, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { PersistentVolume } from '../../../shared/api/core/v1.ts'

export interface Holder {
  readonly dataDir: string
  /** Of the pod. */
  readonly uid: string
  /** @returns the folder that a pod has while anything of it is on the node */
  readonly podDirOf: (dataDir: string, uid: string) => string
}

const folderOf = (dataDir: string): string => join(dataDir, 'exclusive-volumes')
const isThere = (path: string): Promise<boolean> => stat(path).then(() => true, () => false) // prettier-ignore

/** Takes the volume for the pod, unless it may be shared. @throws Error while another pod has it, in upstream's words */
export async function takeAlone({ metadata, spec }: PersistentVolume, holder: Holder): Promise<void> {
  if (!spec.accessModes?.includes('ReadWriteOncePod')) return
  const { dataDir, uid, podDirOf } = holder
  const file = join(folderOf(dataDir), metadata.name)
  await mkdir(folderOf(dataDir), { recursive: true, mode: 0o700 })
  const owner = await readFile(file, 'utf8').catch(() => undefined)
  if (owner === uid) return
  // What a pod left behind whose end nobody saw here.
  if (owner !== undefined && !(await isThere(podDirOf(dataDir, owner)))) await rm(file, { force: true })
  await writeFile(file, uid, { flag: 'wx' }).catch(() => {
    throw new Error('volume uses the ReadWriteOncePod access mode and is already in use by another pod')
  })
}

/** The pod has stopped: others may have its volumes. */
export async function letGo(dataDir: string, uid: string): Promise<void> {
  const folder = folderOf(dataDir)
  for (const name of await readdir(folder).catch(() => []))
    if ((await readFile(join(folder, name), 'utf8')) === uid) await rm(join(folder, name))
}
