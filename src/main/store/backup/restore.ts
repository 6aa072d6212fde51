// Puts a backup back: the cluster's files into a data folder, its objects into an empty store, at revisions beyond all
// that any client of the cluster may have seen.
import { rename } from 'node:fs/promises'
import { dirname, join, normalize, sep } from 'node:path'
import { type Clock, systemClock } from '../../../shared/machinery/clock.ts'
import { StoreError } from '../contract.ts'
import type { MasterSecret } from '../encryption/master-key.ts'
import { openSealedEngine } from '../encryption/sealed-engine.ts'
import { HistoryBatch } from '../history/batch.ts'
import { DEFAULT_HISTORY_LIMITS } from '../history/contract.ts'
import { makeFolder, realDisk, writeAtomically } from '../nedb/disk.ts'
import { lockFolder } from '../nedb/lock.ts'
import type { EngineChoice } from '../open-engine.ts'
import { countUpTo, fill, type KeyValue } from '../operations/copy.ts'
import type { Progress } from '../operations/progress.ts'
import { claimFolder, exists, openTarget } from '../operations/target.ts'
import { readBackup } from './backup.ts'
import { type BackupSecret, openContainer, readHeader } from './container.ts'
import { createdMs, FIRST_KEY, jumpOf } from './jump.ts'

export interface RestoreOptions {
  readonly path: string
  readonly passphrase: BackupSecret
  readonly dataDir: string
  readonly store: EngineChoice
  readonly encryption?: MasterSecret
  /** Moves a store that is there aside, and its history, instead of refusing. */
  readonly replace?: boolean
  readonly onProgress?: (progress: Progress) => void
  readonly clock?: Clock
}

export interface Restored {
  readonly records: number
  readonly files: number
  /** Where the store that was there before is now. */
  readonly replaced?: string
  readonly revision: number
}

/**
 * @throws StoreError `WrongKey` | `Corrupt` before anything is changed; `KeyExists` when there is a cluster already;
 * `Locked` when one runs, `Overtaken` when another restore or migration into the same etcd has begun meanwhile
 */
export async function restoreBackup(options: RestoreOptions): Promise<Restored> {
  const { path, passphrase, dataDir, store, clock = systemClock, onProgress = () => undefined } = options
  const { revision, createdAt } = await readHeader(path)
  const key = await openContainer(path, passphrase)
  let total = 0
  let bornMs: number | undefined
  for await (const line of readBackup(path, key)) {
    if (line.type !== 'record') continue
    onProgress({ phase: 'checking', done: ++total })
    if (line.key === FIRST_KEY) bornMs = createdMs(line.value)
  }
  await makeFolder(dataDir)
  // Nothing else may run on the folder; the embedded engine locks it by itself.
  await using _folder = store.engine === 'nedb' ? undefined : await lockFolder(dataDir)
  const replaced = store.engine === 'nedb' ? await makeWay(dataDir, options.replace ?? false) : undefined

  const madeMs = Date.parse(createdAt)
  const times = { bornMs: bornMs ?? madeMs, madeMs, nowMs: clock.now() }
  const beyond = revision + jumpOf(store.engine, revision, times)
  const { engine: bare, finish } = await openTarget(store, dataDir, 'restore', beyond)
  await using engine = await openSealedEngine(bare, options.encryption ? { secret: options.encryption } : {})
  if (store.engine === 'etcd')
    await countUpTo(engine, beyond, (done, of) => onProgress({ phase: 'counting', done, total: of }))
  await using history = await engine.openHistory(DEFAULT_HISTORY_LIMITS)
  const past = new HistoryBatch(history)
  const files = new Map<string, string>()
  const records = async function* (): AsyncGenerator<KeyValue, void> {
    for await (const line of readBackup(path, key)) {
      if (line.type === 'record') yield line
      else if (line.type === 'history') await past.add(line.entry)
      else files.set(line.name, line.text)
    }
  }
  const written = await fill(engine, records(), done => onProgress({ phase: 'restoring', done, total }))
  await past.write()
  // Last: a run that was overtaken leaves no keys of a cluster that is not there.
  for (const [name, text] of files) await restoreFile(dataDir, name, text)
  await finish()
  return { records: written, files: files.size, revision: engine.revision, ...(replaced ? { replaced } : {}) }
}

/** @returns where the embedded store that was there is now */
async function makeWay(dataDir: string, replace: boolean): Promise<string | undefined> {
  let aside: string | undefined
  await claimFolder(dataDir, 'restore', async () => {
    if (!replace)
      throw new StoreError('KeyExists', `${dataDir} already holds a cluster: choose another folder, or give --replace`)
    aside = await makeAside(dataDir)
    const history = join(dataDir, 'history')
    // First, since it is only ever looked at beside the store: the keys that its Secrets are sealed with are in there.
    if (await exists(history)) await rename(history, `${aside}-history`)
    await rename(join(dataDir, 'store'), aside)
    await realDisk.syncFolder(dataDir)
  })
  return aside
}

/** @returns a path that is free, where what is replaced in the data folder can be kept */
export async function makeAside(dataDir: string): Promise<string> {
  const aside = join(dataDir, 'backups', `replaced-${new Date().toISOString().replace(/[:.]/g, '')}`)
  await makeFolder(dirname(aside))
  return aside
}

/** The name comes out of a file that may be anybody's: it must stay inside the folder. */
export async function restoreFile(dataDir: string, name: string, text: string): Promise<void> {
  const relative = normalize(name)
  if (
    relative.startsWith('..') ||
    relative.startsWith(sep) ||
    !/^((pki|ssh)\/[\w-][\w.-]*|backup-schedule\.json)$/.test(name)
  )
    throw new StoreError('Corrupt', `the backup holds a file named "${name}", which no backup of Flotilla has`)
  const path = join(dataDir, relative)
  await makeFolder(dirname(path))
  await writeAtomically(realDisk, path, text)
}
