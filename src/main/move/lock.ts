// One command at a time works on a folder that a control plane arrives in or leaves. The lock of the store is another
// one: it says who runs.
import { join } from 'node:path'
import { StoreError } from '../store/contract.ts'
import { makeFolder } from '../store/nedb/disk.ts'
import { lockFolder } from '../store/nedb/lock.ts'

/** @throws StoreError `Locked` while another copy arrives, is activated, or is taken away */
export async function lockMove(dataDir: string): Promise<AsyncDisposable> {
  const folder = join(dataDir, '.moving')
  await makeFolder(folder)
  try {
    return await lockFolder(folder)
  } catch (error) {
    if (!(error instanceof StoreError && error.code === 'Locked')) throw error
    throw new StoreError('Locked', `another move is at work on ${dataDir}; try again when it has ended`)
  }
}
