// The leaving end of a move back when no control plane runs there: one that never started, or cannot any more. Its store
// is read as it lies, under a mark that keeps anything from starting on it, until it has let go.
import { existsSync } from 'node:fs'
import { readFile, rename } from 'node:fs/promises'
import { join } from 'node:path'
import { ensureDataDir } from '../../data-folder/data-dir.ts'
import { lockMove } from '../../move/lock.ts'
import { MovedError, readMark, writeMark } from '../../move/mark.ts'
import { openSealedEngine } from '../../store/encryption/sealed-engine.ts'
import { DEFAULT_HISTORY_LIMITS } from '../../store/history/contract.ts'
import { openObjectStore } from '../../store/object-store.ts'
import { openEngine } from '../../store/open-engine.ts'
import { operations } from '../../store/operations/operations.ts'
import { type EncryptionFlags, encryptionSecret } from '../encryption-flags.ts'
import { CommandError } from '../../process/usage-error.ts'
import { copyCluster } from './copy.ts'

export interface DepartFlags extends EncryptionFlags {
  readonly dataDir: string
  readonly id: string
  /** Of the move that brought it here, should it have been left before it was activated. */
  readonly from: string
  /** For people: the machine that it goes to. */
  readonly to: string
  /** Seals the copy: see `newCopyKey`. */
  readonly keyFile: string
}

/** Writes the copy to `file`. @throws CommandError, StoreError `Locked` when something runs on the folder */
export async function depart(file: string, { dataDir, id, from, to, keyFile, ...flags }: DepartFlags): Promise<void> {
  ensureDataDir(dataDir)
  await using _moving = await lockMove(dataDir)
  const mark = readMark(dataDir)
  if (mark?.state === 'left') throw new CommandError(new MovedError(mark).message)
  if (mark?.state === 'arriving' && !(mark.complete && mark.id === from))
    throw new CommandError(`what ${dataDir} holds is not the whole copy of that move`)
  if (!existsSync(join(dataDir, 'store'))) throw new CommandError(`${dataDir} holds no cluster`)
  const key = (await readFile(keyFile, 'utf8')).trim()
  const secret = await encryptionSecret(flags)
  const engine = await openSealedEngine(await openEngine({ engine: 'nedb' }, dataDir), secret ? { secret } : {})
  await using store = await openObjectStore(engine, { compactEveryMs: 0 })
  // The store is ours alone now: nothing runs on it, and under the mark nothing will.
  await writeMark(dataDir, { id, state: 'leaving', to, servers: [] })
  await using history = await engine.openHistory(DEFAULT_HISTORY_LIMITS)
  await using copy = await copyCluster(dataDir, operations.snapshot({ store, engine, dataDir }, history), key)
  await rename(copy.path, file)
  console.log(`copied at revision ${copy.revision}`)
}

/** The point of no return. Again and again with the same result. @throws CommandError, StoreError `Locked` */
export async function leave({ dataDir, id }: { readonly dataDir: string; readonly id: string }): Promise<void> {
  ensureDataDir(dataDir)
  await using _moving = await lockMove(dataDir)
  const mark = readMark(dataDir)
  if (mark?.id !== id || mark.state === 'arriving')
    throw new CommandError(`what ${dataDir} holds was not copied by this move; run it again`)
  await writeMark(dataDir, { ...mark, state: 'left' })
}
