// From one engine to the other, as it lies: sealed values stay sealed, and the keyring comes along.
import { type Engine, SETTINGS_PREFIX, StoreError } from '../contract.ts'
import { GUARDS_PREFIX } from '../guards.ts'
import { type EngineChoice, openEngine } from '../open-engine.ts'
import { countUpTo, fill, type KeyValue } from './copy.ts'
import type { Progress } from './progress.ts'
import { claimFolder, openTarget } from './target.ts'

export interface MigrateOptions {
  readonly from: EngineChoice
  readonly to: EngineChoice
  /** Of the embedded engine, whichever of the two it is. */
  readonly dataDir: string
  readonly onProgress?: (progress: Progress) => void
}

/**
 * The source is only read. Whatever a client has seen there lies before what the target shows.
 * @throws StoreError `KeyExists` when the target holds a cluster already, `KeyNotFound` when the source holds none
 */
export async function migrateStore({ from, to, dataDir, onProgress = () => undefined }: MigrateOptions) {
  await using source = await openEngine(from, dataDir)
  await assertCluster(source)
  if (to.engine === 'nedb') await claimFolder(dataDir, 'migration')
  const { engine, finish } = await openTarget(to, dataDir, 'migration', source.revision)
  await using target = engine
  await countUpTo(target, source.revision, (done, total) => onProgress({ phase: 'counting', done, total }))
  const records = await fill(target, liveRecords(source), done => onProgress({ phase: 'copying', done }))
  await finish()
  return { records, revision: target.revision }
}

async function assertCluster(source: Engine): Promise<void> {
  for await (const { key } of liveRecords(source)) if (!key.startsWith(SETTINGS_PREFIX)) return
  throw new StoreError('KeyNotFound', 'there is no cluster where it is to be copied from: check --store and --data-dir')
}

/** What only means something in the engine that it is in. */
const OWN = [`${SETTINGS_PREFIX}revision-counter`, GUARDS_PREFIX]

async function* liveRecords(source: Engine): AsyncGenerator<KeyValue, void> {
  for await (const batch of source.load())
    for (const { key, value } of batch)
      if (value !== null && !OWN.some(prefix => key.startsWith(prefix))) yield { key, value }
}
