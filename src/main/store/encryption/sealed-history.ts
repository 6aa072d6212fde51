// The log of what objects were, with values of Secrets sealed in it as in the store.
import type { HistoryEntry, HistoryLog } from '../history/contract.ts'

/** Both leave the values of other kinds as they are. */
export interface ValueSeal {
  seal(key: string, value: string): string
  /** @throws StoreError `KeyNeeded` | `Corrupt` */
  open(key: string, value: string): string
}

export function sealedHistory(log: HistoryLog, { seal, open }: ValueSeal): HistoryLog {
  async function* entries(): AsyncGenerator<HistoryEntry, void> {
    for await (const entry of log.entries()) yield { ...entry, value: open(entry.key, entry.value) }
  }
  return {
    append: added => log.append(added.map(entry => ({ ...entry, value: seal(entry.key, entry.value) }))),
    items: key => log.items(key),
    keys: prefix => log.keys(prefix),
    newest: () => log.newest(),
    read: async (key, revision) => {
      const value = await log.read(key, revision)
      return value === undefined ? undefined : open(key, value)
    },
    entries,
    purge: matches => log.purge(matches),
    expire: nowMs => log.expire(nowMs),
    [Symbol.asyncDispose]: () => log[Symbol.asyncDispose](),
  }
}
