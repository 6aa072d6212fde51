// Opens the empty store that a restore or a migration fills, under the mark of `filling.ts`. What a run before it has left
// under that mark goes first.
import { access, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Engine, EngineWrite } from '../contract.ts'
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

/** @throws StoreError `KeyExists` when there is a cluster, which has no mark */
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
    const cut = await engine.setting(FILLING_KEY)
    if (cut) await removeSince(engine, cut.revision)
    await assertEmpty(engine, 'this etcd')
    const mark = await markEngine(engine, by, cut?.revision ?? 0)
    return { engine, finish: async () => void (await unmarkEngine(engine, mark)) }
  } catch (error) {
    await engine[Symbol.asyncDispose]()
    throw error
  }
}

/** At once: each wants two compares of etcd, which takes 128 by itself. */
const MOST_REMOVED = 60

/** Everything that was made after the mark, which stays. */
async function removeSince(engine: Engine, mark: number): Promise<void> {
  const writes: EngineWrite[] = []
  for await (const batch of engine.load())
    for (const { key, createRevision, revision } of batch)
      if (createRevision > mark) writes.push({ key, value: null, expect: revision })
  while (writes.length > 0) await engine.commit(writes.splice(-MOST_REMOVED))
}

export const exists = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  )
