// The durable mark of a store that is being filled from a backup or from another engine. It is there before the first
// object and goes after the last one: a store that has it holds a part of a cluster, and only what filled it may open it.
// For the embedded engine it is a file beside the store, for etcd a setting: every control plane sees it.
import { join } from 'node:path'
import { type Engine, SETTINGS_PREFIX, StoreError } from '../contract.ts'
import { readIfThere, realDisk, removeIfThere, writeAtomically } from '../nedb/disk.ts'

export type FilledBy = 'restore' | 'migration'

export const FILLING_KEY = `${SETTINGS_PREFIX}filling`
const pathOf = (dataDir: string) => join(dataDir, 'filling.json')
const textOf = (by: FilledBy) => JSON.stringify({ by, at: new Date().toISOString() })

export const isFolderMarked = async (dataDir: string): Promise<boolean> =>
  (await readIfThere(pathOf(dataDir))) !== undefined

export const markFolder = (dataDir: string, by: FilledBy): Promise<void> =>
  writeAtomically(realDisk, pathOf(dataDir), `${textOf(by)}\n`)

export async function unmarkFolder(dataDir: string): Promise<void> {
  await removeIfThere(pathOf(dataDir))
  await realDisk.syncFolder(dataDir)
}

/** @throws StoreError `Unfinished` */
export async function assertFolderWhole(dataDir: string): Promise<void> {
  const text = await readIfThere(pathOf(dataDir))
  if (text !== undefined) throw unfinished(text, dataDir)
}

/** For the fence on the mark. */
export const OVERTAKEN =
  'another restore or migration into this etcd has begun meanwhile and goes on: this one has ended, nothing of it stays'

/** @returns the mark's revision. @throws StoreError `RevisionConflict` | `KeyExists` when another run has marked it meanwhile */
export const markEngine = (engine: Engine, by: FilledBy, known: number): Promise<number> =>
  engine.commit([{ key: FILLING_KEY, value: textOf(by), expect: known }])

/** @throws StoreError `Overtaken` when another run has begun meanwhile */
export const unmarkEngine = (engine: Engine, revision: number): Promise<number> =>
  engine.commit([{ key: FILLING_KEY, value: null, expect: revision }])

/** @throws StoreError `Unfinished` */
export async function assertEngineWhole(engine: Engine): Promise<void> {
  const mark = await engine.setting(FILLING_KEY)
  if (mark) throw unfinished(mark.value, 'this etcd')
}

function unfinished(text: string, where: string): StoreError {
  const by = text.includes('"migration"') ? 'migration' : 'restore'
  return new StoreError(
    'Unfinished',
    `a ${by} into ${where} has not finished, and only a part of the cluster is there: run the same command again, ` +
      'which starts over',
  )
}
