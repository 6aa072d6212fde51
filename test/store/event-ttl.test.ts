// Events go by themselves an hour after they were written last, on both engines: on etcd by its leases.
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { EventTtl, eventTtl, writtenMs } from '../../src/main/apiserver/event-ttl/event-ttl.ts'
import type { ObjectStore } from '../../src/main/store/contract.ts'
import { silentLog } from '../../src/main/store/log.ts'
import { openObjectStore } from '../../src/main/store/object-store.ts'
import { type EngineChoice, openEngine } from '../../src/main/store/open-engine.ts'
import { objectNamed, poll } from '../suites/store.ts'
import { ManualClock } from '../support/manual-clock.ts'
import { EtcdServer } from './etcd-server.ts'
import { tempFolder } from './temp-folder.ts'

const START = Date.parse('2026-03-01T00:00:00Z')
let etcd: EtcdServer
beforeAll(async () => {
  etcd = await EtcdServer.start()
})
afterAll(() => etcd[Symbol.asyncDispose]())
const ends: AsyncDisposable[] = []
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end[Symbol.asyncDispose]()
})
const use = <T extends AsyncDisposable>(resource: T): T => (ends.push(resource), resource)

const at = (minutes: number) => new Date(START + minutes * 60_000).toISOString()
const eventNamed = (name: string, created: number, rest: object = {}) => {
  const object = objectNamed(name)
  return { ...object, kind: 'Event', metadata: { ...object.metadata, creationTimestamp: at(created) }, ...rest }
}
const keyOf = (name: string) => `/registry/core/events/default/${name}`
const names = (store: ObjectStore) => store.list('/').items.map(({ object }) => object.metadata.name)

test.each(['nedb', 'etcd'] as const)(
  'on %s Events are forgotten an hour after their last write, and watchers hear it',
  async engine => {
    const folder = use(await tempFolder()).path
    const choice: EngineChoice = engine === 'nedb' ? { engine } : { engine, endpoints: [etcd.url] }
    const open = async () => use(await openObjectStore(await openEngine(choice, folder)))
    const store = await open()
    // Another API server on the same etcd does the same.
    const stores = engine === 'nedb' ? [store] : [store, await open()]
    for (let i = 0; i < 150; i++) await store.create(keyOf(`old${i}`), eventNamed(`old${i}`, 0))
    await store.create(keyOf('counted'), eventNamed('counted', 0, { lastTimestamp: at(30) }))
    await store.create(keyOf('young'), eventNamed('young', 59))
    const map = '/registry/core/configmaps/default/old'
    await store.create(map, objectNamed('old'))
    const heard: string[] = []
    const onEvent = ({ type, current }: { type: string; current: { key: string } }) =>
      heard.push(`${type} ${current.key}`)
    store.watch('/registry/core/events/', { from: store.revision, onEvent, onEnd: () => undefined })
    const clock = new ManualClock(START)
    for (const each of stores) use(new EventTtl({ store: each, ttlMs: 3_600_000, clock, log: silentLog }))
    const look = async () => {
      await clock.advance(30_000)
      await poll(() => clock.pending === stores.length)
    }
    // Where a lease is to delete them, those without one go two minutes later.
    clock.jump((engine === 'nedb' ? 59 : 61) * 60_000)
    await look()
    expect(heard).toEqual([])
    await look()
    expect(names(store)).toEqual(['old', 'counted', 'young'])
    expect(heard.sort()).toEqual(Array.from({ length: 150 }, (_, i) => `DELETED ${keyOf(`old${i}`)}`).sort())
    clock.jump(30 * 60_000)
    await look()
    expect(names(store)).toEqual(['old', 'young'])
  },
)

describe('on etcd', () => {
  const HOUR_MS = 3_600_000
  const open = async (ttlMs: number) =>
    use(
      await openObjectStore(await openEngine({ engine: 'etcd', endpoints: [etcd.url] }, use(await tempFolder()).path), {
        ttlMs: eventTtl(ttlMs),
      }),
    )
  const leases = async () => {
    const { leases: all = [] } = (await etcd.json('/v3/lease/leases', {})) as { leases?: { ID: string }[] }
    return all.map(({ ID }) => ID)
  }
  const revokeAll = async () => {
    for (const ID of await leases()) await etcd.json('/v3/lease/revoke', { ID })
  }
  beforeEach(revokeAll)

  test('an Event goes when its lease runs out, with nobody who looks for it, and watchers hear it', async () => {
    const store = await open(1_000)
    const map = '/registry/core/configmaps/default/stays'
    await store.create(map, objectNamed('stays'))
    const heard: string[] = []
    const { revision: from } = store
    store.watch('/registry/', {
      from,
      onEvent: ({ type, current }) => heard.push(`${type} ${current.key}`),
      onEnd: () => undefined,
    })
    const first = await store.create(keyOf('one'), eventNamed('one', 0))
    await store.create(keyOf('two'), eventNamed('two', 0))
    await store.update(keyOf('one'), first.object, first.revision)
    await poll(() => store.get(keyOf('one')) === undefined && store.get(keyOf('two')) === undefined, 15_000)
    expect(heard.slice(-2).sort()).toEqual([`DELETED ${keyOf('one')}`, `DELETED ${keyOf('two')}`])
    expect(store.get(map)).toBeDefined()
    await store.create(keyOf('one'), eventNamed('one', 1))
    expect(store.get(keyOf('one'))).toBeDefined()
  })

  test('Events of the same minute share a lease, up to a thousand of them; what is no Event has none', async () => {
    const store = await open(HOUR_MS)
    await store.create('/registry/core/configmaps/default/unleased', objectNamed('unleased'))
    expect(await leases()).toEqual([])
    const names = Array.from({ length: 1_001 }, (_, i) => `shared${i}`)
    await Promise.all(names.map(name => store.create(keyOf(name), eventNamed(name, 0))))
    const granted = await leases()
    expect(granted).toHaveLength(2)
    const { grantedTTL } = await etcd.json('/v3/lease/timetolive', { ID: granted[0] })
    expect(Number(grantedTTL)).toBe(3_660)
  })

  test('an Event written on is kept as long again', async () => {
    const store = await open(HOUR_MS)
    const stored = await store.create(keyOf('counted-on'), eventNamed('counted-on', 0))
    const [before] = await leases()
    const later = await open(HOUR_MS)
    await later.update(keyOf('counted-on'), stored.object, stored.revision)
    await etcd.json('/v3/lease/revoke', { ID: before })
    await later.fresh()
    expect(later.get(keyOf('counted-on'))).toBeDefined()
  })

  test('a lease that is gone is replaced by another one', async () => {
    const store = await open(HOUR_MS)
    await store.create(keyOf('before'), eventNamed('before', 0))
    await revokeAll()
    await store.create(keyOf('after'), eventNamed('after', 0))
    expect(names(store)).toContain('after')
    expect(names(store)).not.toContain('before')
    expect(await leases()).toHaveLength(1)
  })
})

test.each([
  ['when it was made', {}, 10],
  ['when it was counted on', { lastTimestamp: at(20), eventTime: null }, 20],
  ['when its series went on', { eventTime: at(12), series: { lastObservedTime: at(25) } }, 25],
  ['what is to come says nothing', { lastTimestamp: at(1_000_000) }, 10],
  ['nor does what is no time', { lastTimestamp: 'soon' }, 10],
])('the last write of an Event: %s', (_what, fields, minutes) => {
  expect(writtenMs(eventNamed('e', 10, fields), START + 3_600_000)).toBe(START + minutes * 60_000)
})

test('the last write of an Event: when a manager of its fields changed it', () => {
  const event = eventNamed('e', 10)
  const managedFields = [{ manager: 'kubelet', operation: 'Update', apiVersion: 'v1', time: at(40) }]
  expect(writtenMs({ ...event, metadata: { ...event.metadata, managedFields } }, START + 3_600_000)).toBe(
    START + 40 * 60_000,
  )
})
