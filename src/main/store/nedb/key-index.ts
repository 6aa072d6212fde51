// What the engine must know of every live key to check a write: its revisions, never its value.
import type { EngineRecord } from '../contract.ts'

export interface KeyState {
  readonly revision: number
  readonly createRevision: number
  /** Roughly what the key's record takes on disk. */
  readonly bytes: number
}

/** Length of a record around its key and value. */
const RECORD_OVERHEAD_BYTES = 60

export class KeyIndex {
  readonly #keys = new Map<string, KeyState>()
  #liveBytes = 0

  /** Roughly what a log without any garbage would take. */
  get liveBytes(): number {
    return this.#liveBytes
  }

  get(key: string): KeyState | undefined {
    return this.#keys.get(key)
  }

  apply({ key, value, revision, createRevision }: EngineRecord): void {
    this.#liveBytes -= this.#keys.get(key)?.bytes ?? 0
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

  /** @returns the revision of every live key as of now. */
  snapshot(): Map<string, number> {
    const revisions = new Map<string, number>()
    for (const [key, { revision }] of this.#keys) revisions.set(key, revision)
    return revisions
  }
}
