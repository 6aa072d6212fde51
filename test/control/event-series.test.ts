// Events of events.k8s.io/v1 as upstream's newer recorder writes them, against the real API server.
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { ConfigMap, Event, Namespace } from '../../src/shared/api/core/v1.ts'
import { type SeriesRecorder, createSeriesRecorder } from '../../src/shared/client/event-series.ts'
import { createEventRecorder } from '../../src/shared/client/events.ts'
import type { Client } from '../../src/shared/client/client.ts'
import { type TestApiServer, startTestApiServer } from '../support/api-server.ts'
import { eventually } from '../support/eventually.ts'
import { ManualClock } from '../support/manual-clock.ts'

const MINUTE = 60_000
const NOTE = '0/1 nodes are available: 1 Insufficient cpu.'

let api: TestApiServer
let client: Client
let clock: ManualClock
let stop: AbortController
let recorder: SeriesRecorder
let patches: number
let about: ConfigMap
let tests = 0
beforeAll(async () => {
  api = await startTestApiServer()
  await api.clientAs().create(Namespace, { metadata: { name: 'default' }, spec: {} })
})
afterAll(async () => {
  await api?.[Symbol.asyncDispose]()
})
beforeEach(async () => {
  patches = 0
  const real = api.clientAs()
  const patch: Client['patch'] = (...args) => {
    patches++
    return real.patch(...args)
  }
  client = { ...real, patch }
  clock = new ManualClock()
  stop = new AbortController()
  const [reportingController, reportingInstance] = ['default-scheduler', 'default-scheduler-here']
  recorder = createSeriesRecorder({ client, clock, reportingController, reportingInstance, signal: stop.signal })
  about = await client.create(ConfigMap, { metadata: { namespace: 'default', name: `subject-${++tests}` } })
  return () => stop.abort()
})

const fail = (note = NOTE) => recorder.event(about, 'Warning', 'FailedScheduling', 'Scheduling', note)
const told = async () => {
  const { items } = await client.list(Event, { namespace: 'default' })
  return items.filter(({ involvedObject }) => involvedObject.name === about.metadata.name)
}
/** Waits until the event is told so often. */
const counted = (count: number | undefined) =>
  eventually(async () => expect((await told()).map(({ series }) => series?.count)).toEqual([count]))

test('an event says what was done, when to the microsecond, by whom, and what else it has to do with', async () => {
  const related = await client.create(ConfigMap, { metadata: { namespace: 'default', name: 'related' } })
  recorder.event(about, 'Normal', 'Preempted', 'Preempting', 'Preempted by a pod', related)
  await counted(undefined)
  const [event] = await told()
  expect(event).toMatchObject({
    type: 'Normal',
    reason: 'Preempted',
    action: 'Preempting',
    message: 'Preempted by a pod',
    eventTime: '2026-01-01T00:00:00.000000Z',
    reportingComponent: 'default-scheduler',
    reportingInstance: 'default-scheduler-here',
    involvedObject: { kind: 'ConfigMap', name: about.metadata.name, uid: about.metadata.uid },
    related: { kind: 'ConfigMap', name: 'related', uid: related.metadata.uid },
    source: {},
    firstTimestamp: null,
    lastTimestamp: null,
  })
  expect(event?.count).toBeUndefined()
  expect(event?.metadata.managedFields?.[0]?.apiVersion).toBe('events.k8s.io/v1')
})

test('that a series begins is told at once, how long it has become when it has been over for six minutes', async () => {
  fail()
  await counted(undefined)
  await clock.advance(1_000)
  fail('0/2 nodes are available: 2 Insufficient cpu.')
  await counted(2)
  const [event] = await told()
  expect(event).toMatchObject({ message: NOTE, series: { lastObservedTime: '2026-01-01T00:00:01.000000Z' } })
  for (let times = 3; times <= 5; times++) {
    await clock.advance(1_000)
    fail()
  }
  await clock.advance(11 * MINUTE)
  expect(patches).toBe(1)
  await clock.advance(MINUTE)
  await counted(5)
  expect((await told())[0]?.series?.lastObservedTime).toBe('2026-01-01T00:00:04.000000Z')
  // It is over: what comes now is another one.
  fail()
  await eventually(async () => expect(await told()).toHaveLength(2))
})

test('a series that goes on is told of twice an hour, so that it is not forgotten', async () => {
  fail()
  await counted(undefined)
  fail()
  await counted(2)
  for (let minute = 0; minute < 60; minute++) {
    fail()
    await clock.advance(MINUTE)
  }
  await counted(62)
  expect(patches).toBe(3)
})

test('a series whose event is gone is written anew', async () => {
  fail()
  await counted(undefined)
  const [event] = await told()
  await client.delete(Event, { namespace: 'default', name: event?.metadata.name ?? '' })
  fail()
  await counted(2)
})

test('an object that has changed since begins another series', async () => {
  fail()
  await counted(undefined)
  about = await client.patch(ConfigMap, about.metadata, { data: { a: 'b' } })
  fail()
  await eventually(async () => expect((await told()).map(({ series }) => series)).toEqual([undefined, undefined]))
})

test('a note that is too long is cut, never within a character', async () => {
  fail('ü'.repeat(600))
  await counted(undefined)
  expect((await told())[0]?.message).toBe(`${'ü'.repeat(510)} ...`)
})

test('objects whose names leave no room for more are told of as well, by either recorder', async () => {
  const name = `${'a'.repeat(63)}.`.repeat(3) + 'b'.repeat(61)
  about = await client.create(ConfigMap, { metadata: { namespace: 'default', name } })
  fail()
  createEventRecorder({ client, clock, component: 'test', signal: stop.signal }).event(about, 'Normal', 'Told', 'x')
  await eventually(async () =>
    expect((await told()).map(({ reason }) => reason).sort()).toEqual(['FailedScheduling', 'Told']),
  )
})
