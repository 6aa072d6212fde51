// Room kept back on the disk, so that deletes can still be written when it is full.
import { open, statfs } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { FILE_MODE, removeIfThere } from './disk.ts'

const HEADROOM = 1.5
const CHUNK = Buffer.alloc(64 * 1024, 1)

export class SpaceReserve {
  readonly #path: string
  readonly #bytes: number

  constructor(folder: string, bytes: number) {
    this.#path = join(folder, 'reserve')
    this.#bytes = bytes
  }

  /** Takes the room. @throws the system's error (ENOSPC) when there is not enough; then none is taken */
  async fill(): Promise<void> {
    // Looked at first, so that trying does not take from deletes the little that there is. More than the reserve itself
    // must be free: its own release would look like room otherwise.
    const { bavail, bsize } = await statfs(dirname(this.#path))
    if (bavail * bsize < HEADROOM * this.#bytes)
      throw Object.assign(new Error('no room for the reserve'), { code: 'ENOSPC' })
    const file = await open(this.#path, 'a', FILE_MODE)
    try {
      for (let { size } = await file.stat(); size < this.#bytes; size += CHUNK.length) await file.appendFile(CHUNK)
      await file.sync()
    } catch (error) {
      await file.close()
      await this.release()
      throw error
    }
    await file.close()
  }

  /** Gives the room back. */
  release(): Promise<void> {
    return removeIfThere(this.#path)
  }
}
