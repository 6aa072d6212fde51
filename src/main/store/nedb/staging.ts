// Turns a queue of transactions into one group commit: every write checked against what the group has staged so far.
import { type EngineRecord, type EngineWrite, StoreError } from '../contract.ts'
import type { KeyIndex } from './key-index.ts'

export interface Transaction {
  readonly writes: readonly EngineWrite[]
  readonly bytes: number
  readonly resolve: (revision: number) => void
  readonly reject: (error: StoreError) => void
}

export interface StagedTransaction {
  readonly transaction: Transaction
  readonly records: readonly EngineRecord[]
}

export interface StagedGroup {
  readonly accepted: readonly StagedTransaction[]
  /** Told only once the group is durable: they may have failed because of what it does. */
  readonly refused: readonly { readonly transaction: Transaction; readonly error: StoreError }[]
}

interface Staged {
  readonly revision: number
  readonly createRevision: number
}

/** @param revision newest revision; the group's transactions get the following ones */
export function stageGroup(queue: readonly Transaction[], index: KeyIndex, revision: number): StagedGroup {
  // What the group changes: null = deleted by it.
  const overlay = new Map<string, Staged | null>()
  const accepted: StagedTransaction[] = []
  const refused: { transaction: Transaction; error: StoreError }[] = []
  let next = revision + 1
  for (const transaction of queue) {
    const stateOf = (key: string) => {
      const staged = overlay.get(key)
      return staged === null ? undefined : (staged ?? index.get(key))
    }
    const error = firstFault(transaction.writes, stateOf)
    if (error) {
      refused.push({ transaction, error })
      continue
    }
    const records = transaction.writes.map(({ key, value }): EngineRecord => {
      const createRevision = stateOf(key)?.createRevision ?? next
      return { key, value, revision: next, createRevision }
    })
    for (const { key, value, createRevision } of records)
      overlay.set(key, value === null ? null : { revision: next, createRevision })
    accepted.push({ transaction, records })
    next++
  }
  return { accepted, refused }
}

function firstFault(
  writes: readonly EngineWrite[],
  stateOf: (key: string) => Staged | undefined,
): StoreError | undefined {
  for (const { key, value, expect } of writes) {
    const state = stateOf(key)
    if (expect === 0 && state) return new StoreError('KeyExists', `${key} exists`)
    if (!state && (expect || value === null)) return new StoreError('KeyNotFound', `${key} does not exist`)
    if (expect && state && state.revision !== expect)
      return new StoreError('RevisionConflict', `${key} is at revision ${state.revision}, not ${expect}`)
  }
  return undefined
}
