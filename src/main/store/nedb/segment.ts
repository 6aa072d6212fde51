// The segment that is being written: a fresh nedb file, appended to and fdatasync'ed, never read back.
import { type FileHandle, open } from 'node:fs/promises'
import { dirname } from 'node:path'
import Datastore from 'nedb-promises'
import { type Group, seal, unseal } from './codec.ts'
import { type Disk, FILE_MODE, FOLDER_MODE } from './disk.ts'

interface GroupDocument extends Group {
  readonly _id: string
}

export class Segment {
  readonly path: string
  readonly #disk: Disk
  readonly #nedb: Datastore<GroupDocument>
  readonly #file: FileHandle
  #bytes = 0
  #documents = 0
  /** Length of the line being appended: nedb's hook is the only one who sees it. */
  #lineBytes: { value: number }

  private constructor(
    path: string,
    disk: Disk,
    nedb: Datastore<GroupDocument>,
    file: FileHandle,
    lineBytes: { value: number },
  ) {
    this.path = path
    this.#disk = disk
    this.#nedb = nedb
    this.#file = file
    this.#lineBytes = lineBytes
  }

  /** @param path of a file that does not exist yet */
  static async create(path: string, disk: Disk): Promise<Segment> {
    const lineBytes = { value: 0 }
    const options = {
      filename: path,
      corruptAlertThreshold: 0,
      modes: { fileMode: FILE_MODE, dirMode: FOLDER_MODE },
      async afterSerialization(json: string): Promise<string> {
        const line = seal(json)
        lineBytes.value = Buffer.byteLength(line) + 1
        await disk.beforeAppend(path, lineBytes.value)
        return line
      },
      beforeDeserialization: unseal,
    }
    // The hooks' declared type is narrower than what nedb awaits.
    const nedb = Datastore.create(options as unknown as { filename: string }) as unknown as Datastore<GroupDocument>
    await nedb.load()
    const file = await open(path, 'r+')
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
    return new Segment(path, disk, nedb, file, lineBytes)
  }

  /** Bytes that are durable. */
  get bytes(): number {
    return this.#bytes
  }

  /** Appends one group; durable when it resolves. After a failure only `truncate` or giving the segment up is right. */
  async append(group: Group): Promise<void> {
    // A running number, not the revision: a revision may come again after an append that failed.
    await this.#disk.reach?.('append.started')
    await this.#nedb.insert({ _id: String(this.#documents++), ...group })
    await this.#disk.reach?.('append.written')
    await this.#disk.syncData(this.#file, this.path)
    await this.#disk.reach?.('append.synced')
    this.#bytes += this.#lineBytes.value
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
