// Opens the engine that was chosen.
import type { Engine } from './contract.ts'
import type { StoreLog } from './log.ts'
import { openNedbEngine } from './nedb/engine.ts'

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
}

/** @param dataDir folder of the embedded engine */
export async function openEngine(choice: EngineChoice, dataDir: string, options: EngineOptions = {}): Promise<Engine> {
  if (choice.engine === 'nedb') return openNedbEngine({ dataDir, ...options })
  // Loaded only when it is used: gRPC costs a start on the embedded engine nothing.
  const { openEtcdEngine } = await import('./etcd/engine.ts')
  const { log } = options
  return openEtcdEngine({ ...choice, ...(log ? { log } : {}) })
}
