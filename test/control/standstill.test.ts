// A process that stood still (a laptop that slept, a suspended process) goes on: what ran out meanwhile does not all
// come at once, and nobody is blamed for not having been heard.
import { PassThrough } from 'node:stream'
import { expect, test } from 'vitest'
import { ConnectionGuard } from '../../src/main/apiserver/http/connection-guard.ts'
import { CronJob, Job } from '../../src/shared/api/batch/v1.ts'
import { ConfigMap, Namespace, Pod, ServiceAccount } from '../../src/shared/api/core/v1.ts'
import { afterSpread } from '../../src/shared/machinery/after-standstill.ts'
import { startTestApiServer } from '../support/api-server.ts'
import { eventually } from '../support/eventually.ts'
import { ManualClock } from '../support/manual-clock.ts'
import { randomFrom } from '../support/random.ts'
import { startCluster } from './support/cluster.ts'

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

test('CronJobs whose time came meanwhile start one after the other', async () => {
  const clock = new ManualClock(Math.ceil((Date.now() + 2_000) / 60_000) * 60_000 + 1_000)
  await using cluster = await startCluster({ clock })
  await eventually(() => cluster.client.get(ServiceAccount, { namespace, name: 'default' }))
  const count = 60
  const minute = new Date(clock.now()).getUTCMinutes()
  for (let i = 0; i < count; i++) {
    const template = { spec: { restartPolicy: 'Never', containers: [{ name: 'work', image: 'work:1' }] } }
    await cluster.client.create(CronJob, {
      metadata: { namespace, name: `tick-${i}` },
      spec: { schedule: `${(minute + 5 + (i % 20)) % 60} * * * *`, jobTemplate: { spec: { template } } },
    })
  }
  const looks = () => cluster.looks.get('cronjob') ?? 0
  await eventually(() => Promise.resolve(expect(looks()).toBeGreaterThanOrEqual(count)))
  const jobs = async () => (await cluster.client.list(Job, { namespace })).items.length
  /** Nobody writes any more: what is written meanwhile takes as long as what others write. */
  const quiet = async () => {
    for (let before = -1; before !== looks();) {
      before = looks()
      for (let i = 0; i < 10; i++)
        await cluster.client.create(ConfigMap, { metadata: { namespace, generateName: 'c-' } })
    }
  }
  clock.jump(HOUR_MS / 2)
  await clock.advance(1_000)
  await quiet()
  expect(await jobs()).toBeLessThan(count / 2)
  await eventually(async () => {
    await clock.advance(2_000)
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
