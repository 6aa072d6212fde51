// History in files beside the embedded engine: lines as the log has them, an index of places in memory, and whole files
// dropped when they are too old or too many.
//
//   history/000001.log   [line: some entries] [line] …          oldest
//   history/000002.log   [line] …                               appended to
import { type FileHandle, open, readdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { silentLog, type StoreLog } from '../log.ts'
import { decodeLine, encodeLine, type StoredRecord } from '../nedb/codec.ts'
import { type Disk, FILE_MODE, makeFolder } from '../nedb/disk.ts'
import { Mutex } from '../nedb/mutex.ts'
import { scanSegment } from '../nedb/scanner.ts'
import { Pacer } from '../../pieces/pacer.ts'
import type { HistoryEntry, HistoryItem, HistoryLimits, HistoryLog } from './contract.ts'

const ROLL_BYTES = 4 * 1024 * 1024
/** Of a line, which is made and read in one step. */
const LINE_BYTES = 64 * 1024

interface LogFile {
  readonly path: string
  readonly number: number
  bytes: number
  newestMs: number
  /** All that it holds something of, also what is not listed any more. */
  keys: Set<string>
}

interface Place extends HistoryItem {
  readonly file: LogFile
  /** Of the line. */
  readonly offset: number
  readonly length: number
  /** Which of the line's entries. */
  readonly at: number
}

export async function openFileHistory(
  folder: string,
  disk: Disk,
  limits: HistoryLimits,
  log: StoreLog = silentLog,
): Promise<HistoryLog> {
  const history = new FileHistory(folder, disk, limits, log)
  await history.open()
  return history
}

class FileHistory implements HistoryLog {
  readonly #folder: string
  readonly #disk: Disk
  readonly #limits: HistoryLimits
  readonly #log: StoreLog
  readonly #mutex = new Mutex()
  readonly #places = new Map<string, Place[]>()
  #files: LogFile[] = []
  #handle: FileHandle | undefined

  constructor(folder: string, disk: Disk, limits: HistoryLimits, log: StoreLog) {
    this.#folder = folder
    this.#disk = disk
    this.#limits = limits
    this.#log = log
  }

  async open(): Promise<void> {
    await makeFolder(this.#folder)
    const all = await readdir(this.#folder)
    for (const name of all) if (name.endsWith('.new')) await rm(join(this.#folder, name), { force: true })
    const names = all.filter(name => /^\d{6,}\.log$/.test(name)).sort()
    for (const name of names) await this.#load(join(this.#folder, name), Number.parseInt(name, 10))
    await this.#roll()
  }

  append(entries: readonly HistoryEntry[]): Promise<void> {
    return this.#mutex.run(() => this.#append(entries))
  }

  items(key: string): Promise<readonly HistoryItem[]> {
    return Promise.resolve(this.#places.get(key) ?? [])
  }

  keys(prefix: string): Promise<readonly string[]> {
    return Promise.resolve([...this.#places.keys()].filter(key => key.startsWith(prefix)).sort())
  }

  newest(): Promise<ReadonlyMap<string, HistoryItem>> {
    const newest = new Map<string, HistoryItem>()
    for (const [key, places] of this.#places) {
      const last = places.at(-1)
      if (last) newest.set(key, last)
    }
    return Promise.resolve(newest)
  }

  read(key: string, revision: number): Promise<string | undefined> {
    return this.#mutex.run(async () => {
      const place = this.#places.get(key)?.find(item => item.revision === revision)
      return place && this.#readAt(place)
    })
  }

  async *entries(): AsyncGenerator<HistoryEntry, void> {
    for (const file of [...this.#files]) {
      // Too old, or erased, meanwhile.
      if (!this.#files.includes(file)) continue
      for await (const { group } of scanSegment(file.path, { bytes: file.bytes }))
        for (const record of group.txns) {
          const entry = fromRecord(record)
          if (this.#places.get(entry.key)?.some(({ revision }) => revision === entry.revision)) yield entry
        }
    }
  }

  purge(matches: (key: string) => boolean): Promise<number> {
    return this.#mutex.run(async () => {
      const pacer = new Pacer()
      const gone = new Set<string>()
      const affected: LogFile[] = []
      for (const file of this.#files) {
        let holds = false
        for (const key of file.keys) {
          if (gone.has(key) || matches(key)) {
            gone.add(key)
            holds = true
          }
          if (pacer.due) await pacer.pause()
        }
        if (holds) affected.push(file)
      }
      if (affected.includes(this.#files.at(-1) as LogFile)) await this.#roll()
      for (const file of affected) await this.#erase(file, gone)
      return gone.size
    })
  }

  expire(nowMs: number): Promise<void> {
    return this.#mutex.run(async () => {
      const oldestMs = nowMs - this.#limits.maxAgeMs
      await this.#dropBeyond(oldestMs)
      for (const [key, places] of this.#places) this.#keep(key, places.filter(({ atMs }) => atMs >= oldestMs)) // prettier-ignore
      const active = this.#files.at(-1)
      // So that what is in it can grow old as a whole.
      if (active && active.bytes > 0 && active.newestMs < nowMs - this.#limits.maxAgeMs / 14) await this.#roll()
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#mutex.run(async () => {
      await this.#handle?.close()
      this.#handle = undefined
    })
  }

  /** The oldest files, as long as they are too old or too much is kept. */
  async #dropBeyond(oldestMs: number): Promise<void> {
    let bytes = this.#files.reduce((sum, file) => sum + file.bytes, 0)
    const gone: LogFile[] = []
    for (const file of this.#files.slice(0, -1)) {
      if (file.newestMs >= oldestMs && bytes <= this.#limits.maxBytes) break
      bytes -= file.bytes
      gone.push(file)
    }
    if (gone.length > 0) await this.#drop(gone)
  }

  async #append(entries: readonly HistoryEntry[]): Promise<void> {
    const isNew = ({ key, revision }: HistoryEntry) =>
      !this.#places.get(key)?.some(place => place.revision === revision)
    const waiting = inLines(entries.filter(isNew))
    while (waiting.length > 0) {
      if ((this.#files.at(-1)?.bytes ?? 0) >= ROLL_BYTES) {
        await this.#roll()
        await this.#dropBeyond(-Infinity)
      }
      const file = this.#files.at(-1)
      if (!file || !this.#handle) return
      await this.#appendLines(waiting, file, this.#handle)
    }
  }

  /** Takes lines until the file is full; they become durable together. */
  async #appendLines(waiting: (readonly HistoryEntry[])[], file: LogFile, handle: FileHandle): Promise<void> {
    const places: Place[] = []
    let end = file.bytes
    try {
      for (let line = waiting.shift(); line; line = end < ROLL_BYTES ? waiting.shift() : undefined) {
        const bytes = encodeLine({ rev: line.at(-1)?.revision ?? 0, txns: line.map(toRecord) })
        await this.#disk.beforeAppend(file.path, bytes.length)
        await handle.write(bytes, 0, bytes.length, end)
        const where = { file, offset: end, length: bytes.length - 1 }
        for (const [at, entry] of line.entries()) places.push({ ...itemOf(entry), ...where, at })
        end += bytes.length
      }
      await this.#disk.syncData(handle, file.path)
    } catch (error) {
      // Whatever of it is there now is written over, or is a torn end for the next start.
      await handle.truncate(file.bytes).catch(() => undefined)
      throw error
    }
    for (const place of places) this.#index(place)
    file.bytes = end
  }

  async #load(path: string, number: number): Promise<void> {
    const file: LogFile = { path, number, bytes: 0, newestMs: 0, keys: new Set() }
    this.#files.push(file)
    try {
      for await (const { group, end } of scanSegment(path, {})) {
        for (const [at, record] of group.txns.entries()) {
          const item = itemOf(fromRecord(record))
          this.#index({ ...item, file, offset: file.bytes, length: end - 1 - file.bytes, at })
        }
        file.bytes = end
      }
    } catch (error) {
      // History is not worth a cluster that does not start: what lies before the damage is used, the file is kept.
      this.#log.error({ err: error, path }, 'a file of the history is damaged; what follows the damage is lost')
      await rename(path, `${path}.damaged`)
      for (const [key, places] of this.#places)
        this.#keep(
          key,
          places.filter(place => place.file !== file),
        )
      this.#files.pop()
    }
  }

  /** Replaces a closed file by one without the keys, in one step. */
  async #erase(file: LogFile, gone: ReadonlySet<string>): Promise<void> {
    const fresh = `${file.path}.new`
    const places: Place[] = []
    let bytes = 0
    const handle = await open(fresh, 'w', FILE_MODE)
    try {
      for await (const { group } of scanSegment(file.path, { bytes: file.bytes })) {
        const kept = group.txns.filter(({ key }) => !gone.has(key))
        if (kept.length > 0) {
          const line = encodeLine({ rev: group.rev, txns: kept })
          await this.#disk.beforeAppend(fresh, line.length)
          await handle.writeFile(line)
          const where = { file, offset: bytes, length: line.length - 1 }
          for (const [at, record] of kept.entries()) places.push({ ...itemOf(fromRecord(record)), ...where, at })
          bytes += line.length
        }
      }
      await this.#disk.syncData(handle, fresh)
    } catch (error) {
      await rm(fresh, { force: true })
      throw error
    } finally {
      await handle.close()
    }
    await rename(fresh, file.path)
    for (const key of gone) this.#keep(key, (this.#places.get(key) ?? []).filter(place => place.file !== file)) // prettier-ignore
    // What was listed is listed still, at its new place.
    for (const place of places) {
      const listed = this.#places.get(place.key) ?? []
      const at = listed.findIndex(({ file: old, revision }) => old === file && revision === place.revision)
      if (at !== -1) listed[at] = place
    }
    file.bytes = bytes
    file.keys = new Set(places.map(({ key }) => key))
    if (bytes === 0) await this.#drop([file])
    else await this.#disk.syncFolder(this.#folder)
  }

  /** A fresh file takes what follows. */
  async #roll(): Promise<void> {
    await this.#handle?.close()
    const number = (this.#files.at(-1)?.number ?? 0) + 1
    const path = join(this.#folder, `${String(number).padStart(6, '0')}.log`)
    this.#handle = await open(path, 'w', FILE_MODE)
    await this.#disk.syncFolder(this.#folder)
    const empty = this.#files.filter(({ bytes }) => bytes === 0)
    this.#files = [
      ...this.#files.filter(({ bytes }) => bytes > 0),
      { path, number, bytes: 0, newestMs: 0, keys: new Set() },
    ]
    for (const file of empty) await rm(file.path, { force: true })
  }

  async #drop(files: readonly LogFile[]): Promise<void> {
    this.#files = this.#files.filter(file => !files.includes(file))
    for (const { keys } of files)
      for (const key of keys)
        this.#keep(
          key,
          (this.#places.get(key) ?? []).filter(({ file }) => !files.includes(file)),
        )
    for (const { path } of files) await rm(path, { force: true })
    await this.#disk.syncFolder(this.#folder)
  }

  #index(place: Place): void {
    place.file.newestMs = Math.max(place.file.newestMs, place.atMs)
    place.file.keys.add(place.key)
    const places = this.#places.get(place.key) ?? []
    // An older version's purge that was cut off has written some of them twice.
    if (places.some(({ revision }) => revision === place.revision)) return
    places.push(place)
    if (places.length > this.#limits.maxPerObject) places.splice(0, places.length - this.#limits.maxPerObject)
    this.#places.set(place.key, places)
  }

  #keep(key: string, places: Place[]): void {
    if (places.length > 0) this.#places.set(key, places)
    else this.#places.delete(key)
  }

  async #readAt({ file, offset, length, at }: Place): Promise<string | undefined> {
    const handle = await open(file.path, 'r')
    try {
      const { buffer } = await handle.read(Buffer.alloc(length), 0, length, offset)
      const record = decodeLine(buffer)?.txns[at]
      return record && fromRecord(record).value
    } finally {
      await handle.close()
    }
  }
}

function inLines(entries: readonly HistoryEntry[]): (readonly HistoryEntry[])[] {
  const lines: (readonly HistoryEntry[])[] = []
  let line: HistoryEntry[] = []
  let bytes = 0
  for (const entry of entries) {
    if (line.length > 0 && bytes + entry.value.length > LINE_BYTES) {
      lines.push(line)
      line = []
      bytes = 0
    }
    line.push(entry)
    bytes += entry.value.length
  }
  if (line.length > 0) lines.push(line)
  return lines
}

const itemOf = ({ key, revision, atMs, deleted, hash }: HistoryItem): HistoryItem => ({
  key,
  revision,
  atMs,
  deleted,
  hash,
})

/** In the log's own form: `created` is the time, and the value begins with a mark and the hash. */
const toRecord = ({ key, revision, atMs, deleted, hash, value }: HistoryEntry): StoredRecord => ({
  rev: revision,
  key,
  created: atMs,
  value: `${deleted ? 'D' : 'M'}${hash} ${value}`,
})

function fromRecord({ rev, key, created, value }: StoredRecord): HistoryEntry {
  const text = value ?? ''
  return {
    key,
    revision: rev,
    atMs: created,
    deleted: text.startsWith('D'),
    hash: text.slice(1, 9),
    value: text.slice(10),
  }
}
