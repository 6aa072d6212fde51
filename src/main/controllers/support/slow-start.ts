// Batches that double: a request that is refused (quota, admission) fails once or twice, not a thousand times.

export interface BatchResult {
  readonly succeeded: number
  /** The first failure; further batches were not started. */
  readonly error?: unknown
}

/** Calls `create` `count` times in batches of `initial`, 2 × `initial`, …, until a batch has a failure. */
export async function slowStartBatch(
  count: number,
  initial: number,
  create: (index: number) => Promise<unknown>,
): Promise<BatchResult> {
  let succeeded = 0
  for (let size = Math.min(count, initial), started = 0; size > 0; size = Math.min(2 * size, count - started)) {
    const batch = Array.from({ length: size }, (_, i) => create(started + i))
    started += size
    const results = await Promise.allSettled(batch)
    succeeded += results.filter(result => result.status === 'fulfilled').length
    const failed = results.find(result => result.status === 'rejected')
    if (failed) return { succeeded, error: failed.reason }
  }
  return { succeeded }
}
