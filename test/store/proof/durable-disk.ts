// A disk that knows what a power cut would leave: of each file what was synced, of each folder the entries as of its last
// sync, and for what was not synced every answer that a file system may give. Nothing is synced for real, so it is fast.
import { existsSync, linkSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import type { FileHandle } from 'node:fs/promises'
import { join } from 'node:path'
import type { Disk } from '../../../src/main/store/nedb/disk.ts'
import type { StorePoint } from '../../../src/main/store/nedb/points.ts'

/** What became of changes that were not synced. Any mixture may be met after a cut. */
export interface Aftermath {
  /** Creations, renames and removals: those of the last sync of the folder, all, or any of them. */
  readonly entries: 'synced' | 'all' | 'some'
  /** Bytes of files: those synced, all that were written, or part of the rest with zeros where pages are missing. */
  readonly bytes: 'synced' | 'all' | 'torn'
}

/** The process was killed: everything is there, but what was not synced may still go in a later cut. */
export const KILLED: Aftermath = { entries: 'all', bytes: 'all' }

export const AFTERMATHS: readonly Aftermath[] = [
  { entries: 'synced', bytes: 'synced' },
  { entries: 'synced', bytes: 'all' },
  { entries: 'synced', bytes: 'torn' },
  { entries: 'all', bytes: 'synced' },
  { entries: 'all', bytes: 'torn' },
  { entries: 'some', bytes: 'synced' },
  { entries: 'some', bytes: 'torn' },
  KILLED,
]

/** An entry of a folder: the number of the file, or null for a folder. */
type Listing = ReadonlyMap<string, number | null>

/** Files that say nothing about the state: who has the folder open, and room kept back. */
const PASSED_OVER = /^(lock|\.lock.*|reserve|history|store\.aside)$/

export class DurableDisk implements Disk {
  readonly #root: string
  /** Every file ever seen, by number: its bytes stay readable when its name is gone. */
  readonly #shadow: string
  readonly #random: () => number
  readonly #syncedBytes = new Map<number, number>()
  readonly #syncedEntries = new Map<string, Listing>()
  /** Called at every point, with the engine held there. */
  onPoint: (point: StorePoint) => Promise<void> = () => Promise.resolve()
  /** The next append fails as on a full disk. */
  full = false

  /** @param unsynced length that is durable, by name, of files that a killed process has left */
  constructor(root: string, shadow: string, random: () => number, unsynced: ReadonlyMap<string, number> = new Map()) {
    this.#root = root
    this.#shadow = shadow
    this.#random = random
    mkdirSync(shadow, { recursive: true })
    this.#adopt(root, unsynced)
  }

  /** Files that are longer than what is durable of them, with that length. */
  get unsynced(): ReadonlyMap<string, number> {
    const lengths = new Map<string, number>()
    const gather = (folder: string) => {
      for (const [name, ino] of this.#list(folder)) {
        const path = join(folder, name)
        if (ino === null) gather(path)
        else if (statSync(path).size > (this.#syncedBytes.get(ino) ?? 0))
          lengths.set(name, this.#syncedBytes.get(ino) ?? 0)
      }
    }
    gather(this.#root)
    return lengths
  }

  /** What is there from the start is durable, as far as nothing else is known. */
  #adopt(folder: string, unsynced: ReadonlyMap<string, number>): void {
    const listing = this.#list(folder)
    this.#syncedEntries.set(folder, listing)
    for (const [name, ino] of listing)
      if (ino === null) this.#adopt(join(folder, name), unsynced)
      else this.#syncedBytes.set(ino, unsynced.get(name) ?? statSync(join(folder, name)).size)
  }

  beforeAppend(): Promise<void> {
    if (!this.full) return Promise.resolve()
    this.full = false
    return Promise.reject(Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC' }))
  }

  async syncData(file: FileHandle): Promise<void> {
    const { ino, size } = await file.stat()
    this.#syncedBytes.set(ino, size)
  }

  syncFolder(path: string): Promise<void> {
    this.#syncedEntries.set(path, this.#list(path))
    return Promise.resolve()
  }

  reach(point: StorePoint): Promise<void> {
    return this.onPoint(point)
  }

  /** Writes what a cut at this moment would leave into a fresh folder. */
  leave(to: string, aftermath: Aftermath): void {
    rmSync(to, { recursive: true, force: true })
    this.#leaveFolder(this.#root, to, aftermath)
  }

  #leaveFolder(from: string, to: string, aftermath: Aftermath): void {
    mkdirSync(to)
    const now = this.#list(from)
    const synced = this.#syncedEntries.get(from) ?? new Map<string, null>()
    const listing = { all: now, synced, some: this.#some(synced, now) }[aftermath.entries]
    for (const [name, ino] of listing) {
      if (ino === null) this.#leaveFolder(join(from, name), join(to, name), aftermath)
      else this.#leaveFile(ino, join(to, name), aftermath.bytes)
    }
  }

  /** Of each name, what was there or what is there. */
  #some(then: Listing, now: Listing): Listing {
    const listing = new Map<string, number | null>()
    for (const name of new Set([...then.keys(), ...now.keys()])) {
      const ino = (this.#random() < 0.5 ? then : now).get(name)
      if (ino !== undefined) listing.set(name, ino)
    }
    return listing
  }

  #leaveFile(ino: number, to: string, kept: Aftermath['bytes']): void {
    const bytes = readFileSync(join(this.#shadow, String(ino)))
    const synced = Math.min(this.#syncedBytes.get(ino) ?? 0, bytes.length)
    if (kept === 'torn' && synced < bytes.length) {
      // Some of what follows the synced part arrived, with a hole where another part did not.
      const end = synced + Math.floor(this.#random() * (bytes.length - synced + 1))
      const hole = synced + Math.floor(this.#random() * (end - synced + 1))
      if (this.#random() < 0.5) bytes.fill(0, hole, end)
      return writeFileSync(to, bytes.subarray(0, end))
    }
    writeFileSync(to, kept === 'synced' ? bytes.subarray(0, synced) : bytes)
  }

  /** Looks twice: what changes a folder meanwhile would make a state up that never was. */
  #list(folder: string): Listing {
    for (let tries = 0; tries < 1_000; tries++) {
      const [first, second] = [this.#look(folder), this.#look(folder)]
      if (first && second && JSON.stringify([...first]) === JSON.stringify([...second])) return second
    }
    throw new Error(`${folder} does not come to rest`)
  }

  #look(folder: string): Listing | undefined {
    const listing = new Map<string, number | null>()
    try {
      for (const entry of readdirSync(folder, { withFileTypes: true })) {
        if (PASSED_OVER.test(entry.name)) continue
        const path = join(folder, entry.name)
        const { ino } = statSync(path)
        listing.set(entry.name, entry.isDirectory() ? null : ino)
        const shadow = join(this.#shadow, String(ino))
        if (!entry.isDirectory() && !existsSync(shadow)) linkSync(path, shadow)
      }
    } catch {
      return undefined
    }
    return listing
  }
}
