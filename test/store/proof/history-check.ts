// A history checker: many clients write, list and watch at random; afterwards everything that anybody saw is compared
// with the one order that the revisions claim. Seeded.
import assert from 'node:assert/strict'
import type { ObjectStore, StoreError, StoreEvent } from '../../../src/main/store/contract.ts'
import { randomFrom } from '../../support/random.ts'
import { objectNamed, poll } from '../../suites/store-helpers.ts'

const CLIENTS = 64
const KEYS = 12
const PREFIX = '/registry/core/configmaps/a/'
const TYPES = { create: 'ADDED', update: 'MODIFIED', delete: 'DELETED' } as const

interface Write extends Attempt {
  readonly revision: number
  readonly endedAt: number
}

interface Attempt {
  readonly key: string
  readonly kind: 'create' | 'update' | 'delete'
  /** Mod revision that it was conditional on; 0 for a creation. */
  readonly expect: number
  readonly value: string | undefined
  readonly startedAt: number
}

interface Watch {
  readonly from: number
  readonly events: StoreEvent[]
  readonly store: ObjectStore
  end: () => void
}

interface Listing {
  readonly revision: number
  readonly state: Readonly<Record<string, string>>
  readonly startedAt: number
  /** Largest revision that was acknowledged to anybody before it started. */
  readonly acknowledged: number
}

const marker = (object: object) => (object as { data: { v: string } }).data.v

export interface HistoryOptions {
  /** Each over the same state: clients are spread over them. */
  readonly stores: readonly ObjectStore[]
  readonly seed: number
  /** Of each client. */
  readonly operations?: number
  /** Called after each operation; what it makes fail may have been done all the same. */
  readonly disturb?: (done: number) => void
}

export interface HistoryFigures {
  readonly writes: number
  /** Writes that got no answer and were found done. */
  readonly unanswered: number
  readonly lists: number
  readonly watches: number
  readonly resumed: number
}

/** @throws AssertionError that tells what does not fit */
export async function checkHistory(options: HistoryOptions): Promise<HistoryFigures> {
  const { stores, seed, operations = 40, disturb } = options
  const writes: Write[] = []
  const listings: Listing[] = []
  const watches: Watch[] = []
  const unanswered: Attempt[] = []
  let resumed = 0
  let done = 0
  let acknowledged = 0
  let unexpected: unknown
  const first = stores[0]!
  const begin = first.revision

  const watch = (store: ObjectStore, from: number) => {
    const seen: Watch = { from, events: [], store, end: () => undefined }
    watches.push(seen)
    follow(seen)
  }
  /** Goes on after the last event that was seen, as a client does that lost its connection. */
  const follow = (seen: Watch) => {
    const from = seen.events.at(-1)?.revision ?? seen.from
    const onEnd = (error: StoreError) => (unexpected ??= error)
    const handle = seen.store.watch(PREFIX, { from, onEvent: event => seen.events.push(event), onEnd })
    seen.end = () => handle.close()
  }
  const resume = (seen: Watch) => {
    seen.end()
    resumed++
    follow(seen)
  }
  const client = async (id: number) => {
    const random = randomFrom(seed * 1_000 + id)
    const store = stores[id % stores.length]!
    for (let i = 0; i < operations; i++) {
      disturb?.(done++)
      const key = `${PREFIX}k${Math.floor(random() * KEYS)}`
      const known = store.get(key)
      const value = `${id}-${i}`
      const startedAt = performance.now()
      const choice = random()
      if (choice < 0.15) {
        const before = acknowledged
        try {
          await store.fresh()
        } catch (error) {
          if (!disturb || (error as StoreError).code !== 'Unavailable') throw error
          continue
        }
        const { items, revision } = store.list(PREFIX)
        const state = Object.fromEntries(items.map(item => [item.key, marker(item.object)]))
        listings.push({ revision, state, startedAt, acknowledged: before })
        continue
      }
      if (choice < 0.2) {
        if (choice < 0.17) watch(store, store.revision)
        else resume(watches[Math.floor(random() * watches.length)]!)
        continue
      }
      const kind = !known ? 'create' : choice < 0.35 ? 'delete' : 'update'
      const expectRevision = known?.revision ?? 0
      try {
        const object = objectNamed(key, { v: value })
        const stored = await (kind === 'create'
          ? store.create(key, object)
          : kind === 'update'
            ? store.update(key, object, expectRevision)
            : store.delete(key, expectRevision))
        acknowledged = Math.max(acknowledged, stored.revision)
        const written = kind === 'delete' ? undefined : value
        writes.push({ key, kind, expect: expectRevision, revision: stored.revision, value: written, startedAt, endedAt: performance.now() }) // prettier-ignore
      } catch (error) {
        const { code } = error as { code?: string }
        if (disturb && code === 'Unavailable') {
          const written = kind === 'delete' ? undefined : value
          unanswered.push({ key, kind, expect: expectRevision, value: written, startedAt })
        } else if (!['KeyExists', 'KeyNotFound', 'RevisionConflict'].includes(code ?? '')) unexpected ??= error
      }
    }
  }
  for (const store of stores) watch(store, begin)
  await Promise.all(Array.from({ length: CLIENTS }, (_, id) => client(id)))
  for (const store of stores)
    await poll(
      () =>
        store.fresh().then(
          () => true,
          () => false,
        ),
      60_000,
    )
  const newest = Math.max(
    ...stores.map(store => store.list(PREFIX).revision),
    ...writes.map(({ revision }) => revision),
  )
  await poll(() => stores.every(store => store.revision >= newest))
  const last = () => watches[0]?.events.at(-1)?.revision ?? 0
  await poll(() => watches.every(({ from, events }) => from >= last() || events.at(-1)?.revision === last()))
  for (const { end } of watches) end()
  assert.equal(unexpected, undefined)
  const answered = writes.length
  for (const event of watches[0]?.events ?? []) {
    if (writes.some(({ revision }) => revision === event.revision)) continue
    const value = event.type === 'DELETED' ? undefined : marker(event.current.object)
    const { key } = event.current
    const before = event.previous?.revision ?? 0
    const attempt = unanswered.find(each => each.key === key && each.value === value && each.expect === before)
    assert.ok(attempt, `nobody wrote ${key} at ${event.revision}`)
    unanswered.splice(unanswered.indexOf(attempt), 1)
    writes.push({ ...attempt, revision: event.revision, endedAt: Infinity })
  }

  // Every write has a revision of its own, and each was conditional on what really came before it.
  const order = [...writes].sort((a, b) => a.revision - b.revision)
  assert.equal(new Set(order.map(({ revision }) => revision)).size, order.length)
  assert.ok(order.length > CLIENTS)
  const current = new Map<string, Write>()
  for (const write of order) {
    const before = current.get(write.key)
    assert.equal(write.expect, before?.revision ?? 0, `${write.kind} of ${write.key} at ${write.revision}`)
    if (write.kind === 'delete') current.delete(write.key)
    else current.set(write.key, write)
  }
  // Real time: what was acknowledged before another began has the smaller revision.
  const byStart = [...writes].sort((a, b) => a.startedAt - b.startedAt)
  const byEnd = [...writes].sort((a, b) => a.endedAt - b.endedAt)
  let ended = 0
  let largest = 0
  for (const write of byStart) {
    for (let done = byEnd[ended]; done && done.endedAt < write.startedAt; done = byEnd[++ended])
      largest = Math.max(largest, done.revision)
    assert.ok(write.revision > largest, `${write.revision} was given out after ${largest} was acknowledged`)
  }
  // A list shows exactly the state at its revision, and nothing older than what was acknowledged before it.
  for (const { revision, state, acknowledged: atLeast } of listings) {
    assert.ok(revision >= atLeast, `a list at ${revision} after ${atLeast} was acknowledged`)
    const then: Record<string, string> = {}
    for (const write of order) {
      if (write.revision > revision) break
      if (write.value === undefined) delete then[write.key]
      else then[write.key] = write.value
    }
    assert.deepEqual(state, then)
  }
  // A watch tells every write after its start, once, in order, with what was written.
  for (const { from, events } of watches) {
    const expected = order.filter(({ revision }) => revision > from)
    assert.deepEqual(
      events.map(({ revision, type, current: { key } }) => [revision, type, key]),
      expected.map(({ revision, kind, key }) => [revision, TYPES[kind], key]),
    )
    for (const [at, { value }] of expected.entries())
      if (value !== undefined) assert.equal(marker(events[at]!.current.object), value)
  }
  return {
    writes: answered,
    unanswered: writes.length - answered,
    lists: listings.length,
    watches: watches.length,
    resumed,
  }
}
