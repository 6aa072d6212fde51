import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { Job } from '../../src/shared/api/batch/v1.ts'
import { Pod, ServiceAccount } from '../../src/shared/api/core/v1.ts'
import { formatTime } from '../../src/shared/machinery/clock.ts'
import { conditionOf } from '../../src/shared/machinery/conditions.ts'
import { eventually } from '../support/eventually.ts'
import { ManualClock } from '../support/manual-clock.ts'
import { type Cluster, podsIn, startCluster } from './support/cluster.ts'

const namespace = 'default'
let cluster: Cluster
let clock: ManualClock
beforeEach(async () => {
  clock = new ManualClock(Date.now())
  cluster = await startCluster({ clock })
  await eventually(() => cluster.client.get(ServiceAccount, { namespace, name: 'default' }))
})
afterEach(() => cluster?.[Symbol.asyncDispose]())

const create = (spec: Partial<Job['spec']>) =>
  cluster.client.create(Job, {
    metadata: { namespace, name: 'work' },
    spec: {
      completionMode: 'Indexed',
      template: { spec: { restartPolicy: 'Never', containers: [{ name: 'work', image: 'work:1' }] } },
      ...spec,
    },
  })
const get = () => cluster.client.get(Job, { namespace, name: 'work' })
const soon = <T>(check: () => Promise<T>, stepMs = 20) =>
  eventually(async () => {
    await clock.advance(stepMs)
    return check()
  })
const indexOf = ({ metadata }: Pod) => Number(metadata.annotations!['batch.kubernetes.io/job-completion-index'])
const isRunning = ({ metadata, status }: Pod) =>
  !metadata.deletionTimestamp && !['Succeeded', 'Failed'].includes(status.phase ?? '')
const isDeleted = ({ metadata }: Pod) => metadata.deletionTimestamp !== undefined
const running = async () => (await podsIn(cluster.client, namespace)).filter(isRunning)
const runningIndexes = (indexes: number[], stepMs?: number) =>
  soon(async () => {
    const pods = await running()
    expect(pods.map(indexOf).sort()).toEqual(indexes)
    return pods
  }, stepMs)
async function finish(index: number, exitCode: number): Promise<void> {
  const pod = (await running()).find(candidate => indexOf(candidate) === index)!
  const state = { terminated: { exitCode, finishedAt: formatTime(clock.now()) } }
  const containerStatuses = [{ name: 'work', image: 'work:1', imageID: '', ready: false, restartCount: 0, state }]
  const status = { phase: exitCode === 0 ? 'Succeeded' : 'Failed', containerStatuses }
  await cluster.client.patch(Pod, pod.metadata, { status }, { subresource: 'status', type: 'merge' })
}
const has = (type: string, reason: string) =>
  soon(async () => {
    const { status } = await get()
    expect(conditionOf(status.conditions, type)).toMatchObject({ status: 'True', reason })
    return status
  })

describe('job with backoffLimitPerIndex', () => {
  test('an index that failed too often ends alone; the others go on, and the job fails at the end', async () => {
    await create({ completions: 3, parallelism: 3, backoffLimitPerIndex: 1 })
    await runningIndexes([0, 1, 2])
    await finish(1, 1)
    const again = await runningIndexes([0, 1, 2], 2_000)
    const retried = again.find(pod => indexOf(pod) === 1)!
    expect(retried.metadata.annotations).toMatchObject({ 'batch.kubernetes.io/job-index-failure-count': '1' })
    await finish(1, 1)
    await soon(async () => expect((await get()).status.failedIndexes).toBe('1'))
    expect((await running()).map(indexOf).sort()).toEqual([0, 2])
    await finish(0, 0)
    await finish(2, 0)
    const status = await has('Failed', 'FailedIndexes')
    expect(status).toMatchObject({ failedIndexes: '1', completedIndexes: '0,2', succeeded: 2, failed: 2 })
  })

  test('more failed indexes than maxFailedIndexes fail the job at once', async () => {
    await create({ completions: 3, parallelism: 3, backoffLimitPerIndex: 0, maxFailedIndexes: 1 })
    await runningIndexes([0, 1, 2])
    await finish(0, 1)
    await soon(async () => expect((await get()).status.failedIndexes).toBe('0'))
    await finish(1, 1)
    await has('FailureTarget', 'MaxFailedIndexesExceeded')
    await soon(async () => expect(await running()).toEqual([]))
  })
})

test('an index whose pod is stopped because the job has failed has not failed itself', async () => {
  await create({ completions: 3, parallelism: 3, backoffLimitPerIndex: 0, maxFailedIndexes: 0 })
  await runningIndexes([0, 1, 2])
  await finish(1, 1)
  const status = await has('Failed', 'MaxFailedIndexesExceeded')
  expect(status).toMatchObject({ failedIndexes: '1', failed: 3 })
})

test('a pod failure policy can end an index at once, whatever its limit; the others go on', async () => {
  const rules = [{ action: 'FailIndex', onExitCodes: { operator: 'In', values: [42] } }]
  await create({ completions: 2, parallelism: 2, backoffLimitPerIndex: 5, podFailurePolicy: { rules } })
  await runningIndexes([0, 1])
  await finish(0, 42)
  await soon(async () => expect((await get()).status.failedIndexes).toBe('0'))
  await runningIndexes([1])
  await finish(1, 0)
  expect(await has('Failed', 'FailedIndexes')).toMatchObject({ failed: 1, succeeded: 1, completedIndexes: '1' })
})

describe('an index that is tried again', () => {
  const COUNT = 'batch.kubernetes.io/job-index-failure-count'
  const IGNORED = 'batch.kubernetes.io/job-index-ignored-failure-count'

  test('waits for itself alone: the others start meanwhile', async () => {
    await create({ completions: 4, parallelism: 2, backoffLimitPerIndex: 5 })
    await runningIndexes([0, 1])
    await finish(0, 1)
    await soon(async () => expect((await running()).map(indexOf)).toEqual([1]))
    const failedAt = clock.now()
    await finish(1, 0)
    await runningIndexes([2])
    expect(clock.now() - failedAt).toBeLessThan(9_000)
    await runningIndexes([0, 2], 1_000)
    expect(clock.now() - failedAt).toBeGreaterThan(9_000)
  })

  test('knows of its failures though its failed pod was deleted meanwhile', async () => {
    await create({ completions: 1, backoffLimitPerIndex: 1 })
    await runningIndexes([0])
    await finish(0, 1)
    await soon(async () => expect(await running()).toEqual([]))
    for (const { metadata } of await podsIn(cluster.client, namespace)) await cluster.client.delete(Pod, metadata)
    await soon(async () => expect((await podsIn(cluster.client, namespace)).map(isDeleted)).toEqual([true]))
    const [again] = await runningIndexes([0], 1_000)
    expect(again!.metadata.annotations).toMatchObject({ [COUNT]: '1' })
    await soon(async () => {
      expect((await get()).status.failed).toBe(1)
      expect(await podsIn(cluster.client, namespace)).toHaveLength(1)
    })
    await finish(0, 1)
    expect(await has('Failed', 'FailedIndexes')).toMatchObject({ failed: 2, failedIndexes: '0' })
  })

  test('tells failures that the policy ignores apart', async () => {
    const rules = [{ action: 'Ignore', onExitCodes: { operator: 'In', values: [42] } }]
    await create({ completions: 1, backoffLimitPerIndex: 1, podFailurePolicy: { rules } })
    await runningIndexes([0])
    await finish(0, 42)
    await soon(async () => expect(await running()).toEqual([]))
    const [second] = await runningIndexes([0], 1_000)
    expect(second!.metadata.annotations).toMatchObject({ [COUNT]: '0', [IGNORED]: '1' })
    await finish(0, 1)
    await soon(async () => expect(await running()).toEqual([]))
    const failedAt = clock.now()
    const [third] = await runningIndexes([0], 1_000)
    expect(third!.metadata.annotations).toMatchObject({ [COUNT]: '1', [IGNORED]: '1' })
    // The second wait, although it is the first failure that counts.
    expect(clock.now() - failedAt).toBeGreaterThan(18_000)
    expect((await get()).status.failedIndexes ?? '').toBe('')
  })
})

describe('an indexed job that is made shorter', () => {
  test('forgets that an index had succeeded which it has no more', async () => {
    await create({ completions: 4, parallelism: 4 })
    await runningIndexes([0, 1, 2, 3])
    await finish(3, 0)
    await soon(async () => expect((await get()).status.completedIndexes).toBe('3'))
    await cluster.client.patch(Job, { namespace, name: 'work' }, { spec: { completions: 1, parallelism: 1 } })
    await runningIndexes([0])
    await soon(async () => expect((await get()).status.succeeded ?? 0).toBe(0))
    await finish(0, 0)
    expect(await has('Complete', 'CompletionsReached')).toMatchObject({ succeeded: 1, completedIndexes: '0' })
  })

  test('counts no failure of an index that it has no more', async () => {
    await create({ completions: 2, parallelism: 2, backoffLimitPerIndex: 5 })
    await runningIndexes([0, 1])
    await finish(1, 1)
    await soon(async () => expect((await running()).map(indexOf)).toEqual([0]))
    await cluster.client.patch(Job, { namespace, name: 'work' }, { spec: { completions: 1, parallelism: 1 } })
    // Nothing keeps its pod any more.
    await soon(
      async () =>
      expect((await podsIn(cluster.client, namespace)).map(({ metadata }) => metadata.finalizers?.length ?? 0).sort()).toEqual([0, 1]), // prettier-ignore
    )
    await finish(0, 0)
    expect((await has('Complete', 'CompletionsReached')).failed ?? 0).toBe(0)
  })

  test('stops the pods of indexes that it has no more, not the others', async () => {
    await create({ completions: 4, parallelism: 4 })
    const [first] = await runningIndexes([0, 1, 2, 3])
    await cluster.client.patch(Job, { namespace, name: 'work' }, { spec: { completions: 2, parallelism: 2 } })
    await runningIndexes([0, 1])
    expect((await running()).map(({ metadata }) => metadata.uid)).toContain(first!.metadata.uid)
    await finish(0, 0)
    await finish(1, 0)
    await has('SuccessCriteriaMet', 'CompletionsReached')
    expect((await get()).status.failed ?? 0).toBe(0)
  })

  test('tells each pod its index by a label, that its containers read', async () => {
    await create({ completions: 1 })
    const [pod] = await runningIndexes([0])
    expect(pod!.metadata.labels).toMatchObject({ 'batch.kubernetes.io/job-completion-index': '0' })
    const fieldPath = "metadata.labels['batch.kubernetes.io/job-completion-index']"
    expect(pod!.spec.containers[0]!.env).toMatchObject([
      { name: 'JOB_COMPLETION_INDEX', valueFrom: { fieldRef: { fieldPath } } },
    ])
  })
})

describe('job with successPolicy', () => {
  test('succeeds when the indexes of a rule have, and stops the rest', async () => {
    await create({
      completions: 4,
      parallelism: 4,
      successPolicy: { rules: [{ succeededIndexes: '0,2-3', succeededCount: 2 }] },
    })
    await runningIndexes([0, 1, 2, 3])
    await finish(1, 0)
    await finish(0, 0)
    await soon(async () => expect((await get()).status.succeeded).toBe(2))
    expect((await get()).status.conditions ?? []).toEqual([])
    await finish(3, 0)
    const status = await has('SuccessCriteriaMet', 'SuccessPolicy')
    expect(conditionOf(status.conditions, 'SuccessCriteriaMet')!.message).toBe('Matched rules at index 0')
    await soon(async () => {
      for (const { metadata } of await podsIn(cluster.client, namespace))
        if (metadata.deletionTimestamp)
          await cluster.client.delete(Pod, metadata, { gracePeriodSeconds: 0 }).catch(() => {})
      expect(await running()).toEqual([])
      expect(conditionOf((await get()).status.conditions, 'Complete')).toMatchObject({ status: 'True' })
    })
    // The one that was stopped has not failed.
    expect((await get()).status).toMatchObject({ completedIndexes: '0,1,3', succeeded: 3 })
    expect((await get()).status.failed ?? 0).toBe(0)
  })
})
