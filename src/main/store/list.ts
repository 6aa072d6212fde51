// Pages of keys under a prefix, now or at an older revision that the ring still reaches.
import type { ListOptions, ListPage, Stored } from './contract.ts'
import type { EventRing } from './event-ring.ts'
import type { FieldIndexes } from './field-indexes.ts'
import { endOf, type LiveObjects } from './live-objects.ts'

interface Source {
  readonly live: LiveObjects
  readonly ring: EventRing
  readonly indexes: FieldIndexes
  readonly revision: number
}

export function listPage(source: Source, prefix: string, options: ListOptions): ListPage {
  const { limit = Infinity, after, match, trigger } = options
  const revision = options.revision ?? source.revision
  const past = revision < source.revision ? differences(source.ring, prefix, revision) : undefined
  const start = after !== undefined && after >= prefix ? `${after}\0` : prefix
  const items: Stored[] = []
  const chosen = trigger && !past ? source.indexes.find(source.live, prefix, trigger) : undefined
  const now = chosen ? [chosen.filter(({ key }) => key >= start)] : source.live.between(start, endOf(prefix))
  for (const some of past ? merged(source, start, now, past) : now) {
    for (const stored of some) {
      if (match && !match(stored)) continue
      if (items.length >= limit)
        return { items, revision, more: true, ...remaining(source, prefix, options, stored, past) }
      items.push(stored)
    }
  }
  return { items, revision, more: false, ...(match || trigger ? {} : { remaining: 0 }) }
}

/** What was different at `revision`: for each key changed since, its state then (undefined = it did not exist). */
function differences(ring: EventRing, prefix: string, revision: number): Map<string, Stored | undefined> {
  const past = new Map<string, Stored | undefined>()
  for (const event of ring.after(revision)) {
    const { key } = event.current
    if (key.startsWith(prefix) && !past.has(key)) past.set(key, event.previous)
  }
  return past
}

/** The state then: live keys as they were, and between them, in order, the keys that have been deleted since. */
function* merged(
  source: Source,
  start: string,
  now: Iterable<readonly Stored[]>,
  past: ReadonlyMap<string, Stored | undefined>,
): Generator<readonly Stored[], undefined> {
  const deleted = [...past.values()]
    .filter(stored => stored !== undefined && stored.key >= start && !source.live.has(stored.key))
    .map(stored => stored as Stored)
    .sort((a, b) => (a.key < b.key ? -1 : 1))
  let next = 0
  for (const some of now) {
    const then: Stored[] = []
    for (const stored of some) {
      for (let gone = deleted[next]; gone && gone.key < stored.key; gone = deleted[++next]) then.push(gone)
      const before = past.has(stored.key) ? past.get(stored.key) : stored
      if (before) then.push(before)
    }
    yield then
  }
  yield deleted.slice(next)
}

/** How many follow: `first` is the first of them. Not counted when a filter would have to look at each. */
function remaining(
  source: Source,
  prefix: string,
  { match, trigger }: ListOptions,
  first: Stored,
  past: ReadonlyMap<string, Stored | undefined> | undefined,
): { remaining?: number } {
  if (match || trigger) return {}
  let count = source.live.count(first.key, endOf(prefix))
  for (const [key, then] of past ?? []) {
    if (key < first.key) continue
    if (then && !source.live.has(key)) count++
    else if (!then && source.live.has(key)) count--
  }
  return { remaining: count }
}
