// The segment that is being written: a fresh nedb file, appended to and fdatasync'ed, never read back.
//
// nedb gets documents of a number each: it keeps what is inserted in memory and copies, checks and serialises it more
// than once. The line that it appends for one holds the whole group and is made here.
import { statSync } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { dirname } from 'node:path'
import Datastore from 'nedb-promises'
import { type Group, type SealedLine, seal, unseal } from './codec.ts'
import { type Disk, FILE_MODE, FOLDER_MODE } from './disk.ts'

interface GroupDocument {
  readonly _id: string
}

interface OpenFile {
  readonly handle: FileHandle
  readonly inode: number
}

/** What is being appended, for nedb's hook. */
interface Pending {
  line: SealedLine
}

export class Segment {
  readonly path: string
  readonly #disk: Disk
  readonly #nedb: Datastore<GroupDocument>
  readonly #file: FileHandle
  readonly #inode: number
  #bytes = 0
  #documents = 0
  readonly #pending: Pending

  private constructor(path: string, disk: Disk, nedb: Datastore<GroupDocument>, file: OpenFile, pending: Pending) {
    this.path = path
    this.#disk = disk
    this.#nedb = nedb
    this.#file = file.handle
    this.#inode = file.inode
    this.#pending = pending
  }

  /** @param path of a file that does not exist yet */
  static async create(path: string, disk: Disk): Promise<Segment> {
    const pending: Pending = { line: { text: '', bytes: 0 } }
    const options = {
      filename: path,
      corruptAlertThreshold: 0,
      modes: { fileMode: FILE_MODE, dirMode: FOLDER_MODE },
      async afterSerialization(): Promise<string> {
        const { text, bytes } = pending.line
        await disk.beforeAppend(path, bytes + 1)
        return text
      },
      beforeDeserialization: unseal,
    }
    // The hooks' declared type is narrower than what nedb awaits.
    const nedb = Datastore.create(options as unknown as { filename: string }) as unknown as Datastore<GroupDocument>
    await nedb.load()
    // For appending: whatever was cut off before, what follows goes to the end.
    const file = await open(path, 'a')
    appendThrough(nedb, file)
    try {
      await disk.reach?.('segment.created')
      await disk.syncData(file, path)
      await disk.reach?.('segment.synced')
      await disk.syncFolder(dirname(path))
      await disk.reach?.('segment.listed')
    } catch (error) {
      await file.close()
      throw error
    }
    const { ino: inode } = await file.stat()
    return new Segment(path, disk, nedb, { handle: file, inode }, pending)
  }

  /** Bytes that are durable. */
  get bytes(): number {
    return this.#bytes
  }

  /** Appends one group; durable when it resolves. After a failure only `truncate` or giving the segment up is right. */
  async append(group: Group): Promise<void> {
    // A running number, not the revision: a revision may come again after an append that failed.
    await this.#disk.reach?.('append.started')
    const _id = String(this.#documents++)
    const line = seal(JSON.stringify({ _id, ...group }))
    this.#pending.line = line
    await this.#nedb.insert({ _id })
    await this.#disk.reach?.('append.written')
    await this.#disk.syncData(this.#file, this.path)
    await this.#disk.reach?.('append.synced')
    // An open file takes lines also after somebody has moved or deleted it. The system has its name at hand, a moment
    // after a write: asking in another thread would take many times as long.
    if (statSync(this.path, { throwIfNoEntry: false })?.ino !== this.#inode)
      throw new Error(`${this.path} was moved or deleted`)
    // nedb puts the line end there.
    this.#bytes += line.bytes + 1
  }

  /** Cuts off what a failed append (not a failed sync) has left behind. */
  async truncate(): Promise<void> {
    await this.#file.truncate(this.#bytes)
    await this.#disk.reach?.('undo.truncated')
    await this.#disk.syncData(this.#file, this.path)
    await this.#disk.reach?.('undo.synced')
  }

  close(): Promise<void> {
    return this.#file.close()
  }
}

/**
 * nedb appends with `appendFile`, which takes an open file as well as a path; with a path, each line would open and
 * close the file.
 */
function appendThrough(nedb: Datastore<GroupDocument>, file: FileHandle): void {
  const { persistence } = nedb as unknown as { readonly persistence: { filename: string | FileHandle } }
  persistence.filename = file
}
