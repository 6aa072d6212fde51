// The revision that was never exceeded. It lies outside the store's folder, so that a restore of that cannot rewind it.
import { join } from 'node:path'
import { crc32 } from 'node:zlib'
import { StoreError } from '../contract.ts'
import { type Disk, readIfThere, writeAtomically } from './disk.ts'

/** Revisions reserved at a time: one small write in so many transactions, and the jump that a restore makes. */
const RESERVE = 100_000

interface Mark {
  /** The opening of the log that the ceiling belongs to. */
  readonly lineage: string
  readonly ceiling: number
  /** Revision that this opening started from: after a restore it lies beyond what the log holds. */
  readonly start: number
}

export class HighWater {
  readonly #disk: Disk
  readonly #path: string
  readonly #lineage: string
  readonly #start: number
  #ceiling = 0

  private constructor(disk: Disk, path: string, lineage: string, start: number) {
    this.#disk = disk
    this.#path = path
    this.#lineage = lineage
    this.#start = start
  }

  /**
   * @param before lineage that the log had when it was found
   * @param lineage the one that it has from now on
   * @param revision newest revision in the log
   * @returns the revision to go on from: the log's own, or beyond all that was ever given out when the log is a copy
   */
  static async open(
    disk: Disk,
    dataDir: string,
    before: string | undefined,
    lineage: string,
    revision: number,
  ): Promise<{ highWater: HighWater; revision: number }> {
    const path = join(dataDir, 'revision.json')
    const text = await readIfThere(path)
    const mark = text === undefined ? undefined : parse(text, path)
    const least = mark ? (mark.lineage === before ? mark.start : mark.ceiling) : 0
    const start = Math.max(revision, least)
    const highWater = new HighWater(disk, path, lineage, start)
    await highWater.reserve(start)
    return { highWater, revision: start }
  }

  /** Makes sure that the durable ceiling lies above `revision`. */
  async reserve(revision: number): Promise<void> {
    if (revision < this.#ceiling) return
    const ceiling = revision + RESERVE
    const mark: Mark = { lineage: this.#lineage, ceiling, start: this.#start }
    await writeAtomically(this.#disk, this.#path, textOf(mark))
    this.#ceiling = ceiling
  }
}

function textOf({ lineage, ceiling, start }: Mark): string {
  return `${JSON.stringify({ lineage, ceiling, start, sum: crc32([lineage, ceiling, start].join(' ')) })}\n`
}

/** @throws StoreError `Corrupt` */
function parse(text: string, path: string): Mark {
  try {
    const mark = JSON.parse(text) as Mark
    // Those of older versions have no sum.
    const { lineage, ceiling, start } = mark
    if (text === textOf(mark) || text === `${JSON.stringify({ lineage, ceiling, start })}\n`) return mark
  } catch {
    // Not JSON: told below like whatever else no version has written.
  }
  throw new StoreError('Corrupt', `${path} is damaged: restore the data folder from a backup`)
}
