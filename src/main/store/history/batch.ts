// Entries of the history on their way to the disk, many at a time.
import type { HistoryEntry, HistoryLog } from './contract.ts'

const BATCH_BYTES = 512 * 1024

export class HistoryBatch {
  readonly #history: Pick<HistoryLog, 'append'>
  #entries: HistoryEntry[] = []
  #bytes = 0

  constructor(history: Pick<HistoryLog, 'append'>) {
    this.#history = history
  }

  /** Writes once enough has come together. */
  async add(entry: HistoryEntry): Promise<void> {
    this.#entries.push(entry)
    this.#bytes += entry.value.length
    if (this.#bytes >= BATCH_BYTES) await this.write()
  }

  /** What was added is durable when this resolves. */
  async write(): Promise<void> {
    if (this.#entries.length > 0) await this.#history.append(this.#entries)
    this.#entries = []
    this.#bytes = 0
  }
}
