// The history of objects on its way to another machine, in a copy of the whole cluster.
import { DEFAULT_HISTORY_LIMITS, type HistoryEntry, type HistoryLog } from '../history/contract.ts'
import type { Engine } from '../contract.ts'
import type { SnapshotLine } from './snapshot.ts'

const BATCH_BYTES = 1024 * 1024

export async function* historyLines(history: HistoryLog): AsyncGenerator<SnapshotLine, void> {
  for await (const entry of history.entries()) yield { type: 'history', entry }
}

/** Writes entries into the log of an engine, many at a time. */
export class HistoryWriter implements AsyncDisposable {
  readonly #engine: Engine
  #log: HistoryLog | undefined
  #waiting: HistoryEntry[] = []
  #bytes = 0

  constructor(engine: Engine) {
    this.#engine = engine
  }

  async add(entry: HistoryEntry): Promise<void> {
    this.#waiting.push(entry)
    this.#bytes += entry.value.length
    if (this.#bytes >= BATCH_BYTES) await this.flush()
  }

  async flush(): Promise<void> {
    if (this.#waiting.length === 0) return
    this.#log ??= await this.#engine.openHistory(DEFAULT_HISTORY_LIMITS)
    await this.#log.append(this.#waiting)
    this.#waiting = []
    this.#bytes = 0
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#log?.[Symbol.asyncDispose]()
  }
}
