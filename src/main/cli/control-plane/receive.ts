// The arriving end of a move, on the machine that the control plane comes to: a copy is put in place under a mark that
// keeps it from being used, until the leaving end has let go.
import { existsSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { ensureDataDir } from '../../data-folder/data-dir.ts'
import { lockMove } from '../../move/lock.ts'
import { inTheWay, readMark, removeMark, writeMark } from '../../move/mark.ts'
import { restoreBackup } from '../../store/backup/restore.ts'
import { readKeyFile } from '../../store/encryption/master-key.ts'
import { lockFolder } from '../../store/nedb/lock.ts'
import { type EncryptionFlags, encryptionSecret } from '../encryption-flags.ts'
import { CommandError } from '../../process/usage-error.ts'

export interface ReceiveFlags extends EncryptionFlags {
  readonly dataDir: string
  readonly id: string
  /** See `clusterIdOf`. */
  readonly cluster: string
  /** Opens the copy. */
  readonly keyFile: string
}

/** @throws CommandError when the folder holds a cluster, or may become another one's, StoreError `Locked` */
export async function receive(file: string, { dataDir, id, cluster, keyFile, ...flags }: ReceiveFlags): Promise<void> {
  ensureDataDir(dataDir)
  await using _moving = await lockMove(dataDir)
  const kept = inTheWay(readMark(dataDir), existsSync(join(dataDir, 'store')), cluster)
  if (kept !== undefined) throw new CommandError(`${dataDir} holds ${kept}`)
  await writeMark(dataDir, { id, state: 'arriving', to: '', servers: [], cluster })
  await removeStore(dataDir)
  const passphrase = await readKeyFile(keyFile)
  const encryption = await encryptionSecret(flags)
  const { records, revision } = await restoreBackup({
    path: file,
    passphrase,
    dataDir,
    store: { engine: 'nedb' },
    ...(encryption ? { encryption } : {}),
  })
  await writeMark(dataDir, { id, state: 'arriving', to: '', servers: [], cluster, complete: true })
  console.log(`${records} objects, now at revision ${revision}`)
}

/** What a copy that came before left, or a cluster that has gone from here: nobody's any more, if nobody runs on it. */
async function removeStore(dataDir: string): Promise<void> {
  await using _store = await lockFolder(dataDir)
  for (const name of ['store', 'history']) await rm(join(dataDir, name), { recursive: true, force: true })
}

/**
 * Again and again with the same result.
 * @throws CommandError when another copy is there, or half of one, StoreError `Locked`
 */
export async function activate({ dataDir, id }: { readonly dataDir: string; readonly id: string }): Promise<void> {
  ensureDataDir(dataDir)
  await using _moving = await lockMove(dataDir)
  const mark = readMark(dataDir)
  if (!mark) {
    if (existsSync(join(dataDir, 'store'))) return
    throw new CommandError(`${dataDir} holds no cluster`)
  }
  // One that was on its way back, and stays: what was copied is not the cluster, since this has not let go.
  const stays = mark.state === 'leaving'
  if (!stays && (mark.state !== 'arriving' || mark.id !== id || !mark.complete))
    throw new CommandError(`what ${dataDir} holds is not the whole copy of this move`)
  await removeMark(dataDir)
}
