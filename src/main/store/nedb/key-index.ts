// What the engine must know of every live key to check a write: its revisions, and its value only for settings.
import { type EngineRecord, type Setting, SETTINGS_PREFIX } from '../contract.ts'

export interface KeyState {
  readonly revision: number
  readonly createRevision: number
  /** Roughly what the key's record takes on disk. */
  readonly bytes: number
}

/** Length of a record around its key and value. */
const RECORD_OVERHEAD_BYTES = 60

/** The index as it was when the view was taken. */
export interface KeyIndexView extends Disposable {
  isLive(record: EngineRecord): boolean
}

export class KeyIndex {
  readonly #keys = new Map<string, KeyState>()
  readonly #settings = new Map<string, Setting>()
  /** For each view, the revisions of the keys that have changed since; undefined = the key did not exist. */
  readonly #views = new Set<Map<string, number | undefined>>()
  #liveBytes = 0

  /** Roughly what a log without any garbage would take. */
  get liveBytes(): number {
    return this.#liveBytes
  }

  get(key: string): KeyState | undefined {
    return this.#keys.get(key)
  }

  setting(key: string): Setting | undefined {
    return this.#settings.get(key)
  }

  apply({ key, value, revision, createRevision }: EngineRecord): void {
    if (key.startsWith(SETTINGS_PREFIX)) {
      if (value === null) this.#settings.delete(key)
      else this.#settings.set(key, { value, revision })
    }
    const before = this.#keys.get(key)
    for (const changed of this.#views) if (!changed.has(key)) changed.set(key, before?.revision)
    this.#liveBytes -= before?.bytes ?? 0
    if (value === null) {
      this.#keys.delete(key)
      return
    }
    const bytes = key.length + value.length + RECORD_OVERHEAD_BYTES
    this.#keys.set(key, { revision, createRevision, bytes })
    this.#liveBytes += bytes
  }

  /** Whether the record is the newest one of a key that exists. */
  isLive({ key, value, revision }: EngineRecord): boolean {
    return value !== null && this.#keys.get(key)?.revision === revision
  }

  /** Costs nothing up front, however many keys there are; changes cost a little until it is disposed of. */
  view(): KeyIndexView {
    const changed = new Map<string, number | undefined>()
    this.#views.add(changed)
    return {
      isLive: record =>
        changed.has(record.key)
          ? record.value !== null && changed.get(record.key) === record.revision
          : this.isLive(record),
      [Symbol.dispose]: () => void this.#views.delete(changed),
    }
  }
}
