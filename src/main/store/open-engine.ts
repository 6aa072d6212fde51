// Opens the engine that was chosen.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { type Engine, StoreError } from './contract.ts'
import type { StoreLog } from './log.ts'
import { openNedbEngine } from './nedb/engine.ts'
import { assertEngineWhole, assertFolderWhole } from './operations/filling.ts'

export type EngineChoice =
  | { readonly engine: 'nedb' }
  | {
      readonly engine: 'etcd'
      readonly endpoints: readonly string[]
      /** Paths of PEM files. */
      readonly tls?: { readonly ca?: string; readonly cert?: string; readonly key?: string }
      readonly auth?: { readonly username: string; readonly password: string }
    }

export interface EngineOptions {
  readonly log?: StoreLog
  /** The next revision is beyond this one, where the engine can choose. */
  readonly atLeastRevision?: number
  /** It may be half filled, or not be there though the cluster's keys are: the caller fills it. */
  readonly toFill?: boolean
}

/**
 * @param dataDir folder of the embedded engine
 * @throws StoreError `Unfinished` when a restore or a migration into it was cut off, `Corrupt` when it is gone
 */
export async function openEngine(choice: EngineChoice, dataDir: string, options: EngineOptions = {}): Promise<Engine> {
  const { toFill = false, ...rest } = options
  const assertWhole = async (engine?: Engine) => {
    if (choice.engine === 'nedb') await assertFolderWhole(dataDir)
    else if (engine) await assertEngineWhole(engine)
  }
  if (!toFill) {
    await assertWhole()
    if (choice.engine === 'nedb') assertStoreThere(dataDir)
  }
  const engine = await open(choice, dataDir, rest)
  if (toFill) return engine
  try {
    // Once more for the embedded one: only what holds its lock knows that nobody begins to fill it.
    await assertWhole(engine)
    return engine
  } catch (error) {
    await engine[Symbol.asyncDispose]()
    throw error
  }
}

/**
 * Keys may be there before a first start: a local cluster's, or imported ones. A ceiling of revisions and an admin's
 * kubeconfig come after the store: without it the cluster is elsewhere, or lost.
 */
function assertStoreThere(dataDir: string): void {
  const has = (...names: string[]) => existsSync(join(dataDir, ...names))
  if (has('store') || !has('pki', 'ca.key') || !(has('revision.json') || has('kubeconfig'))) return
  throw new StoreError(
    'Corrupt',
    `${dataDir} holds the keys of a cluster, but its store is missing: restore a backup into it, give --store when the ` +
      'cluster is in an etcd, or remove the folder to begin anew',
  )
}

async function open(choice: EngineChoice, dataDir: string, options: Omit<EngineOptions, 'toFill'>): Promise<Engine> {
  if (choice.engine === 'nedb') return openNedbEngine({ dataDir, ...options })
  // Loaded only when it is used: gRPC costs a start on the embedded engine nothing.
  const { openEtcdEngine } = await import('./etcd/engine.ts')
  const { log } = options
  return openEtcdEngine({ ...choice, ...(log ? { log } : {}) })
}
