// Events go by themselves an hour after they were written last, on both engines.
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { EventTtl, writtenMs } from '../../src/main/apiserver/event-ttl/event-ttl.ts'
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
    clock.jump(59 * 60_000)
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
