// A process that stood still (a laptop that slept, a suspended process) goes on: what ran out meanwhile does not all
// come at once, and nobody is blamed for not having been heard.
import { PassThrough } from 'node:stream'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { ConnectionGuard } from '../../src/main/apiserver/http/connection-guard.ts'
import { CronJob, Job } from '../../src/shared/api/batch/v1.ts'
import { ConfigMap, Namespace, Pod, ServiceAccount } from '../../src/shared/api/core/v1.ts'
import { afterSpread } from '../../src/shared/machinery/after-standstill.ts'
import { SharedTimer } from '../../src/shared/machinery/shared-timer.ts'
import { startTestApiServer } from '../support/api-server.ts'
import { eventually } from '../support/eventually.ts'
import { ManualClock } from '../support/manual-clock.ts'
import { randomFrom } from '../support/random.ts'
import { type Cluster, startCluster } from './support/cluster.ts'

const HOUR_MS = 3_600_000
const namespace = 'default'

test('timers that ran out meanwhile ring one after the other, none later than ten seconds or its own length', async () => {
  const clock = new ManualClock()
  const rung = new Map<number, number[]>([100, 5_000, 600_000].map(lengthMs => [lengthMs, []]))
  const random = randomFrom(1)
  for (const [lengthMs, times] of rung)
    for (let i = 0; i < 50; i++) afterSpread(clock, lengthMs, () => times.push(clock.monotonic()), random)
  clock.jump(HOUR_MS)
  await clock.advance(10_000)
  for (const [lengthMs, times] of rung) {
    expect(times).toHaveLength(50)
    expect(new Set(times).size).toBeGreaterThan(40)
    expect(Math.max(...times) - HOUR_MS).toBeLessThanOrEqual(Math.min(lengthMs, 10_000))
  }
})

test('one that rings in time rings then, and one that is cancelled after all does not', async () => {
  const clock = new ManualClock()
  const rung: string[] = []
  afterSpread(clock, 5_000, () => rung.push('in time'), () => 0.5) // prettier-ignore
  const cancel = afterSpread(clock, 20_000, () => rung.push('cancelled'), () => 0.5) // prettier-ignore
  await clock.advance(5_000)
  expect(rung).toEqual(['in time'])
  clock.jump(HOUR_MS)
  await clock.advance(1)
  cancel()
  await clock.advance(HOUR_MS)
  expect(rung).toEqual(['in time'])
})

test.each([
  ['a suspended process', 1_000, (clock: ManualClock) => clock.jump(31_500)],
  ['a machine that slept', 30_000, (clock: ManualClock) => clock.sleep(31_500)],
])('timers that ran out in the last moment of %s do not ring at once either', async (_, beforeMs, stand) => {
  const clock = new ManualClock()
  const times: number[] = []
  const random = randomFrom(1)
  await clock.advance(7_000)
  for (let i = 0; i < 50; i++) afterSpread(clock, 32_000, () => times.push(clock.monotonic()), random)
  await clock.advance(beforeMs)
  stand(clock)
  const awakeMs = clock.monotonic()
  await clock.advance(13_000)
  expect(times).toHaveLength(50)
  expect(times.filter(time => time - awakeMs < 4_000).length).toBeLessThan(30)
})

test('a clock that is set back delays nothing', async () => {
  const clock = new ManualClock()
  const times: number[] = []
  const ring = () => times.push(clock.monotonic())
  afterSpread(clock, 60_000, () => undefined, () => 0.5) // prettier-ignore
  await clock.advance(10_000)
  clock.sleep(-HOUR_MS)
  await clock.advance(10_000)
  afterSpread(clock, 20_000, ring, () => 0.5)
  await clock.advance(20_000)
  expect(times).toEqual([40_000])
})

test('what is waited for has its whole time again, when it would have run out meanwhile', async () => {
  const clock = new ManualClock()
  const timer = new SharedTimer(clock, 60_000)
  const late: string[] = []
  timer.after(() => late.push('before'))
  await clock.advance(1_000)
  clock.jump(60_000)
  const awakeMs = clock.monotonic()
  await clock.advance(10_000)
  timer.after(() => late.push('afterwards'))
  await clock.advance(49_000)
  expect(late).toEqual([])
  await clock.advance(1_000)
  expect(late).toEqual(['before'])
  await clock.advance(9_000)
  expect(late).toEqual(['before'])
  await clock.advance(1_000)
  expect(late).toEqual(['before', 'afterwards'])
  expect(clock.monotonic() - awakeMs).toBe(70_000)
})

describe('CronJobs', { timeout: 60_000 }, () => {
  const count = 60
  /** From where the clock starts, a second after a full minute. */
  const IN_FIVE_MINUTES_MS = 299_000
  let clock: ManualClock
  let cluster: Cluster
  beforeEach(async () => {
    clock = new ManualClock(Math.ceil((Date.now() + 2_000) / 60_000) * 60_000 + 1_000)
    cluster = await startCluster({ clock })
    await eventually(() => cluster.client.get(ServiceAccount, { namespace, name: 'default' }))
  })
  afterEach(() => cluster?.[Symbol.asyncDispose]())

  const looks = () => cluster.looks.get('cronjob') ?? 0
  const jobs = async () => (await cluster.client.list(Job, { namespace })).items.length
  /** @param inMinutes when the one of this number is due */
  async function create(inMinutes: (i: number) => number): Promise<void> {
    const minute = new Date(clock.now()).getUTCMinutes()
    for (let i = 0; i < count; i++) {
      const template = { spec: { restartPolicy: 'Never', containers: [{ name: 'work', image: 'work:1' }] } }
      await cluster.client.create(CronJob, {
        metadata: { namespace, name: `tick-${i}` },
        spec: { schedule: `${(minute + inMinutes(i)) % 60} * * * *`, jobTemplate: { spec: { template } } },
      })
    }
    await eventually(() => Promise.resolve(expect(looks()).toBeGreaterThanOrEqual(count)))
  }
  /** Nobody writes any more: what is written meanwhile takes as long as what others write. */
  async function quiet(): Promise<void> {
    for (let before = -1; before !== looks();) {
      before = looks()
      for (let i = 0; i < 10; i++)
        await cluster.client.create(ConfigMap, { metadata: { namespace, generateName: 'c-' } })
    }
  }
  async function startOneAfterTheOther(): Promise<void> {
    await clock.advance(1_000)
    await quiet()
    expect(await jobs()).toBeLessThan(count / 2)
    await eventually(async () => {
      await clock.advance(2_000)
      expect(await jobs()).toBe(count)
    }, 20_000)
  }

  test('whose time came meanwhile start one after the other', async () => {
    await create(i => 5 + (i % 20))
    clock.jump(HOUR_MS / 2)
    await startOneAfterTheOther()
  })

  test('whose time came in its last second do so as well', async () => {
    await create(() => 5)
    clock.jump(IN_FIVE_MINUTES_MS + 500)
    await startOneAfterTheOther()
  })

  test('whose time comes where nothing stood still start with it', async () => {
    await create(() => 5)
    await clock.advance(IN_FIVE_MINUTES_MS + 500)
    await quiet()
    expect(await jobs()).toBe(count)
  })
})

test('watches whose time ran out meanwhile end one after the other', async () => {
  const clock = new ManualClock()
  await using api = await startTestApiServer({ clock })
  const client = api.clientAs()
  await client.create(Namespace, { metadata: { name: namespace }, spec: {} })
  const count = 60
  let ended = 0
  const started = clock.pending
  const stop = new AbortController()
  const watches = Array.from({ length: count }, async () => {
    for await (const _ of client.watch(Pod, { namespace, timeoutSeconds: 300, signal: stop.signal })) void _
    ended++
  })
  await eventually(() => Promise.resolve(expect(clock.pending).toBeGreaterThanOrEqual(started + count)))
  clock.jump(HOUR_MS)
  await clock.advance(1_000)
  expect(ended).toBeLessThan(count / 2)
  await clock.advance(10_000)
  await Promise.all(watches)
  expect(ended).toBe(count)
})

test('connections that nobody could listen to meanwhile are kept as long as any other', async () => {
  const clock = new ManualClock()
  using guard = new ConnectionGuard({ headerMs: 30_000, keepAliveMs: 90_000, maxConnections: 10 }, clock)
  const [idle, asking] = [new PassThrough(), new PassThrough()]
  for (const socket of [idle, asking]) guard.add(socket)
  guard.begin(idle)
  guard.end(idle)
  await clock.advance(20_000)
  clock.jump(HOUR_MS)
  await clock.advance(5_000)
  expect([idle.destroyed, asking.destroyed]).toEqual([false, false])
  await clock.advance(20_000)
  expect([idle.destroyed, asking.destroyed]).toEqual([false, true])
  await clock.advance(60_000)
  expect(idle.destroyed).toBe(true)
})
