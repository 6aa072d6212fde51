// Fills an empty engine with a whole state: from a backup, or from another engine. Revisions only move forward.
import { type Engine, type EngineWrite, SETTINGS_PREFIX, StoreError } from '../contract.ts'

/** What one transaction takes at most: etcd's own default allows 128 operations. */
const BATCH_WRITES = 100
const BATCH_BYTES = 512 * 1024
/** Batches under way at once. */
const PARALLEL = 8

export interface KeyValue {
  readonly key: string
  readonly value: string
}

/** @throws StoreError `KeyExists` when there is anything but settings in it */
export async function assertEmpty(engine: Engine, what: string): Promise<void> {
  for await (const batch of engine.load())
    if (batch.some(({ key }) => !key.startsWith(SETTINGS_PREFIX)))
      throw new StoreError('KeyExists', `${what} already holds a cluster: nothing was changed`)
}

/** @returns how many records were written */
export async function fill(
  engine: Engine,
  records: AsyncIterable<KeyValue>,
  onProgress: (done: number) => void,
): Promise<number> {
  let done = 0
  let batch: EngineWrite[] = []
  let bytes = 0
  const running = new Set<Promise<void>>()
  const flush = async () => {
    const writes = batch
    batch = []
    bytes = 0
    const commit: Promise<void> = engine.commit(writes).then(() => {
      running.delete(commit)
      onProgress((done += writes.length))
    })
    running.add(commit)
    // Told below, by the next one that waits; until then nobody may have asked.
    commit.catch(() => undefined)
    if (running.size >= PARALLEL) await Promise.race(running)
  }
  for await (const { key, value } of records) {
    if (batch.length > 0 && (batch.length >= BATCH_WRITES || bytes + value.length > BATCH_BYTES)) await flush()
    batch.push({ key, value, expect: 0 })
    bytes += value.length
  }
  if (batch.length > 0) await flush()
  await Promise.all(running)
  return done
}

/** A record without meaning, written until etcd's own counter has passed what clients have seen. */
const COUNTER_KEY = `${SETTINGS_PREFIX}revision-counter`
const WRITERS = 128
/** Each has waited for as long as a request may take. */
const MOST_FAILURES = 2 * WRITERS

/**
 * Brings the engine's revision beyond one that clients may know. The embedded engine is opened there (see
 * `atLeastRevision`); etcd can only count.
 */
export async function countUpTo(
  engine: Engine,
  revision: number,
  onProgress: (done: number, total: number) => void,
): Promise<void> {
  const from = engine.revision
  const total = revision - from
  if (total <= 0) return
  let started = from
  let failures = 0
  const count = async (number: number) => {
    // An etcd that is slow for a moment is no reason to begin anew: nobody misses one of these.
    await engine.commit([{ key: `${COUNTER_KEY}-${number}`, value: '{}' }]).catch((error: unknown) => {
      if (!(error instanceof StoreError) || error.code !== 'Unavailable' || ++failures > MOST_FAILURES) throw error
    })
    onProgress(Math.min(engine.revision - from, total), total)
  }
  const writer = async (number: number) => {
    while (started < revision) {
      started++
      await count(number)
    }
  }
  await Promise.all(Array.from({ length: WRITERS }, (_, number) => writer(number)))
  while (engine.revision < revision) await count(0)
  for (let number = 0; number < Math.min(WRITERS, total); number++)
    await engine.commit([{ key: `${COUNTER_KEY}-${number}`, value: null }]).catch((error: unknown) => {
      if (!(error instanceof StoreError) || error.code !== 'KeyNotFound') throw error
    })
  await engine.compact(engine.revision, true)
}
