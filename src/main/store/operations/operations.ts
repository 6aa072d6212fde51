// What can be asked of a store besides reading and writing, the same for one that runs in a server and one opened by a
// command: each tells how far it is, and ends with a result.
import type { Lease } from '../../../shared/api/coordination/v1.ts'
import { systemClock } from '../../../shared/machinery/clock.ts'
import type { EngineHealth, EngineStats, ObjectStore } from '../contract.ts'
import type { MasterSecret } from '../encryption/master-key.ts'
import type { EncryptionStatus, SealedEngine } from '../encryption/sealed-engine.ts'
import { assertAllWereTold, LEASES_PREFIX } from '../encryption/told-keys.ts'
import { clusterFiles, historyLines, type SnapshotLine, snapshotOf } from '../backup/snapshot.ts'
import type { HistoryLog } from '../history/contract.ts'
import type { Progress } from './progress.ts'

/** An open store and the engine below it, which encrypts. */
export interface StoreParts {
  readonly store: ObjectStore
  readonly engine: SealedEngine
  readonly dataDir: string
}

export interface StoreStatus extends EngineStats {
  readonly revision: number
  readonly compactedRevision: number
  readonly objects: number
  readonly health: EngineHealth
  readonly encryption: EncryptionStatus
}

export type OperationEvent =
  | ({ readonly type: 'progress' } & Progress)
  | {
      readonly type: 'snapshot'
      readonly revision: number
      readonly count: number
      /** Whether the store that it comes from keeps Secrets encrypted: here they are not. */
      readonly encrypted: boolean
    }
  | SnapshotLine
  | { readonly type: 'result'; readonly result: object }
  /** Only on the wire: why there is no result. */
  | { readonly type: 'error'; readonly code: string; readonly message: string }

export const operations = { status, verify, compact, snapshot, 'rotate-encryption-key': rotateEncryptionKey } as const

export type OperationName = keyof typeof operations

export const isOperation = (name: unknown): name is OperationName =>
  typeof name === 'string' && Object.hasOwn(operations, name)

async function statusOf({ store, engine }: StoreParts): Promise<StoreStatus> {
  return {
    ...(await engine.stats()),
    revision: store.revision,
    compactedRevision: engine.compactedRevision,
    objects: store.list('/', { limit: 0 }).remaining ?? 0,
    health: store.health(),
    encryption: engine.encryption,
  }
}

async function* status(parts: StoreParts): AsyncGenerator<OperationEvent, void> {
  yield { type: 'result', result: await statusOf(parts) }
}

/** Reads everything from where it lies, past the cache: checksums, decryption, JSON, and agreement with the cache. */
async function* verify({ store, engine }: StoreParts): AsyncGenerator<OperationEvent, void> {
  const total = store.list('/', { limit: 0 }).remaining ?? 0
  let done = 0
  const differing: string[] = []
  for await (const batch of engine.load()) {
    for (const { key, value, revision } of batch) {
      if (value === null) continue
      JSON.parse(value)
      const cached = store.get(key)
      // Written again since: what the cache shows is newer than what was read.
      if (cached && cached.revision < revision) differing.push(key)
    }
    done += batch.length
    yield { type: 'progress', phase: 'verifying', done: Math.min(done, total), total }
  }
  yield { type: 'result', result: { ok: differing.length === 0, records: done, differing } }
}

async function* compact(parts: StoreParts): AsyncGenerator<OperationEvent, void> {
  const before = await parts.engine.stats()
  yield { type: 'progress', phase: 'compacting', done: 0, total: 1 }
  await parts.store.compact(parts.store.revision)
  await parts.engine.compact(parts.engine.revision, true)
  yield { type: 'progress', phase: 'compacting', done: 1, total: 1 }
  const after = await parts.engine.stats()
  yield { type: 'result', result: { beforeBytes: before.diskBytes, afterBytes: after.diskBytes } }
}

async function* rotateEncryptionKey(parts: StoreParts): AsyncGenerator<OperationEvent, void> {
  await assertOthersFollow(parts)
  yield { type: 'progress', phase: 'resealing', done: 0, total: 1 }
  await parts.engine.rotateDataKey()
  yield { type: 'progress', phase: 'resealing', done: 1, total: 1 }
  yield { type: 'result', result: parts.engine.encryption }
}

/**
 * Goes on with the key or passphrase that another control plane has given the store: the hand-over to one that runs.
 * @throws StoreError `WrongKey` | `KeyNeeded`, and nothing has changed
 */
export async function* adoptEncryptionKey(
  { engine }: Pick<StoreParts, 'engine'>,
  secret: MasterSecret,
): AsyncGenerator<OperationEvent, void> {
  await engine.adoptMasterSecret(secret)
  yield { type: 'result', result: engine.encryption }
}

/** @throws StoreError `KeyNeeded` when another control plane could not read what is sealed with the next key */
async function assertOthersFollow({ store, engine }: StoreParts): Promise<void> {
  if (!store.shared) return
  await store.fresh()
  const leases = store.list(LEASES_PREFIX).items.map(({ object }) => object as unknown as Lease)
  const remedy = 'run flotilla encryption adopt-key there, or restart it with the new one, then rotate'
  assertAllWereTold(leases, engine.encryption.masterKeyId, remedy, systemClock.now())
}

/** Everything of the cluster at one revision. @param history goes along when it is given */
async function* snapshot(
  { store, engine, dataDir }: StoreParts,
  history?: HistoryLog,
): AsyncGenerator<OperationEvent, void> {
  // What others have written to a shared store is in it.
  await store.fresh()
  const { revision, count, lines } = snapshotOf(store)
  yield { type: 'snapshot', revision, count, encrypted: engine.encryption.encrypted }
  yield* clusterFiles(dataDir)
  yield* lines
  if (history) yield* historyLines(history)
  yield { type: 'result', result: { revision, records: count } }
}
