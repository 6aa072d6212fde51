// The events of a store that is read out, as what a backup is made of.
import type { BackupSource } from '../store/backup/backup.ts'
import type { SnapshotLine } from '../store/backup/snapshot.ts'
import type { OperationEvent } from '../store/operations/operations.ts'
import { CommandError } from '../process/usage-error.ts'

export interface SnapshotSource extends BackupSource {
  /** As the store is that it comes from. */
  readonly encrypted: boolean
}

/** @throws CommandError when they do not begin as a snapshot does */
export async function snapshotSource(given: AsyncIterable<OperationEvent>): Promise<SnapshotSource> {
  const events = given[Symbol.asyncIterator]()
  const first = await events.next()
  if (first.done || first.value.type !== 'snapshot') throw new CommandError('the store gave no snapshot')
  const { revision, count, encrypted } = first.value
  const lines = async function* (): AsyncGenerator<SnapshotLine, void> {
    for (let next = await events.next(); !next.done; next = await events.next())
      if (next.value.type === 'file' || next.value.type === 'record' || next.value.type === 'history') yield next.value
  }
  return { revision, count, encrypted, lines: lines() }
}
