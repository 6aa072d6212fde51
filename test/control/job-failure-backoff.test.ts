import { expect, test } from 'vitest'
import { TRACKING, account } from '../../src/main/controllers/job/accounting.ts'
import { FailureBackoff } from '../../src/main/controllers/job/failure-backoff.ts'
import type { Job } from '../../src/shared/api/batch/v1.ts'
import type { Pod } from '../../src/shared/api/core/v1.ts'
import { formatTime } from '../../src/shared/machinery/clock.ts'

const NOW = Date.parse('2026-01-01T00:00:00Z')
const pod = (metadata: object, ends: readonly number[] = []): Pod =>
  ({
    metadata: { creationTimestamp: formatTime(NOW - 60_000), ...metadata },
    spec: {},
    status: {
      containerStatuses: ends.map(ms => ({ state: { terminated: { finishedAt: formatTime(ms) } } })),
    },
  }) as unknown as Pod
const waitAfter = (failed: Pod) => {
  const backoff = new FailureBackoff()
  backoff.observe('job', [failed], [])
  return backoff.msToWait('job', NOW)
}

test('the wait counts from the end of the last container', () => {
  expect(waitAfter(pod({}, [NOW - 8_000, NOW - 4_000]))).toBe(6_000)
})
test('of a deleted pod without one, from when the deletion was asked for, not from the end of its grace', () => {
  const deletionTimestamp = formatTime(NOW + 27_000)
  expect(waitAfter(pod({ deletionTimestamp, deletionGracePeriodSeconds: 30 }))).toBe(7_000)
})
test('of a pod of which not all containers have ended, from when it was ready no more', () => {
  const conditions = [{ type: 'Ready', status: 'False', lastTransitionTime: formatTime(NOW - 3_000) }]
  const { status, ...rest } = pod({}, [NOW - 8_000])
  const containerStatuses = [...status.containerStatuses!, { state: { running: {} } }]
  expect(waitAfter({ ...rest, status: { conditions, containerStatuses } } as unknown as Pod)).toBe(7_000)
})
test('sidecars end last, and count; containers that only begin the pod do not', () => {
  const { status, ...rest } = pod({}, [NOW - 8_000])
  const ended = (name: string, ms: number) => ({ name, state: { terminated: { finishedAt: formatTime(ms) } } })
  const initContainerStatuses = [ended('setup', NOW), ended('proxy', NOW - 2_000)]
  const spec = { initContainers: [{ name: 'setup' }, { name: 'proxy', restartPolicy: 'Always' }] }
  expect(waitAfter({ ...rest, spec, status: { ...status, initContainerStatuses } } as unknown as Pod)).toBe(8_000)
})
test('of failures and successes seen together, only the failures after the last success count', () => {
  const backoff = new FailureBackoff()
  backoff.observe('job', [pod({}, [NOW - 9_000]), pod({}, [NOW - 2_000])], [pod({}, [NOW - 5_000])])
  expect(backoff.msToWait('job', NOW)).toBe(8_000)
})
test('each failure doubles it, a success ends it', () => {
  const backoff = new FailureBackoff()
  backoff.observe('job', [pod({}, [NOW]), pod({}, [NOW])], [])
  expect(backoff.msToWait('job', NOW)).toBe(20_000)
  backoff.observe('job', [], [pod({}, [NOW])])
  expect(backoff.msToWait('job', NOW)).toBe(0)
})
test('a failure that the policy does not count is waited for as well', () => {
  const type = 'DisruptionTarget'
  const rules = [{ action: 'Ignore', onPodConditions: [{ type, status: 'True' }] }]
  const job = { spec: { podFailurePolicy: { rules } }, status: {} } as unknown as Job
  const failed = pod({ uid: 'one', finalizers: [TRACKING] }, [NOW])
  const disrupted = { ...failed, status: { ...failed.status, phase: 'Failed', conditions: [{ type, status: 'True' }] } }
  const sums = account(job, [disrupted])
  expect(sums.failed).toBe(0)
  const backoff = new FailureBackoff()
  backoff.observe('job', sums.newlyFailed, [])
  expect(backoff.msToWait('job', NOW)).toBe(10_000)
})
