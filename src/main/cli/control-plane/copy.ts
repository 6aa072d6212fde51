// A copy of a cluster on its way: an encrypted backup, whose passphrase only this move knows, in a folder that goes away.
import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { createBackup } from '../../store/backup/backup.ts'
import type { OperationEvent } from '../../store/operations/operations.ts'
import { snapshotSource } from '../snapshot-source.ts'

export interface ClusterCopy extends AsyncDisposable {
  readonly path: string
  readonly bytes: number
  readonly revision: number
  /** Hexadecimal digits. */
  readonly passphrase: string
}

/** Read back and checked when it resolves. */
export async function copyCluster(dataDir: string, events: AsyncIterable<OperationEvent>): Promise<ClusterCopy> {
  const folder = await mkdtemp(join(dataDir, '.move-'))
  const discard = () => rm(folder, { recursive: true, force: true })
  try {
    const passphrase = randomBytes(24).toString('hex')
    const source = await snapshotSource(events)
    const { path, bytes } = await createBackup({ folder, label: 'move', passphrase, source })
    return { path, bytes, passphrase, revision: source.revision, [Symbol.asyncDispose]: discard }
  } catch (error) {
    await discard()
    throw error
  }
}
