// Which objects of a kind have a value in a field, for the fields that lists ask for: made at the first such list, kept
// up to date by writes, forgotten when nobody asks any more.
import type { FieldTrigger, Stored } from './contract.ts'
import { endOf, type LiveObjects } from './live-objects.ts'

/** Indexes of one kind; a further one takes the place of the one that was asked longest ago. */
const MOST_OF_A_KIND = 4
/** Writes after which an index that nobody has asked meanwhile is forgotten. */
const MOST_UNASKED_WRITES = 20_000

const KIND = /^\/[^/]*\/[^/]*\/[^/]*\//

/** `/registry/<group>/<resource>/`, of a key or a prefix. */
const kindOf = (key: string): string | undefined => KIND.exec(key)?.[0]

/** @returns undefined where it cannot be read: then it may have any value */
export function valueIn(read: FieldTrigger['read'], { object }: Stored): string | undefined {
  try {
    return read(object)
  } catch {
    return undefined
  }
}

class FieldIndex {
  readonly #read: FieldTrigger['read']
  readonly #byValue = new Map<string, Map<string, Stored>>()
  /** Those in which it cannot be read: they may have any value. */
  readonly #unread = new Map<string, Stored>()
  unaskedWrites = 0

  constructor(read: FieldTrigger['read']) {
    this.#read = read
  }

  set(stored: Stored): void {
    const value = valueIn(this.#read, stored)
    const among = value === undefined ? this.#unread : (this.#byValue.get(value) ?? new Map<string, Stored>())
    if (value !== undefined && among.size === 0) this.#byValue.set(value, among)
    among.set(stored.key, stored)
  }

  delete(stored: Stored): void {
    const value = valueIn(this.#read, stored)
    if (value === undefined) return void this.#unread.delete(stored.key)
    const among = this.#byValue.get(value)
    if (among?.delete(stored.key) && among.size === 0) this.#byValue.delete(value)
  }

  *having(value: string): Generator<Stored> {
    yield* this.#byValue.get(value)?.values() ?? []
    yield* this.#unread.values()
  }
}

export class FieldIndexes {
  /** In the order in which they were asked. */
  readonly #byKind = new Map<string, Map<string, FieldIndex>>()

  /** A write: `previous` is no more, `current` is there. */
  changed(previous: Stored | undefined, current: Stored | undefined): void {
    if (this.#byKind.size === 0) return
    const kind = kindOf((current ?? previous)?.key ?? '') ?? ''
    const indexes = this.#byKind.get(kind)
    if (!indexes) return
    for (const [field, index] of indexes) {
      if (previous) index.delete(previous)
      if (current) index.set(current)
      if (++index.unaskedWrites > MOST_UNASKED_WRITES) indexes.delete(field)
    }
    if (indexes.size === 0) this.#byKind.delete(kind)
  }

  /** @returns those whose field may have the value, in the order of their keys; undefined where no index can be had */
  find(live: LiveObjects, prefix: string, { field, value, read }: FieldTrigger): Stored[] | undefined {
    const kind = kindOf(prefix)
    if (kind === undefined) return undefined
    const indexes = this.#byKind.get(kind) ?? new Map<string, FieldIndex>()
    this.#byKind.set(kind, indexes)
    const index = indexes.get(field) ?? indexOf(live, kind, read)
    indexes.delete(field)
    indexes.set(field, index)
    index.unaskedWrites = 0
    for (const oldest of indexes.keys()) if (indexes.size > MOST_OF_A_KIND) indexes.delete(oldest)
    const found: Stored[] = []
    for (const stored of index.having(value)) if (stored.key.startsWith(prefix)) found.push(stored)
    return found.sort(byKey)
  }

  clear(): void {
    this.#byKind.clear()
  }
}

function indexOf(live: LiveObjects, kind: string, read: FieldTrigger['read']): FieldIndex {
  const index = new FieldIndex(read)
  for (const some of live.between(kind, endOf(kind))) for (const stored of some) index.set(stored)
  return index
}

const byKey = (a: Stored, b: Stored): number => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0)
