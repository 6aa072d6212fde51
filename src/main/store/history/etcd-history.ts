// History in etcd, beside the cluster's keys and outside of what the engine watches: every control plane reads the same.
//
//   <prefix>-history<key of the object>//<revision>.<time>.<M|D><hash>   →   JSON text
import type { EtcdConnection } from '../etcd/connection.ts'
import { toStoreError } from '../etcd/failures.ts'
import { type KeyValue, rangeMethod, type RequestOp, txnMethod } from '../etcd/messages.ts'
import type { HistoryEntry, HistoryItem, HistoryLimits, HistoryLog } from './contract.ts'

const BATCH = 100
const BATCH_BYTES = 1024 * 1024
const PAGE = 5_000
const SEPARATOR = '//'

export class EtcdHistory implements HistoryLog {
  readonly #connection: EtcdConnection
  readonly #prefix: string
  readonly #limits: HistoryLimits

  /** @param prefix of the cluster's keys, such as `/flotilla` */
  constructor(connection: EtcdConnection, prefix: string, limits: HistoryLimits) {
    this.#connection = connection
    this.#prefix = `${prefix.replace(/\/+$/, '')}-history`
    this.#limits = limits
  }

  async append(entries: readonly HistoryEntry[]): Promise<void> {
    let puts: RequestOp[] = []
    let bytes = 0
    for (const entry of entries) {
      if (puts.length >= BATCH || bytes + entry.value.length > BATCH_BYTES) {
        await this.#write(puts)
        puts = []
        bytes = 0
      }
      puts.push({ requestPut: { key: Buffer.from(this.#prefix + nameOf(entry)), value: Buffer.from(entry.value) } })
      bytes += entry.value.length
    }
    if (puts.length > 0) await this.#write(puts)
  }

  async items(key: string): Promise<readonly HistoryItem[]> {
    const found: HistoryItem[] = []
    for await (const item of this.#names(`${key}${SEPARATOR}`)) found.push(item)
    return found.slice(-this.#limits.maxPerObject)
  }

  async keys(prefix: string): Promise<readonly string[]> {
    const found = new Set<string>()
    for await (const { key } of this.#names(prefix)) found.add(key)
    return [...found]
  }

  async newest(): Promise<ReadonlyMap<string, HistoryItem>> {
    const newest = new Map<string, HistoryItem>()
    for await (const item of this.#names('/')) newest.set(item.key, item)
    return newest
  }

  async read(key: string, revision: number): Promise<string | undefined> {
    const [kv] = await this.#range(`${key}${SEPARATOR}${padded(revision)}.`, false, 1)
    return kv?.value.toString('utf8')
  }

  async *entries(): AsyncGenerator<HistoryEntry, void> {
    for await (const item of this.#names('/')) {
      const value = await this.read(item.key, item.revision)
      if (value !== undefined) yield { ...item, value }
    }
  }

  async purge(matches: (key: string) => boolean): Promise<number> {
    const gone = new Set<string>()
    await this.#removeItems(({ key }) => {
      if (!matches(key)) return false
      gone.add(key)
      return true
    })
    return gone.size
  }

  /** The number of entries stands for their size: etcd tells that of whole databases only. */
  async expire(nowMs: number): Promise<void> {
    const oldestMs = nowMs - this.#limits.maxAgeMs
    const perKey = new Map<string, number>()
    const times: number[] = []
    for await (const { key, atMs } of this.#names('/')) {
      perKey.set(key, (perKey.get(key) ?? 0) + 1)
      times.push(atMs)
    }
    const most = Math.floor(this.#limits.maxBytes / AVERAGE_BYTES)
    const beyondMs = times.length > most ? (times.sort((a, b) => b - a)[most] ?? 0) : 0
    await this.#removeItems(({ key, atMs }) => {
      const left = perKey.get(key) ?? 0
      const tooMany = left > this.#limits.maxPerObject
      if (!tooMany && atMs >= oldestMs && atMs > beyondMs) return false
      perKey.set(key, left - 1)
      return true
    })
  }

  /** The connection is the engine's. */
  [Symbol.asyncDispose](): Promise<void> {
    return Promise.resolve()
  }

  async #removeItems(goes: (item: HistoryItem) => boolean): Promise<void> {
    const gone: RequestOp[] = []
    for await (const item of this.#names('/'))
      if (goes(item)) gone.push({ requestDeleteRange: { key: Buffer.from(this.#prefix + nameOf(item)) } })
    for (let from = 0; from < gone.length; from += BATCH) await this.#write(gone.slice(from, from + BATCH))
  }

  async #write(success: readonly RequestOp[]): Promise<void> {
    const doing = 'writing the history'
    // The same again when it is repeated.
    await this.#connection
      .call(txnMethod, { compare: [], success, failure: [] }, { repeatable: true, doing })
      .catch((error: unknown) => {
        throw toStoreError(error, doing)
      })
  }

  async *#names(prefix: string): AsyncGenerator<HistoryItem, void> {
    let after: Buffer | undefined
    for (;;) {
      const kvs = await this.#range(prefix, true, PAGE, after)
      for (const { key } of kvs) {
        const item = itemOf(key.toString('utf8').slice(this.#prefix.length))
        if (item) yield item
      }
      after = kvs.at(-1)?.key
      if (kvs.length < PAGE || !after) return
    }
  }

  async #range(prefix: string, keysOnly: boolean, limit: number, after?: Buffer): Promise<readonly KeyValue[]> {
    const start = Buffer.from(this.#prefix + prefix)
    const rangeEnd = Buffer.from(start)
    rangeEnd.writeUInt8(start.readUInt8(start.length - 1) + 1, start.length - 1)
    const key = after ? Buffer.concat([after, Buffer.of(0)]) : start
    const doing = 'reading the history'
    const { kvs } = await this.#connection
      .call(rangeMethod, { key, rangeEnd, limit, keysOnly }, { repeatable: true, doing })
      .catch((error: unknown) => {
        throw toStoreError(error, doing)
      })
    return kvs
  }
}

/** What an entry is taken to weigh. */
const AVERAGE_BYTES = 2048

const padded = (revision: number) => String(revision).padStart(16, '0')

const nameOf = ({ key, revision, atMs, deleted, hash }: HistoryItem) =>
  `${key}${SEPARATOR}${padded(revision)}.${atMs}.${deleted ? 'D' : 'M'}${hash}`

function itemOf(name: string): HistoryItem | undefined {
  const parts = /^(.*)\/\/(\d{16})\.(\d+)\.([MD])([0-9a-f]{8})$/s.exec(name)
  const [, key = '', revision, atMs, mark, hash = ''] = parts ?? []
  return parts ? { key, revision: Number(revision), atMs: Number(atMs), deleted: mark === 'D', hash } : undefined
}
