// What objects looked like before: a log per object of its own, apart from the store's history and from its compaction.
// Implementations: file-history.ts (beside the embedded engine), etcd-history.ts.

/** One kept revision of an object, without its value. */
export interface HistoryItem {
  readonly key: string
  /** The store's revision that made it. */
  readonly revision: number
  /** When, in milliseconds since the epoch. */
  readonly atMs: number
  /** The object was deleted; the value is its last state. */
  readonly deleted: boolean
  /** Of what the object means, see `meaning.ts`: the same as before = nothing to keep. */
  readonly hash: string
}

export interface HistoryEntry extends HistoryItem {
  /** JSON text of the object. */
  readonly value: string
}

export interface HistoryLimits {
  readonly maxAgeMs: number
  /** Newest revisions that are kept of an object. */
  readonly maxPerObject: number
  /** Of everything; a quarter more may be there for a while. */
  readonly maxBytes: number
}

export const DEFAULT_HISTORY_LIMITS: HistoryLimits = {
  maxAgeMs: 7 * 86_400_000,
  maxPerObject: 50,
  maxBytes: 64 * 1024 * 1024,
}

export interface HistoryLog extends AsyncDisposable {
  /** Durable when it resolves. Entries that are there already are passed over. */
  append(entries: readonly HistoryEntry[]): Promise<void>
  /** The kept revisions of one object, oldest first. */
  items(key: string): Promise<readonly HistoryItem[]>
  /** Keys that have any, under a prefix that ends in `/`, in order. */
  keys(prefix: string): Promise<readonly string[]>
  /** The newest item of every key. */
  newest(): Promise<ReadonlyMap<string, HistoryItem>>
  /** The object's JSON text at one of its kept revisions. */
  read(key: string, revision: number): Promise<string | undefined>
  /** Everything that is kept, an object's oldest first. */
  entries(): AsyncIterable<HistoryEntry>
  /** Erases objects' whole histories. @returns how many objects */
  purge(matches: (key: string) => boolean): Promise<number>
  /** Drops what is beyond the limits; `append` sees to the size itself. */
  expire(nowMs: number): Promise<void>
}
