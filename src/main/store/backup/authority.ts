// What makes several control planes one cluster: its authority, its keys and its SSH key, in a file like a backup's that
// holds nothing else. Certificates of one API server stay with it: each makes its own.
import { rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { type Clock, systemClock } from '../../../shared/machinery/clock.ts'
import { productVersion } from '../../process/version.ts'
import { StoreError } from '../contract.ts'
import { codeOf, makeFolder, readIfThere } from '../nedb/disk.ts'
import { lockFolder } from '../nedb/lock.ts'
import { readBackup } from './backup.ts'
import { type BackupSecret, openContainer, writeContainer } from './container.ts'
import { makeAside, restoreFile } from './restore.ts'
import { clusterFiles, encodeLines, type SnapshotLine } from './snapshot.ts'

const SHARED = /^(pki\/(?!serving\.)|ssh\/)/
const AUTHORITY = 'pki/ca.crt'

/** @returns how many files are in it. @throws StoreError `KeyExists` when the file is there, `KeyNotFound` without a cluster */
export async function exportAuthority(
  dataDir: string,
  path: string,
  passphrase: BackupSecret,
  clock: Clock = systemClock,
): Promise<number> {
  const files: SnapshotLine[] = []
  for await (const line of clusterFiles(dataDir)) if (line.type === 'file' && SHARED.test(line.name)) files.push(line)
  if (!files.some(line => line.type === 'file' && line.name === AUTHORITY))
    throw new StoreError('KeyNotFound', `${dataDir} has no authority yet: start a control plane on it first`)
  const about = { createdAt: new Date(clock.now()).toISOString(), revision: 0, version: productVersion }
  try {
    const content = encodeLines(files, () => undefined)
    const key = await writeContainer(path, about, passphrase, content)
    for await (const _line of readBackup(path, key)); // to the end: it is whole
  } catch (error) {
    if (codeOf(error) === 'EEXIST') throw new StoreError('KeyExists', `${path} is there already`)
    await rm(path, { force: true })
    throw error
  }
  return files.length
}

/**
 * Everything is read and checked before the first file is written; the one that tells whose cluster it is comes last, so
 * that what was cut off is seen and done again.
 * @param replace another authority goes aside
 * @returns how many files, and where what was there before is now
 * @throws StoreError `WrongKey` | `Corrupt`, `KeyExists` when the folder is another cluster's, `Locked` when one runs
 */
export async function importAuthority(
  dataDir: string,
  path: string,
  passphrase: BackupSecret,
  replace: boolean,
): Promise<{ readonly files: number; readonly replaced?: string }> {
  const key = await openContainer(path, passphrase)
  const files = new Map<string, string>()
  for await (const line of readBackup(path, key))
    if (line.type === 'file' && SHARED.test(line.name)) files.set(line.name, line.text)
  const authority = files.get(AUTHORITY)
  if (authority === undefined) throw new StoreError('Corrupt', `${path} holds no authority`)
  await makeFolder(dataDir)
  await using _folder = await lockFolder(dataDir)
  const known = await readIfThere(join(dataDir, AUTHORITY))
  let replaced: string | undefined
  if (known !== undefined && known !== authority) {
    if (!replace)
      throw new StoreError('KeyExists', `${dataDir} has another authority: choose another folder, or give --replace`)
    replaced = await moveAside(dataDir)
  }
  for (const [name, text] of files) if (name !== AUTHORITY) await restoreFile(dataDir, name, text)
  await restoreFile(dataDir, AUTHORITY, authority)
  return { files: files.size, ...(replaced === undefined ? {} : { replaced }) }
}

/** With the certificates that it has signed, and the key that its hosts know. @returns where the authority is now */
async function moveAside(dataDir: string): Promise<string> {
  const aside = await makeAside(dataDir)
  // The authority last: whoever is cut off before finds it again, and comes here again.
  for (const name of ['ssh', 'pki'])
    await rename(join(dataDir, name), `${aside}-${name}`).catch((error: unknown) => {
      if (codeOf(error) !== 'ENOENT') throw error
    })
  return `${aside}-pki`
}
