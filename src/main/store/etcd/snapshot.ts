// Reads of the state: all keys at one revision page by page, the head by quorum, and how far history goes back.
import { type EngineRecord, type Setting, StoreError } from '../contract.ts'
import type { EtcdConnection } from './connection.ts'
import { isCompacted, toStoreError } from './failures.ts'
import type { KeySpace } from './key-space.ts'
import { rangeMethod, type ResponseHeader, watchMethod } from './messages.ts'

const FIRST_PAGE = 100
const LARGEST_PAGE = 2_000
/** What a page is meant to weigh: large enough to be quick, small enough to be decoded in one go. */
const PAGE_BYTES = 512 * 1024

/** @throws StoreError `Compacted` when `revision` is compacted meanwhile, `Unavailable` */
export async function* readAll(
  connection: EtcdConnection,
  space: KeySpace,
  revision: number,
  signal?: AbortSignal,
): AsyncGenerator<readonly EngineRecord[], void> {
  const doing = 'loading the state'
  let key = space.start
  let limit = FIRST_PAGE
  for (;;) {
    signal?.throwIfAborted()
    const request = { key, rangeEnd: space.end, limit, revision }
    const { kvs, more } = await connection
      .call(rangeMethod, request, { repeatable: true, doing })
      .catch(asStoreError(doing))
    const records = kvs
      .filter(kv => !space.isHead(kv))
      .map(kv => ({
        key: space.fromEtcd(kv.key),
        value: kv.value.toString('utf8'),
        revision: kv.modRevision,
        createRevision: kv.createRevision,
      }))
    if (records.length > 0) yield records
    const last = kvs.at(-1)
    if (!more || !last) return
    key = Buffer.concat([last.key, Buffer.of(0)])
    const bytes = kvs.reduce((sum, { value }) => sum + value.length, 1)
    limit = Math.max(1, Math.min(LARGEST_PAGE, limit * 4, Math.floor((PAGE_BYTES * kvs.length) / bytes)))
  }
}

export interface Head {
  readonly header: ResponseHeader
  /** Newest revision written by any control plane of this cluster; 0 when none was yet. */
  readonly revision: number
}

/** A quorum read. @throws StoreError `Unavailable` */
export async function readHead(connection: EtcdConnection, space: KeySpace): Promise<Head> {
  const doing = "reading the cluster's revision"
  const request = { key: space.head, keysOnly: true }
  const { header, kvs } = await connection
    .call(rangeMethod, request, { repeatable: true, doing })
    .catch(asStoreError(doing))
  return { header, revision: kvs[0]?.modRevision ?? 0 }
}

/** A quorum read of one small key. @throws StoreError `Unavailable` */
export async function readSetting(
  connection: EtcdConnection,
  space: KeySpace,
  key: string,
): Promise<Setting | undefined> {
  const doing = `reading ${key}`
  const { kvs } = await connection
    .call(rangeMethod, { key: space.toEtcd(key) }, { repeatable: true, doing })
    .catch(asStoreError(doing))
  const found = kvs[0]
  return found && { value: found.value.toString('utf8'), revision: found.modRevision }
}

/** @returns the revision below which etcd has forgotten history; 0 = it knows all of it */
export async function readCompacted(connection: EtcdConnection, space: KeySpace): Promise<number> {
  const doing = 'asking how far history goes back'
  try {
    await connection.call(rangeMethod, { key: space.head, keysOnly: true, revision: 1 }, { repeatable: true, doing })
    return 0
  } catch (error) {
    if (!isCompacted(error)) throw toStoreError(error, doing)
  }
  // Only a refused watch tells the number.
  const { stream } = await connection.stream(watchMethod)
  stream.on('error', () => undefined)
  try {
    stream.write({ createRequest: { key: space.head, rangeEnd: space.end, startRevision: 1, prevKv: false } })
    for await (const { compactRevision } of stream) if (compactRevision > 0) return compactRevision
    throw new StoreError('Unavailable', `${doing}: etcd closed the watch`)
  } catch (error) {
    throw toStoreError(error, doing)
  } finally {
    stream.cancel()
  }
}

const asStoreError = (doing: string) => (error: unknown) => {
  throw toStoreError(error, doing)
}
