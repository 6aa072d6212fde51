import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { CronJob, Job } from '../../src/shared/api/batch/v1.ts'
import { Pod, ServiceAccount } from '../../src/shared/api/core/v1.ts'
import { dueTimes } from '../../src/main/controllers/cronjob/schedule.ts'
import { eventually } from '../support/eventually.ts'
import { ManualClock } from '../support/manual-clock.ts'
import { type Cluster, eventsAbout, podsIn, startCluster } from './support/cluster.ts'

const namespace = 'default'
let cluster: Cluster
let clock: ManualClock
beforeEach(async () => {
  // The server's clock dates the object: start at the next full minute after it.
  clock = new ManualClock(Math.ceil((Date.now() + 2_000) / 60_000) * 60_000 + 1_000)
  cluster = await startCluster({ clock })
  await eventually(() => cluster.client.get(ServiceAccount, { namespace, name: 'default' }))
})
afterEach(() => cluster?.[Symbol.asyncDispose]())

const create = (spec: Partial<CronJob['spec']> = {}) =>
  cluster.client.create(CronJob, {
    metadata: { namespace, name: 'tick' },
    spec: {
      schedule: '* * * * *',
      jobTemplate: {
        spec: { template: { spec: { restartPolicy: 'Never', containers: [{ name: 'work', image: 'work:1' }] } } },
      },
      ...spec,
    },
  })
const jobs = async () =>
  (await cluster.client.list(Job, { namespace })).items.filter(job => !job.metadata.deletionTimestamp)
const soon = <T>(check: () => Promise<T>) =>
  eventually(async () => {
    await clock.advance(20)
    return check()
  })
async function finishAll(): Promise<void> {
  for (const pod of await podsIn(cluster.client, namespace))
    await cluster.client.patch(
      Pod,
      pod.metadata,
      { status: { phase: 'Succeeded' } },
      { subresource: 'status', type: 'merge' },
    )
}

describe('cronjob', () => {
  test('makes a Job at each time of its schedule, and keeps the newest of the finished', async () => {
    await create({ successfulJobsHistoryLimit: 2 })
    for (let round = 1; round <= 4; round++) {
      await soon(async () => {
        await finishAll()
        const { status } = await cluster.client.get(CronJob, { namespace, name: 'tick' })
        expect(status.lastSuccessfulTime).toBeDefined()
        expect(status.active ?? []).toEqual([])
        expect((await jobs()).length).toBe(Math.min(round, 2))
      })
      await clock.advance(60_000)
    }
    expect(await eventsAbout(cluster.client, namespace, 'tick')).toContainEqual(
      expect.stringMatching(/^SuccessfulCreate: Created job tick-\d+$/),
    )
  })

  test('a Job that is not to be kept is only told of as deleted', async () => {
    await create({ successfulJobsHistoryLimit: 0 })
    const told = () => eventsAbout(cluster.client, namespace, 'tick')
    await soon(async () => {
      await finishAll()
      expect(await told()).toContainEqual(expect.stringMatching(/^SuccessfulDelete: Deleted job tick-\d+$/))
    })
    await soon(async () => {
      const { status } = await cluster.client.get(CronJob, { namespace, name: 'tick' })
      expect(status).toMatchObject({ lastSuccessfulTime: expect.any(String) as string })
      expect(status.active ?? []).toEqual([])
    })
    expect(await told()).not.toContainEqual(expect.stringContaining('SawCompletedJob'))
  })

  test('Allow starts the next one while the last one runs', async () => {
    await create({ concurrencyPolicy: 'Allow' })
    for (const running of [1, 2]) {
      await soon(async () => {
        const { status } = await cluster.client.get(CronJob, { namespace, name: 'tick' })
        expect(status.active?.map(({ name }) => name).sort()).toHaveLength(running)
        expect(await jobs()).toHaveLength(running)
      })
      await clock.advance(60_000)
    }
  })

  test('Forbid does not start while the last one runs, Replace stops it', async () => {
    await create({ concurrencyPolicy: 'Forbid' })
    const [first] = await soon(async () => {
      expect(await jobs()).toHaveLength(1)
      return jobs()
    })
    await clock.advance(60_000)
    await soon(async () =>
      expect(await eventsAbout(cluster.client, namespace, 'tick')).toContain(
        'JobAlreadyActive: Not starting job because prior execution is running and concurrency policy is Forbid',
      ),
    )
    expect((await jobs()).map(job => job.metadata.uid)).toEqual([first!.metadata.uid])
    await cluster.client.delete(Job, first!.metadata)
    await soon(async () =>
      expect(await eventsAbout(cluster.client, namespace, 'tick')).toContain(
        `MissingJob: Active job went missing: ${first!.metadata.name}`,
      ),
    )
    await clock.advance(60_000)
    const [second] = await soon(async () => {
      expect(await jobs()).toHaveLength(1)
      return jobs()
    })
    await clock.advance(60_000)
    await cluster.client.patch(CronJob, { namespace, name: 'tick' }, { spec: { concurrencyPolicy: 'Replace' } })
    await soon(async () => {
      const [only, ...others] = await jobs()
      expect(others).toEqual([])
      expect(only!.metadata.uid).not.toBe(second!.metadata.uid)
    })
  })

  test('after the machine slept, the newest missed run starts within seconds, and none that is too late', async () => {
    // Half an hour from now, whenever that is.
    const minute = (new Date(clock.now()).getUTCMinutes() + 30) % 60
    const schedule = `${minute} * * * *`
    await create({ schedule })
    await cluster.client.create(CronJob, {
      metadata: { namespace, name: 'punctual' },
      spec: {
        schedule,
        startingDeadlineSeconds: 60,
        jobTemplate: {
          spec: { template: { spec: { restartPolicy: 'Never', containers: [{ name: 'work', image: 'work:1' }] } } },
        },
      },
    })
    await soon(async () => expect((await cluster.client.list(CronJob, { namespace })).items).toHaveLength(2))
    await clock.advance(1_000)
    expect(await jobs()).toEqual([])
    clock.sleep(3 * 3_600_000)
    // The tick that notices comes within 5 seconds, the work within 10 more.
    await clock.advance(16_000)
    const [started, ...others] = await soon(async () => {
      const found = await jobs()
      expect(found).not.toEqual([])
      return found
    })
    expect(others).toEqual([])
    const newest = clock.now() - 30 * 60_000
    expect(started?.metadata.name).toMatch(/^tick-\d+$/)
    expect(Math.abs(Number(started?.metadata.name.slice('tick-'.length)) * 60_000 - newest)).toBeLessThan(120_000)
  })

  test('a schedule without any time is told', async () => {
    await create({ schedule: '59 23 31 2 *' })
    await soon(async () =>
      expect(await eventsAbout(cluster.client, namespace, 'tick')).toContain(
        'InvalidSchedule: invalid schedule: 59 23 31 2 * : time difference between two schedules is less than 1 second',
      ),
    )
  })

  test('a Job of `kubectl create job --from` runs beside its own: it is told, not waited for, and not replaced', async () => {
    const { metadata, spec } = await create({ concurrencyPolicy: 'Forbid' })
    const owner = { apiVersion: 'batch/v1', kind: 'CronJob', name: 'tick', uid: metadata.uid, controller: true }
    await cluster.client.create(Job, {
      metadata: { namespace, name: 'by-hand', ownerReferences: [owner] },
      spec: spec.jobTemplate.spec,
    })
    await soon(async () =>
      expect(await eventsAbout(cluster.client, namespace, 'tick')).toContain(
        'UnexpectedJob: Saw a job that the controller did not create or forgot: by-hand',
      ),
    )
    const own = await soon(async () => {
      const { status } = await cluster.client.get(CronJob, { namespace, name: 'tick' })
      expect(status.active).toHaveLength(1)
      return status.active![0]!.name
    })
    expect(own).toMatch(/^tick-\d+$/)
    await cluster.client.patch(CronJob, metadata, { spec: { concurrencyPolicy: 'Replace' } })
    await clock.advance(60_000)
    await soon(async () => {
      const names = (await jobs()).map(job => job.metadata.name)
      expect(names).toHaveLength(2)
      expect(names).toContain('by-hand')
      expect(names).not.toContain(own)
    })
    expect(await eventsAbout(cluster.client, namespace, 'tick')).not.toContain(
      `UnexpectedJob: Saw a job that the controller did not create or forgot: ${own}`,
    )
  })

  test('a run that was started before a crash, without its status, is not started again', async () => {
    const { metadata, spec } = await create({ suspend: true })
    const minute = Math.floor(clock.now() / 60_000)
    const owner = { apiVersion: 'batch/v1', kind: 'CronJob', name: 'tick', uid: metadata.uid, controller: true }
    const { metadata: before } = await cluster.client.create(Job, {
      metadata: { namespace, name: `tick-${minute}`, ownerReferences: [owner] },
      spec: spec.jobTemplate.spec,
    })
    await cluster.client.patch(CronJob, metadata, { spec: { suspend: false } })
    await soon(async () => {
      const { status } = await cluster.client.get(CronJob, { namespace, name: 'tick' })
      expect(status.active).toMatchObject([{ uid: before.uid }])
      expect(Date.parse(status.lastScheduleTime!)).toBe(minute * 60_000)
    })
    expect(await jobs()).toHaveLength(1)
  })

  test('@every counts from its creation, and then from run to run', async () => {
    const { metadata } = await create({ schedule: '@every 90s' })
    const created = Date.parse(metadata.creationTimestamp)
    for (const run of [1, 2]) {
      await clock.advance(created + run * 90_000 + 1_000 - clock.now())
      await soon(async () => {
        const { status } = await cluster.client.get(CronJob, { namespace, name: 'tick' })
        expect(Date.parse(status.lastScheduleTime!)).toBe(created + run * 90_000)
      })
    }
    expect(await jobs()).toHaveLength(2)
  })

  test('a suspended one starts nothing', async () => {
    await create({ suspend: true })
    await clock.advance(300_000)
    expect(await jobs()).toEqual([])
  })
})

describe('dueTimes()', () => {
  const cronJob = (spec: Partial<CronJob['spec']>, lastScheduleTime?: string) =>
    ({
      metadata: { creationTimestamp: '2026-01-01T00:00:30Z' },
      spec: { schedule: '*/5 * * * *', ...spec },
      status: lastScheduleTime ? { lastScheduleTime } : {},
    }) as CronJob
  const at = (time: string) => Date.parse(time)

  test('is the latest time missed since the last one', () => {
    const due = dueTimes(cronJob({}, '2026-01-01T00:05:00Z'), at('2026-01-01T00:17:00Z'))
    expect(due).toEqual({ scheduledMs: at('2026-01-01T00:15:00Z'), nextMs: at('2026-01-01T00:20:00Z'), tooMany: false })
  })
  test('is nothing before the first time', () => {
    expect(dueTimes(cronJob({}), at('2026-01-01T00:04:59Z'))).toEqual({
      nextMs: at('2026-01-01T00:05:00Z'),
      tooMany: false,
    })
  })
  test('gives up what is older than the starting deadline', () => {
    expect(dueTimes(cronJob({ startingDeadlineSeconds: 60 }), at('2026-01-01T00:07:00Z')).scheduledMs).toBeUndefined()
  })
  test('tells when more than a hundred were missed, and still takes the latest', () => {
    const due = dueTimes(cronJob({}), at('2026-01-02T00:01:00Z'))
    expect(due).toMatchObject({ scheduledMs: at('2026-01-02T00:00:00Z'), tooMany: true })
  })
  test('follows the time zone', () => {
    const due = dueTimes(cronJob({ schedule: '0 9 * * *', timeZone: 'Europe/Berlin' }), at('2026-01-01T08:30:00Z'))
    expect(due.scheduledMs).toBe(at('2026-01-01T08:00:00Z'))
  })
})
