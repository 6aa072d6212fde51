// A history checker: many clients write, list and watch at random; afterwards everything that anybody saw is compared
// with the one order that the revisions claim. Seeded; a failing seed is in the name of the test.
import { afterEach, expect, test } from 'vitest'
import type { ObjectStore, StoreEvent } from '../../src/main/store/contract.ts'
import { openNedbEngine } from '../../src/main/store/nedb/engine.ts'
import { openEtcdEngine } from '../../src/main/store/etcd/engine.ts'
import { openObjectStore } from '../../src/main/store/object-store.ts'
import { objectNamed, poll } from '../suites/store.ts'
import { EtcdServer } from './etcd-server.ts'
import { tempFolder } from './temp-folder.ts'

const CLIENTS = 64
const OPERATIONS = 40
const KEYS = 12
const PREFIX = '/registry/core/configmaps/a/'

/** mulberry32: small, seeded, good enough to choose by. */
function randomFrom(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296
  }
}

interface Write {
  readonly key: string
  readonly kind: 'create' | 'update' | 'delete'
  /** Mod revision that it was conditional on; 0 for a creation. */
  readonly expect: number
  readonly revision: number
  readonly value: string | undefined
  readonly startedAt: number
  readonly endedAt: number
}
interface Listing {
  readonly revision: number
  readonly state: Readonly<Record<string, string>>
  readonly startedAt: number
  /** Largest revision that was acknowledged to anybody before it started. */
  readonly acknowledged: number
}

const ends: AsyncDisposable[] = []
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end[Symbol.asyncDispose]()
})
const use = <T extends AsyncDisposable>(resource: T): T => (ends.push(resource), resource)
const marker = (object: object) => (object as { data: { v: string } }).data.v

/** @param stores each over the same state: clients are spread over them */
async function check(stores: readonly ObjectStore[], seed: number): Promise<void> {
  const writes: Write[] = []
  const listings: Listing[] = []
  const watches: { from: number; events: StoreEvent[] }[] = []
  let acknowledged = 0
  let unexpected: unknown
  const first = stores[0]!
  const begin = first.revision

  const watch = (store: ObjectStore, from: number) => {
    const seen = { from, events: [] as StoreEvent[] }
    watches.push(seen)
    store.watch(PREFIX, { from, onEvent: event => seen.events.push(event), onEnd: error => (unexpected ??= error) })
  }
  const client = async (id: number) => {
    const random = randomFrom(seed * 1_000 + id)
    const store = stores[id % stores.length]!
    for (let i = 0; i < OPERATIONS; i++) {
      const key = `${PREFIX}k${Math.floor(random() * KEYS)}`
      const known = store.get(key)
      const value = `${id}-${i}`
      const startedAt = performance.now()
      const choice = random()
      if (choice < 0.15) {
        const before = acknowledged
        await store.fresh()
        const { items, revision } = store.list(PREFIX)
        const state = Object.fromEntries(items.map(item => [item.key, marker(item.object)]))
        listings.push({ revision, state, startedAt, acknowledged: before })
        continue
      }
      if (choice < 0.2) {
        watch(store, store.revision)
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
        if (!['KeyExists', 'KeyNotFound', 'RevisionConflict'].includes(code ?? '')) unexpected ??= error
      }
    }
  }
  for (const store of stores) watch(store, begin)
  await Promise.all(Array.from({ length: CLIENTS }, (_, id) => client(id)))
  const newest = Math.max(...writes.map(({ revision }) => revision))
  await poll(() => stores.every(store => store.revision >= newest))
  await poll(() => watches.every(({ from, events }) => from >= newest || events.at(-1)?.revision === newest))
  expect(unexpected).toBeUndefined()

  // Every write has a revision of its own, and each was conditional on what really came before it.
  const order = [...writes].sort((a, b) => a.revision - b.revision)
  expect(new Set(order.map(({ revision }) => revision)).size).toBe(order.length)
  expect(order.length).toBeGreaterThan(CLIENTS)
  const current = new Map<string, Write>()
  for (const write of order) {
    const before = current.get(write.key)
    expect(write.expect, `${write.kind} of ${write.key} at ${write.revision}`).toBe(before?.revision ?? 0)
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
    expect(write.revision).toBeGreaterThan(largest)
  }
  // A list shows exactly the state at its revision, and nothing older than what was acknowledged before it.
  for (const { revision, state, acknowledged: atLeast } of listings) {
    expect(revision).toBeGreaterThanOrEqual(atLeast)
    const then: Record<string, string> = {}
    for (const write of order) {
      if (write.revision > revision) break
      if (write.value === undefined) delete then[write.key]
      else then[write.key] = write.value
    }
    expect(state).toEqual(then)
  }
  // A watch tells every write after its start, once, in order, with what was written.
  for (const { from, events } of watches) {
    const expected = order.filter(({ revision }) => revision > from)
    expect(events.map(({ revision, type, current: { key } }) => [revision, type, key])).toEqual(
      expected.map(({ revision, kind, key }) => [
        revision,
        { create: 'ADDED', update: 'MODIFIED', delete: 'DELETED' }[kind],
        key,
      ]),
    )
    for (const [at, { value }] of expected.entries())
      if (value !== undefined) expect(marker(events[at]!.current.object)).toBe(value)
  }
}

test.each([1, 2, 3])('nedb: what 64 clients saw fits one order (seed %i)', async seed => {
  const folder = use(await tempFolder())
  const engine = await openNedbEngine({ dataDir: folder.path, segmentBytes: 40_000, garbageBytes: 20_000 })
  const store = use(await openObjectStore(engine, { compactEveryMs: 0 }))
  await check([store], seed)
})

test.each([1, 2])('etcd: what 64 clients on two control planes saw fits one order (seed %i)', async seed => {
  const server = use(await EtcdServer.start())
  const open = async () =>
    use(await openObjectStore(await openEtcdEngine({ endpoints: [server.url] }), { compactEveryMs: 0 }))
  await check([await open(), await open()], seed)
})
