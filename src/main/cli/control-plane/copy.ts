// A copy of a cluster on its way: an encrypted backup, whose key only this move knows, in a folder that goes away.
import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { createBackup } from '../../store/backup/backup.ts'
import { KEY_BYTES } from '../../store/encryption/envelope.ts'
import type { MasterSecret } from '../../store/encryption/master-key.ts'
import type { OperationEvent } from '../../store/operations/operations.ts'
import { snapshotSource } from '../snapshot-source.ts'

export interface ClusterCopy extends AsyncDisposable {
  readonly path: string
  readonly bytes: number
  readonly revision: number
  /** Whether Secrets are encrypted where it comes from; on the way everything is. */
  readonly encrypted: boolean
  /** See `newCopyKey`. */
  readonly key: string
}

/** Hexadecimal digits, as a key file has them. */
export const newCopyKey = (): string => randomBytes(KEY_BYTES).toString('hex')

export const copySecret = (key: string): MasterSecret => ({ kind: 'key', key: Buffer.from(key, 'hex') })

/** Read back and checked when it resolves. */
export async function copyCluster(
  dataDir: string,
  events: AsyncIterable<OperationEvent>,
  key = newCopyKey(),
): Promise<ClusterCopy> {
  const folder = await mkdtemp(join(dataDir, '.move-'))
  const discard = () => rm(folder, { recursive: true, force: true })
  try {
    const source = await snapshotSource(events)
    const { path, bytes } = await createBackup({ folder, label: 'move', passphrase: copySecret(key), source })
    return { path, bytes, key, revision: source.revision, encrypted: source.encrypted, [Symbol.asyncDispose]: discard }
  } catch (error) {
    await discard()
    throw error
  }
}
