// Opens the empty store that a restore or a migration fills, under the mark of `filling.ts`. What a run before it has left
// under that mark goes first.
import { access, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { type Engine, type EngineRecord, type EngineWrite, StoreError, type StoreErrorCode } from '../contract.ts'
import { makeFolder } from '../nedb/disk.ts'
import { lockFolder } from '../nedb/lock.ts'
import { type EngineChoice, openEngine } from '../open-engine.ts'
import { assertEmpty } from './copy.ts'
import {
  FILLING_KEY,
  type FilledBy,
  isFolderMarked,
  markEngine,
  markFolder,
  OVERTAKEN,
  unmarkEngine,
  unmarkFolder,
} from './filling.ts'

export interface Target {
  readonly engine: Engine
  /** The last step: the store is whole. */
  finish(): Promise<void>
}

/**
 * Marks the folder as one that is being filled, if no store is left in it.
 * @param onStore called for a store that no run before has left half filled, while nothing can run on it
 */
export async function claimFolder(
  dataDir: string,
  by: FilledBy,
  onStore: () => Promise<void> = () => Promise.resolve(),
): Promise<void> {
  await makeFolder(dataDir)
  await using _lock = await lockFolder(dataDir)
  const store = join(dataDir, 'store')
  // The revision's ceiling stays: what a client has seen of the half filled one lies before the next.
  if (await isFolderMarked(dataDir))
    for (const each of [store, join(dataDir, 'history')]) await rm(each, { recursive: true, force: true })
  else if (await exists(store)) await onStore()
  // Never over a store that is there: under the mark it would be taken for one that is half filled.
  if (!(await exists(store))) await markFolder(dataDir, by)
}

/**
 * What it writes fails with `Overtaken` once another run has claimed the same etcd.
 * @throws StoreError `KeyExists` when there is a cluster, which has no mark
 */
export async function openTarget(
  choice: EngineChoice,
  dataDir: string,
  by: FilledBy,
  atLeastRevision: number,
): Promise<Target> {
  const engine = await openEngine(choice, dataDir, { atLeastRevision, toFill: true })
  try {
    if (choice.engine === 'nedb') {
      await assertEmpty(engine, dataDir)
      await markFolder(dataDir, by)
      return { engine, finish: () => unmarkFolder(dataDir) }
    }
    const mark = await claimEtcd(engine, by)
    return { engine, finish: async () => void (await unmarkEngine(engine, mark)) }
  } catch (error) {
    await engine[Symbol.asyncDispose]()
    throw error
  }
}

const MOST_TRIES = 10

/**
 * Marks an etcd as one that this run fills. A run that was cut off leaves it to this one; so does one that still goes on,
 * whose next transaction fails: the mark comes before what is removed, and is a fence for whatever is written after.
 * @returns the mark's revision
 */
async function claimEtcd(engine: Engine, by: FilledBy): Promise<number> {
  const what = 'this etcd'
  const mark = async (): Promise<number> => {
    for (let tries = 1; ; tries++) {
      const other = await engine.setting(FILLING_KEY)
      // A whole cluster never gets a mark.
      if (!other) await assertEmpty(engine, what)
      try {
        return await markEngine(engine, by, other?.revision ?? 0)
      } catch (error) {
        // Others mark it in the same moment, or have just finished.
        if (tries === MOST_TRIES || !(error instanceof StoreError) || !OTHERS_FIRST.has(error.code)) throw error
      }
    }
  }
  const revision = await mark()
  engine.fence?.({ key: FILLING_KEY, revision, overtaken: OVERTAKEN })
  await removeOthers(engine)
  await assertEmpty(engine, what)
  return revision
}

const OTHERS_FIRST = new Set<StoreErrorCode>(['RevisionConflict', 'KeyExists', 'KeyNotFound'])

/** At once: each wants two compares of etcd, which takes 128 by itself. */
const MOST_REMOVED = 60

/** Everything that was made after the first mark; the mark itself stays. */
async function removeOthers(engine: Engine): Promise<void> {
  const found: Pick<EngineRecord, 'key' | 'createRevision' | 'revision'>[] = []
  for await (const batch of engine.load())
    found.push(...batch.map(({ key, createRevision, revision }) => ({ key, createRevision, revision })))
  const marked = found.find(({ key }) => key === FILLING_KEY)?.createRevision ?? Infinity
  const writes = found
    .filter(({ createRevision }) => createRevision > marked)
    .map(({ key, revision }): EngineWrite => ({ key, value: null, expect: revision }))
  while (writes.length > 0) await engine.commit(writes.splice(-MOST_REMOVED))
}

export const exists = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  )
