// What stays in memory once only the young part of the heap was cleaned, as it is many times between full collections.
import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as (options?: { type: 'minor' }) => void
/** It takes two for something to be kept as old. */
export const cleanYoung = (): void => {
  collect({ type: 'minor' })
  collect({ type: 'minor' })
}

/** Bytes outside of the young part. */
const oldBytes = (): number =>
  getHeapSpaceStatistics()
    .filter(({ space_name }) => !space_name.startsWith('new'))
    .reduce((sum, { space_used_size }) => sum + space_used_size, 0)

/** @returns by how many bytes the work makes the old part grow; it calls `cleanYoung` itself, now and then */
export async function grownOldBy(work: () => Promise<void> | void): Promise<number> {
  collect()
  const before = oldBytes()
  await work()
  cleanYoung()
  return oldBytes() - before
}
