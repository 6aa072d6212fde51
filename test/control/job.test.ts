import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { Job } from '../../src/shared/api/batch/v1.ts'
import { Pod, ServiceAccount } from '../../src/shared/api/core/v1.ts'
import { conditionOf } from '../../src/shared/machinery/conditions.ts'
import { formatTime } from '../../src/shared/machinery/clock.ts'
import { formatIndexes, parseIndexes } from '../../src/main/controllers/job/indexes.ts'
import { eventually } from '../support/eventually.ts'
import { ManualClock } from '../support/manual-clock.ts'
import { type Cluster, eventsAbout, podsIn, reportPod, startCluster } from './support/cluster.ts'

const namespace = 'default'
let cluster: Cluster
let clock: ManualClock
beforeEach(async () => {
  clock = new ManualClock(Date.now())
  cluster = await startCluster({ clock })
  await eventually(() => cluster.client.get(ServiceAccount, { namespace, name: 'default' }))
})
afterEach(() => cluster?.[Symbol.asyncDispose]())

const createJob = (spec: Partial<Job['spec']> = {}) =>
  cluster.client.create(Job, {
    metadata: { namespace, name: 'work' },
    spec: { template: { spec: { restartPolicy: 'Never', containers: [{ name: 'work', image: 'work:1' }] } }, ...spec },
  })
const getJob = () => cluster.client.get(Job, { namespace, name: 'work' })
const running = async () =>
  (await podsIn(cluster.client, namespace)).filter(
    pod => !pod.metadata.deletionTimestamp && !['Succeeded', 'Failed'].includes(pod.status.phase ?? ''),
  )
/** Time moves a little in each round, for retries after conflicts. */
const soon = <T>(check: () => Promise<T>) =>
  eventually(async () => {
    await clock.advance(20)
    return check()
  })
const runningPods = (count: number) =>
  soon(async () => {
    const pods = await running()
    expect(pods).toHaveLength(count)
    return pods
  })
async function finish(pod: Pod, exitCode: number): Promise<void> {
  const finishedAt = formatTime(clock.now())
  const state = { terminated: { exitCode, finishedAt } }
  const containerStatuses = [{ name: 'work', image: 'work:1', imageID: '', ready: false, restartCount: 0, state }]
  const status = { phase: exitCode === 0 ? 'Succeeded' : 'Failed', containerStatuses }
  await cluster.client.patch(Pod, pod.metadata, { status }, { subresource: 'status', type: 'merge' })
}

describe('job', () => {
  test('runs as many pods as completions, at most parallelism at a time, and completes', async () => {
    await createJob({ completions: 3, parallelism: 2 })
    const first = await runningPods(2)
    expect(first[0]!.metadata.finalizers).toEqual(['batch.kubernetes.io/job-tracking'])
    await reportPod(cluster.client, first[1]!)
    await soon(async () => expect((await getJob()).status).toMatchObject({ active: 2, ready: 1 }))
    await finish(first[0]!, 0)
    await finish(first[1]!, 0)
    const [last] = await runningPods(1)
    await soon(async () => expect((await getJob()).status).toMatchObject({ active: 1, succeeded: 2 }))
    await finish(last!, 0)
    await soon(async () => {
      const { status } = await getJob()
      expect(status).toMatchObject({ succeeded: 3, uncountedTerminatedPods: {} })
      expect(status.active).toBeUndefined()
      expect(status.completionTime).toBeDefined()
      expect(conditionOf(status.conditions, 'Complete')).toMatchObject({
        status: 'True',
        reason: 'CompletionsReached',
        message: 'Reached expected number of succeeded pods',
      })
      expect(conditionOf(status.conditions, 'SuccessCriteriaMet')?.status).toBe('True')
      expect(await eventsAbout(cluster.client, namespace, 'work')).toContain('Completed: Job completed')
    })
    const left = await podsIn(cluster.client, namespace)
    expect(left.map(pod => pod.metadata.finalizers ?? [])).toEqual([[], [], []])
  })

  test('replaces failed pods after a growing wait, and fails beyond backoffLimit', async () => {
    await createJob({ backoffLimit: 1 })
    const [first] = await runningPods(1)
    await finish(first!, 1)
    await soon(async () => expect((await getJob()).status.failed).toBe(1))
    expect(await running()).toEqual([])
    await clock.advance(10_000)
    const [second] = await runningPods(1)
    await finish(second!, 1)
    await soon(async () => {
      const { status } = await getJob()
      expect(status.failed).toBe(2)
      expect(conditionOf(status.conditions, 'Failed')).toMatchObject({
        status: 'True',
        reason: 'BackoffLimitExceeded',
        message: 'Job has reached the specified backoff limit',
      })
    })
    expect(await running()).toEqual([])
  })

  test('an Indexed job gives each pod its index and repeats only the one that failed', async () => {
    await createJob({ completions: 3, parallelism: 3, completionMode: 'Indexed' })
    const pods = await runningPods(3)
    const byIndex = new Map(
      pods.map(pod => [pod.metadata.annotations!['batch.kubernetes.io/job-completion-index'], pod]),
    )
    expect([...byIndex.keys()].sort()).toEqual(['0', '1', '2'])
    expect(byIndex.get('1')!.spec.hostname).toBe('work-1')
    expect(byIndex.get('1')!.spec.containers[0]!.env).toEqual([
      {
        name: 'JOB_COMPLETION_INDEX',
        valueFrom: {
          fieldRef: { apiVersion: 'v1', fieldPath: "metadata.labels['batch.kubernetes.io/job-completion-index']" },
        },
      },
    ])
    await finish(byIndex.get('0')!, 0)
    await finish(byIndex.get('2')!, 0)
    await finish(byIndex.get('1')!, 3)
    await soon(async () => expect((await getJob()).status).toMatchObject({ completedIndexes: '0,2', failed: 1 }))
    await clock.advance(10_000)
    const [again] = await runningPods(1)
    expect(again!.metadata.annotations!['batch.kubernetes.io/job-completion-index']).toBe('1')
    await finish(again!, 0)
    await soon(async () => {
      const { status } = await getJob()
      expect(status).toMatchObject({ completedIndexes: '0-2', succeeded: 3 })
      expect(conditionOf(status.conditions, 'Complete')?.status).toBe('True')
    })
  })

  test('stops when its deadline passes', async () => {
    await createJob({ activeDeadlineSeconds: 30 })
    const [pod] = await runningPods(1)
    await clock.advance(31_000)
    await soon(async () => {
      expect(conditionOf((await getJob()).status.conditions, 'FailureTarget')).toMatchObject({
        reason: 'DeadlineExceeded',
      })
      expect(await running()).toEqual([])
    })
    await cluster.client.delete(Pod, pod!.metadata, { gracePeriodSeconds: 0 }).catch(() => undefined)
    await soon(async () => {
      expect(conditionOf((await getJob()).status.conditions, 'Failed')).toMatchObject({
        status: 'True',
        reason: 'DeadlineExceeded',
      })
    })
  })

  test('suspending stops its pods, which have not failed by that, and resuming starts it again', async () => {
    await createJob({ parallelism: 3, completions: 3, backoffLimit: 0 })
    await runningPods(3)
    await cluster.client.patch(Job, { namespace, name: 'work' }, { spec: { parallelism: 2 } })
    await runningPods(2)
    await cluster.client.patch(Job, { namespace, name: 'work' }, { spec: { suspend: true } })
    await runningPods(0)
    await soon(async () => {
      const { status } = await getJob()
      expect(conditionOf(status.conditions, 'Suspended')).toMatchObject({ status: 'True', reason: 'JobSuspended' })
      expect(status.startTime).toBeUndefined()
    })
    await cluster.client.patch(Job, { namespace, name: 'work' }, { spec: { suspend: false } })
    await runningPods(2)
    await soon(async () => {
      const { status } = await getJob()
      expect(conditionOf(status.conditions, 'Suspended')).toMatchObject({ status: 'False', reason: 'JobResumed' })
      expect(status.failed ?? 0).toBe(0)
    })
  })

  test('one that is scaled down to what has succeeded while it is suspended is complete', async () => {
    await createJob({ completions: 2, parallelism: 2, completionMode: 'Indexed' })
    const pods = await runningPods(2)
    const first = pods.find(({ metadata }) => metadata.annotations!['batch.kubernetes.io/job-completion-index'] === '0')
    await finish(first!, 0)
    await soon(async () => expect((await getJob()).status).toMatchObject({ completedIndexes: '0' }))
    await cluster.client.patch(Job, { namespace, name: 'work' }, { spec: { suspend: true } })
    await runningPods(0)
    await soon(async () =>
      expect(conditionOf((await getJob()).status.conditions, 'Suspended')).toMatchObject({ status: 'True' }),
    )
    await cluster.client.patch(Job, { namespace, name: 'work' }, { spec: { completions: 1, parallelism: 1 } })
    await soon(async () => {
      const { status } = await getJob()
      expect(conditionOf(status.conditions, 'Complete')?.status).toBe('True')
      expect(status.startTime).toBeDefined()
    })
  })

  test('while suspended and without pods, resources and scheduling of its template may change, nothing else', async () => {
    const change = (spec: Record<string, unknown>) =>
      cluster.client.patch(Job, { namespace, name: 'work' }, { spec: { template: { spec } } })
    const resources = { requests: { cpu: '200m' } }
    const containers = [{ name: 'work', resources }]
    await createJob()
    await runningPods(1)
    await expect(change({ containers })).rejects.toMatchObject({ reason: 'Invalid' })
    await cluster.client.patch(Job, { namespace, name: 'work' }, { spec: { suspend: true } })
    await runningPods(0)
    await soon(async () => {
      const { status } = await getJob()
      expect(conditionOf(status.conditions, 'Suspended')?.status).toBe('True')
      expect(status.active ?? 0).toBe(0)
    })
    await change({ containers, nodeSelector: { disk: 'fast' } })
    await expect(change({ containers: [{ name: 'work', image: 'work:2' }] })).rejects.toMatchObject({
      reason: 'Invalid',
      message: expect.stringContaining('spec.template: Invalid value'),
    })
    await cluster.client.patch(Job, { namespace, name: 'work' }, { spec: { suspend: false } })
    const [next] = await runningPods(1)
    expect(next!.spec).toMatchObject({ nodeSelector: { disk: 'fast' }, containers: [{ resources }] })
  })

  test('with restartPolicy OnFailure, what counts is how often containers were started again', async () => {
    const { spec } = await createJob({
      backoffLimit: 2,
      template: { spec: { restartPolicy: 'OnFailure', containers: [{ name: 'work', image: 'work:1' }] } },
    })
    expect(spec.backoffLimit).toBe(2)
    const [pod] = await runningPods(1)
    const restarted = async (restartCount: number) => {
      const containerStatuses = [{ name: 'work', image: 'work:1', imageID: '', ready: false, restartCount, state: {} }]
      const status = { phase: 'Running', containerStatuses }
      await cluster.client.patch(Pod, pod!.metadata, { status }, { subresource: 'status', type: 'merge' })
    }
    await restarted(1)
    await soon(async () => expect((await getJob()).status.active).toBe(1))
    expect(await running()).toHaveLength(1)
    await restarted(2)
    await soon(async () =>
      expect(conditionOf((await getJob()).status.conditions, 'FailureTarget')).toMatchObject({
        status: 'True',
        reason: 'BackoffLimitExceeded',
      }),
    )
    await soon(async () => expect(await running()).toEqual([]))
  })

  test('one that is deleted and waits for its pods starts no others, and tells that these end', async () => {
    const { client } = cluster
    await createJob({ completions: 2, parallelism: 2 })
    const pods = await soon(async () => {
      const found = await podsIn(client, namespace)
      expect(found).toHaveLength(2)
      return found
    })
    await client.patch(Job, { namespace, name: 'work' }, { metadata: { finalizers: ['example.com/held'] } })
    for (const { metadata } of pods)
      await client.patch(Pod, metadata, { metadata: { finalizers: ['example.com/held'] } })
    // By itself a Job leaves its pods to nobody.
    await client.delete(Job, { namespace, name: 'work' }, { propagationPolicy: 'Background' })
    await client.delete(Pod, pods[0]!.metadata)
    await soon(async () => {
      const { status } = await getJob()
      expect([status.active, status.terminating]).toEqual([1, 1])
      for (const { metadata } of await podsIn(client, namespace))
        expect(metadata.finalizers).toEqual(['example.com/held'])
    })
    expect(await podsIn(client, namespace)).toHaveLength(2)
  })

  test('one that somebody else manages is left alone', async () => {
    const template = { spec: { restartPolicy: 'Never', containers: [{ name: 'work', image: 'work:1' }] } }
    await createJob({ managedBy: 'example.com/other', ttlSecondsAfterFinished: 0 })
    // What comes after it is seen to.
    await cluster.client.create(Job, { metadata: { namespace, name: 'own' }, spec: { template } })
    const [pod] = await runningPods(1)
    expect(pod!.metadata.ownerReferences).toMatchObject([{ kind: 'Job', name: 'own' }])
    expect((await getJob()).status).toEqual({})
  })

  test('a pod failure policy can look away from a failure, which is then tried again and not counted', async () => {
    const rules = [{ action: 'Ignore', onPodConditions: [{ type: 'DisruptionTarget', status: 'True' }] }]
    await createJob({ backoffLimit: 0, podFailurePolicy: { rules } })
    const [pod] = await runningPods(1)
    const conditions = [{ type: 'DisruptionTarget', status: 'True', reason: 'EvictionByEvictionAPI' }]
    const status = { phase: 'Failed', conditions }
    await cluster.client.patch(Pod, pod!.metadata, { status }, { subresource: 'status', type: 'merge' })
    await soon(async () => expect(await running()).toEqual([]))
    await clock.advance(11_000)
    const [again] = await runningPods(1)
    await finish(again!, 0)
    await soon(async () => expect(conditionOf((await getJob()).status.conditions, 'Complete')?.status).toBe('True'))
    expect((await getJob()).status).toMatchObject({ succeeded: 1 })
    expect((await getJob()).status.failed ?? 0).toBe(0)
  })

  test('a pod failure policy can fail the job at once', async () => {
    const rules = [{ action: 'FailJob', onExitCodes: { operator: 'In', values: [42] } }]
    await createJob({ podFailurePolicy: { rules } })
    const [pod] = await runningPods(1)
    await finish(pod!, 42)
    await soon(async () => {
      expect(conditionOf((await getJob()).status.conditions, 'Failed')).toMatchObject({
        reason: 'PodFailurePolicy',
        message: `Container work for pod default/${pod!.metadata.name} failed with exit code 42 matching FailJob rule at index 0`,
      })
    })
  })

  test('a pod failure policy says by which condition of a pod it failed the job', async () => {
    await createJob({ podFailurePolicy: { rules: [{ action: 'FailJob', onPodConditions: [{ type: 'Stuck' }] }] } })
    const [pod] = await runningPods(1)
    const status = { phase: 'Failed', conditions: [{ type: 'Stuck', status: 'True' }] }
    await cluster.client.patch(Pod, pod!.metadata, { status }, { subresource: 'status', type: 'merge' })
    await soon(async () => {
      expect(conditionOf((await getJob()).status.conditions, 'Failed')).toMatchObject({
        reason: 'PodFailurePolicy',
        message: `Pod default/${pod!.metadata.name} has condition Stuck matching FailJob rule at index 0`,
      })
    })
  })

  test('a finished job goes, with its pods, when its time to live is over', async () => {
    await createJob({ ttlSecondsAfterFinished: 60 })
    const [pod] = await runningPods(1)
    await finish(pod!, 0)
    await soon(async () => expect(conditionOf((await getJob()).status.conditions, 'Complete')?.status).toBe('True'))
    await clock.advance(50_000)
    expect((await getJob()).metadata.deletionTimestamp).toBeUndefined()
    await clock.advance(15_000)
    await soon(async () => {
      await expect(getJob()).rejects.toThrow('not found')
      expect(await podsIn(cluster.client, namespace)).toEqual([])
    })
  })
})

describe('completion indexes', () => {
  test.each([
    ['', []],
    ['0', [0]],
    ['0,1', [0, 1]],
    ['0-2,4,7-9', [0, 1, 2, 4, 7, 8, 9]],
  ])('%j is read and written', (text, indexes) => {
    expect([...parseIndexes(text, 100)]).toEqual(indexes)
    expect(formatIndexes(indexes)).toBe(text)
  })
})
