// The log: sealed segments that are only ever scanned, and one active nedb segment at the end.
//
//   manifest: [ 000007.snap | 000008.log | 000009.log* ]        * = active, bytes: null
//   spare:    make an empty 000010.log while 000009 fills, which takes many syncs; nobody waits for them
//   roll:     seal 000009 at its durable length, name 000010.log, replace the manifest, drop 000009 from memory
//   compact:  copy what lives in a run of old segments to 000011.snap, replace the manifest, delete the run
//
// A file that the manifest does not name does not count; the next open removes it.
import { open, readdir, stat, truncate } from 'node:fs/promises'
import { randomUUID } from 'node:crypto'
import { basename, join } from 'node:path'
import { type EngineRecord, StoreError } from '../contract.ts'
import { encodeLine, fromStored, type Group, type StoredRecord } from './codec.ts'
import { type Disk, FILE_MODE, makeFolder, removeIfThere } from './disk.ts'
import { type Manifest, readManifest, type SegmentEntry, writeManifest } from './manifest.ts'
import { Mutex } from './mutex.ts'
import { LONG_LINE_BYTES, scanSegment } from './scanner.ts'
import { Segment } from './segment.ts'

const SEGMENT_FILE = /^\d{6,}\.(log|snap)~?$/
/** Records of a snapshot that go to disk together. */
const SNAPSHOT_BATCH_BYTES = 256 * 1024
const LINE_END = Buffer.from('\n')

const EMPTY: Manifest = { nextFile: 1, lineage: '', compactedRevision: 0, segments: [] }

export interface OpenedLog {
  readonly log: SegmentLog
  /** Newest revision in the log. */
  readonly revision: number
  /** Lineage before this opening; undefined for a new log. */
  readonly lineageBefore: string | undefined
  /** Bytes of a torn record that were cut off. */
  readonly tornBytes: number
}

export class SegmentLog {
  readonly #folder: string
  readonly #disk: Disk
  readonly #rollBytes: number
  /** Replacing the manifest and reading the files that it names exclude each other. */
  readonly #files = new Mutex()
  /** Taken inside `#files`: an append that is under way belongs to the segment that it began in. */
  readonly #appends = new Mutex()
  #manifest: Manifest
  /** Of the next file; never used twice, whether a manifest that names it comes to the disk or not. */
  #nextFile: number
  #active: Segment
  /** What follows the active segment. Until a manifest names it, it does not count. */
  #spare: Promise<Segment> | undefined
  #lastRevision: number

  private constructor(folder: string, disk: Disk, rollBytes: number, manifest: Manifest, active: Segment) {
    this.#folder = folder
    this.#disk = disk
    this.#rollBytes = rollBytes
    this.#manifest = manifest
    this.#nextFile = manifest.nextFile
    this.#active = active
    this.#lastRevision = 0
  }

  /**
   * Checks the whole log, tells `onRecord` of every record in order, and starts a fresh segment.
   * @throws StoreError `Corrupt`
   */
  static async open(
    folder: string,
    disk: Disk,
    rollBytes: number,
    onRecord: (record: EngineRecord) => void,
  ): Promise<OpenedLog> {
    await makeFolder(folder)
    const found = await readManifest(folder)
    if (!found) await refuseOrphans(folder)
    const manifest = found ?? EMPTY
    await removeStrangers(folder, manifest)
    const sealed: SegmentEntry[] = []
    let revision = 0
    let tornBytes = 0
    for (const entry of manifest.segments) {
      const path = join(folder, entry.name)
      let end = 0
      let lastRevision = 0
      for await (const scanned of scanSegment(path, entry.bytes === null ? {} : { bytes: entry.bytes })) {
        end = scanned.end
        for (const stored of scanned.group.txns) {
          lastRevision = Math.max(lastRevision, stored.rev)
          onRecord(fromStored(stored))
        }
      }
      if (entry.bytes === null) tornBytes += await cutTail(path, end, disk)
      revision = Math.max(revision, lastRevision, entry.lastRevision)
      if (end > 0) sealed.push({ name: entry.name, bytes: end, lastRevision })
    }
    const number = manifest.nextFile
    const fresh = { ...manifest, nextFile: number + 1, lineage: randomUUID(), segments: sealed }
    const segment = await Segment.create(join(folder, fileName(number, 'log')), disk)
    const next = await activate(folder, disk, fresh, segment)
    await disk.reach?.('open.segment-started')
    const log = new SegmentLog(folder, disk, rollBytes, next, segment)
    log.#lastRevision = revision
    // Empty segments of earlier openings are no longer named.
    await removeStrangers(folder, next)
    await disk.reach?.('open.cleaned')
    return { log, revision, lineageBefore: found?.lineage, tornBytes }
  }

  get lineage(): string {
    return this.#manifest.lineage
  }

  get compactedRevision(): number {
    return this.#manifest.compactedRevision
  }

  /** Bytes in all segments. */
  get bytes(): number {
    return this.#manifest.segments.reduce((sum, { bytes }) => sum + (bytes ?? 0), this.#active.bytes)
  }

  /** Bytes in sealed segments that hold nothing newer than `revision`. */
  sealedBytes(revision: number): number {
    return this.#sealedUpTo(revision).reduce((sum, { bytes }) => sum + (bytes ?? 0), 0)
  }

  /** Appends one group; durable when it resolves. */
  async append(group: Group): Promise<void> {
    if (this.#active.bytes >= this.#rollBytes) await this.roll()
    await this.#appends.run(async () => {
      await this.#active.append(group)
      this.#lastRevision = group.rev
    })
    if (this.#spare || this.#active.bytes < this.#rollBytes / 2) return
    this.#spare = this.#makeSegment()
    // The roll that misses it tries again, and tells.
    this.#spare.catch(() => undefined)
  }

  #makeSegment(): Promise<Segment> {
    return Segment.create(join(this.#folder, fileName(this.#nextFile++, 'log')), this.#disk)
  }

  /** Cuts off what a failed append has left behind. */
  undoAppend(): Promise<void> {
    return this.#appends.run(() => this.#active.truncate())
  }

  /** Seals the active segment at its durable length and goes on in a fresh file. */
  roll(): Promise<void> {
    return this.#files.run(() => this.#appends.run(() => this.#roll()))
  }

  async #roll(): Promise<void> {
    await this.#disk.reach?.('roll.started')
    const old = this.#active
    const segments = this.#sealActive()
    const spare = this.#spare
    this.#spare = undefined
    const segment = (await spare?.catch(() => undefined)) ?? (await this.#makeSegment())
    const sealed = { ...this.#manifest, nextFile: this.#nextFile, segments }
    this.#manifest = await activate(this.#folder, this.#disk, sealed, segment)
    this.#active = segment
    await this.#disk.reach?.('roll.manifest-replaced')
    await old.close()
    if (old.bytes === 0) await removeIfThere(old.path)
    await this.#disk.reach?.('roll.finished')
  }

  /** Checks that what was acknowledged is still readable. @throws StoreError `Corrupt` */
  async verifyActive(): Promise<void> {
    for await (const _ of scanSegment(this.#active.path, { bytes: this.#active.bytes }));
  }

  /** Every durable record up to now, oldest first. Compaction waits until the reader is done. */
  async *records(signal?: AbortSignal): AsyncGenerator<readonly EngineRecord[], void> {
    let release: () => void = () => undefined
    const held = new Promise<void>(resolve => (release = resolve))
    const files = await new Promise<readonly SegmentEntry[]>(resolve => {
      void this.#files.run(() => {
        resolve([...this.#manifest.segments.slice(0, -1), this.#activeEntry()])
        return held
      })
    })
    try {
      for (const { name, bytes } of files)
        for await (const { group } of scanSegment(join(this.#folder, name), {
          bytes: bytes ?? 0,
          ...(signal ? { signal } : {}),
        }))
          yield group.txns.map(fromStored)
    } finally {
      release()
    }
  }

  /**
   * Replaces the sealed segments that hold nothing newer than `revision` by one that holds only what lives.
   * Appends go on meanwhile.
   */
  async compact(revision: number, isLive: (record: EngineRecord) => boolean, rewrite: boolean): Promise<void> {
    await this.#files.run(async () => {
      const run = rewrite ? this.#sealedUpTo(revision) : []
      const compactedRevision = Math.max(revision, this.#manifest.compactedRevision)
      if (run.length === 0) return this.#replaceManifest({ ...this.#manifest, compactedRevision })
      await this.#disk.reach?.('compact.started')
      const snapshot = await this.#writeSnapshot(fileName(this.#nextFile++, 'snap'), run, isLive)
      const rest = this.#manifest.segments.slice(run.length)
      await this.#replaceManifest({ ...this.#manifest, compactedRevision, segments: [...snapshot, ...rest] })
      await this.#disk.reach?.('compact.manifest-replaced')
      for (const old of run) {
        await removeIfThere(join(this.#folder, old.name))
        await this.#disk.reach?.('compact.file-removed')
      }
      await this.#disk.syncFolder(this.#folder)
      await this.#disk.reach?.('compact.finished')
    })
  }

  async close(): Promise<void> {
    await this.#files.run(() => this.#active.close())
    const spare = await this.#spare?.catch(() => undefined)
    if (!spare) return
    await spare.close()
    await removeIfThere(spare.path)
  }

  async #writeSnapshot(
    name: string,
    run: readonly SegmentEntry[],
    isLive: (record: EngineRecord) => boolean,
  ): Promise<SegmentEntry[]> {
    const path = join(this.#folder, name)
    const file = await open(path, 'wx', FILE_MODE)
    let bytes = 0
    let lastRevision = 0
    let batch: StoredRecord[] = []
    let batchBytes = 0
    const write = async (line: Buffer) => {
      await this.#disk.beforeAppend(path, line.length)
      await file.writeFile(line)
      await this.#disk.reach?.('snapshot.batch-written')
      bytes += line.length
    }
    const flush = async () => {
      if (batch.length === 0) return
      const line = encodeLine({ rev: batch.at(-1)?.rev ?? 0, txns: batch })
      batch = []
      batchBytes = 0
      await write(line)
    }
    try {
      await this.#disk.reach?.('snapshot.created')
      for (const old of run)
        for await (const { group, line } of scanSegment(join(this.#folder, old.name), { bytes: old.bytes ?? 0 })) {
          const live = group.txns.filter(stored => isLive(fromStored(stored)))
          lastRevision = group.txns.reduce((newest, { rev }) => Math.max(newest, rev), lastRevision)
          // A long one that lives as a whole, as a large object does, stays as it is: encoding it would take long, too.
          if (line.length >= LONG_LINE_BYTES && live.length === group.txns.length) {
            await flush()
            await write(Buffer.concat([line, LINE_END]))
            continue
          }
          for (const stored of live) {
            batch.push(stored)
            batchBytes += stored.key.length + (stored.value?.length ?? 0)
            if (batchBytes >= SNAPSHOT_BATCH_BYTES) await flush()
          }
        }
      await flush()
      await this.#disk.reach?.('snapshot.written')
      await this.#disk.syncData(file, path)
      await this.#disk.reach?.('snapshot.synced')
    } catch (error) {
      await file.close()
      await removeIfThere(path)
      throw error
    }
    await file.close()
    await this.#disk.syncFolder(this.#folder)
    await this.#disk.reach?.('snapshot.listed')
    if (bytes > 0) return [{ name, bytes, lastRevision }]
    await removeIfThere(path)
    return []
  }

  async #replaceManifest(given: Manifest): Promise<void> {
    const next = { ...given, nextFile: this.#nextFile }
    await writeManifest(this.#disk, this.#folder, next)
    this.#manifest = next
  }

  #sealedUpTo(revision: number): SegmentEntry[] {
    const run: SegmentEntry[] = []
    for (const entry of this.#manifest.segments) {
      if (entry.bytes === null || entry.lastRevision > revision) break
      run.push(entry)
    }
    return run
  }

  #activeEntry(): SegmentEntry {
    const name = this.#manifest.segments.at(-1)?.name ?? ''
    return { name, bytes: this.#active.bytes, lastRevision: this.#lastRevision }
  }

  #sealActive(): readonly SegmentEntry[] {
    const sealed = this.#manifest.segments.slice(0, -1)
    return this.#active.bytes > 0 ? [...sealed, this.#activeEntry()] : sealed
  }
}

const fileName = (number: number, kind: 'log' | 'snap') => `${String(number).padStart(6, '0')}.${kind}`

/**
 * Adds the active segment behind those of the manifest. The old manifest holds until the new one is durable.
 * @returns the new one
 */
async function activate(folder: string, disk: Disk, manifest: Manifest, segment: Segment): Promise<Manifest> {
  const entry: SegmentEntry = { name: basename(segment.path), bytes: null, lastRevision: 0 }
  const next = { ...manifest, segments: [...manifest.segments, entry] }
  try {
    await writeManifest(disk, folder, next)
  } catch (error) {
    await segment.close()
    throw error
  }
  return next
}

/**
 * Cuts off what was written in part. What stays is made durable, too: a killed process may have left it in the page
 * cache, and the manifest is about to promise it.
 */
async function cutTail(path: string, end: number, disk: Disk): Promise<number> {
  const file = await open(path, 'r+')
  try {
    const { size } = await file.stat()
    if (size !== end) await truncate(path, end)
    await disk.reach?.('open.tail-cut')
    await disk.syncData(file, path)
    await disk.reach?.('open.tail-synced')
    return size - end
  } finally {
    await file.close()
  }
}

/** Records without a manifest mean that it was lost: they must not be taken for leftovers. */
async function refuseOrphans(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    const path = join(folder, name)
    if (!SEGMENT_FILE.test(name) || (await stat(path)).size === 0) continue
    throw new StoreError(
      'Corrupt',
      `${path} holds records but ${folder}/manifest.json is missing: restore it from a backup`,
    )
  }
}

async function removeStrangers(folder: string, manifest: Manifest): Promise<void> {
  const known = new Set(manifest.segments.map(({ name }) => name))
  for (const name of await readdir(folder))
    if (SEGMENT_FILE.test(name) && !known.has(name)) await removeIfThere(join(folder, name))
}
