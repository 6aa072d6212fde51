// The arriving end of a move, on the machine that the control plane comes to: a copy is put in place under a mark that
// keeps it from being used, until the leaving end has let go.
import { existsSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { ensureDataDir } from '../../data-dir.ts'
import { readMark, removeMark, writeMark } from '../../move/mark.ts'
import { restoreBackup } from '../../store/backup/restore.ts'
import { readPassphrase } from '../encryption-flags.ts'
import { CommandError } from '../usage-error.ts'

/** @throws CommandError when the folder is a cluster's already */
export async function receive(
  file: string,
  flags: { readonly dataDir: string; readonly id: string; readonly passphraseFile: string },
): Promise<void> {
  const { dataDir, id } = flags
  ensureDataDir(dataDir)
  const store = join(dataDir, 'store')
  if (!readMark(dataDir) && existsSync(store)) throw new CommandError(`${dataDir} holds a cluster already`)
  await writeMark(dataDir, { id, state: 'arriving', to: '', servers: [] })
  // What a copy that came before left, or a cluster that has gone from here: neither is anybody's any more.
  await rm(store, { recursive: true, force: true })
  const passphrase = await readPassphrase(flags.passphraseFile)
  const { records, revision } = await restoreBackup({ path: file, passphrase, dataDir, store: { engine: 'nedb' } })
  await writeMark(dataDir, { id, state: 'arriving', to: '', servers: [], complete: true })
  console.log(`${records} objects, now at revision ${revision}`)
}

/** Again and again with the same result. @throws CommandError when another copy is there, or half of one */
export async function activate({ dataDir, id }: { readonly dataDir: string; readonly id: string }): Promise<void> {
  const mark = readMark(dataDir)
  if (!mark) {
    if (existsSync(join(dataDir, 'store'))) return
    throw new CommandError(`${dataDir} holds no cluster`)
  }
  if (mark.state !== 'arriving' || mark.id !== id || !mark.complete)
    throw new CommandError(`what ${dataDir} holds is not the whole copy of this move`)
  await removeMark(dataDir)
}
