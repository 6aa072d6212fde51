// History in etcd, beside the cluster's keys and outside of what the engine watches: every control plane reads the same.
//
//   <prefix>-history<key of the object>//<revision>.<time>.<M|D><hash>.<bytes>   →   JSON text
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
  /** Bytes that were appended since somebody looked at the limits. */
  #grown = 0

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
    this.#grown += entries.reduce((sum, { value }) => sum + weightOf(value.length), 0)
    // Not at each: a look reads all names.
    if (this.#grown > this.#limits.maxBytes / 4) await this.expire(Math.max(...entries.map(({ atMs }) => atMs)))
  }

  async items(key: string): Promise<readonly HistoryItem[]> {
    const found: HistoryItem[] = []
    for await (const { item } of this.#names(`${key}${SEPARATOR}`)) found.push(item)
    return found.slice(-this.#limits.maxPerObject)
  }

  async keys(prefix: string): Promise<readonly string[]> {
    const found = new Set<string>()
    for await (const { item } of this.#names(prefix)) found.add(item.key)
    return [...found]
  }

  async newest(): Promise<ReadonlyMap<string, HistoryItem>> {
    const newest = new Map<string, HistoryItem>()
    for await (const { item } of this.#names('/')) newest.set(item.key, item)
    return newest
  }

  async read(key: string, revision: number): Promise<string | undefined> {
    const [kv] = await this.#range(`${key}${SEPARATOR}${padded(revision)}.`, false, 1)
    return kv?.value.toString('utf8')
  }

  async *entries(): AsyncGenerator<HistoryEntry, void> {
    for await (const { item } of this.#names('/')) {
      const value = await this.read(item.key, item.revision)
      if (value !== undefined) yield { ...item, value }
    }
  }

  async purge(matches: (key: string) => boolean): Promise<number> {
    const gone = new Set<string>()
    await this.#remove(({ item: { key } }) => {
      if (!matches(key)) return false
      gone.add(key)
      return true
    })
    return gone.size
  }

  async expire(nowMs: number): Promise<void> {
    const oldestMs = nowMs - this.#limits.maxAgeMs
    const perKey = new Map<string, number>()
    const all: Named[] = []
    for await (const each of this.#names('/')) {
      perKey.set(each.item.key, (perKey.get(each.item.key) ?? 0) + 1)
      all.push(each)
    }
    let left = this.#limits.maxBytes
    const tooMuch = all
      .sort(({ item: a }, { item: b }) => b.atMs - a.atMs || b.revision - a.revision)
      .filter(({ bytes }) => (left -= weightOf(bytes)) < 0)
    const beyond = new Set(tooMuch.map(({ name }) => name))
    this.#grown = 0
    await this.#remove(({ name, item: { key, atMs } }) => {
      const kept = perKey.get(key) ?? 0
      if (kept <= this.#limits.maxPerObject && atMs >= oldestMs && !beyond.has(name)) return false
      perKey.set(key, kept - 1)
      return true
    })
  }

  /** The connection is the engine's. */
  [Symbol.asyncDispose](): Promise<void> {
    return Promise.resolve()
  }

  async #remove(goes: (each: Named) => boolean): Promise<void> {
    const gone: RequestOp[] = []
    for await (const each of this.#names('/'))
      if (goes(each)) gone.push({ requestDeleteRange: { key: Buffer.from(this.#prefix + each.name) } })
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

  async *#names(prefix: string): AsyncGenerator<Named, void> {
    let after: Buffer | undefined
    for (;;) {
      const kvs = await this.#range(prefix, true, PAGE, after)
      for (const { key } of kvs) {
        const named = parse(key.toString('utf8').slice(this.#prefix.length))
        if (named) yield named
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

interface Named {
  readonly item: HistoryItem
  readonly name: string
  readonly bytes: number
}

/** With its name, and what etcd keeps of it besides. */
const weightOf = (bytes: number): number => bytes + 1024

/** Names of older versions say nothing of it. */
const USUAL_BYTES = 1024

const padded = (revision: number) => String(revision).padStart(16, '0')

const nameOf = ({ key, revision, atMs, deleted, hash, value }: HistoryEntry) =>
  `${key}${SEPARATOR}${padded(revision)}.${atMs}.${deleted ? 'D' : 'M'}${hash}.${Buffer.byteLength(value)}`

function parse(name: string): Named | undefined {
  const parts = /^(.*)\/\/(\d{16})\.(\d+)\.([MD])([0-9a-f]{8})(?:\.(\d+))?$/s.exec(name)
  if (!parts) return undefined
  const [, key = '', revision, atMs, mark, hash = '', bytes = USUAL_BYTES] = parts
  const item = { key, revision: Number(revision), atMs: Number(atMs), deleted: mark === 'D', hash }
  return { item, name, bytes: Number(bytes) }
}
