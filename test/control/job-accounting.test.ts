// Pods of large Jobs: counted in parts that fit a status, and known as a whole meanwhile.
import { describe, expect, test } from 'vitest'
import { TRACKING, account } from '../../src/main/controllers/job/accounting.ts'
import { parseIndexes } from '../../src/main/controllers/job/indexes.ts'
import type { Job } from '../../src/shared/api/batch/v1.ts'
import type { Pod } from '../../src/shared/api/core/v1.ts'

const PODS = 1_200

const makeJob = (spec: Partial<Job['spec']>): Job =>
  ({ metadata: { name: 'work', namespace: 'default' }, spec: { completions: PODS, ...spec }, status: {} }) as Job

const makePods = (phase: string): Pod[] =>
  Array.from({ length: PODS }, (_, index) => ({
    metadata: {
      uid: `uid-${index}`,
      finalizers: [TRACKING],
      annotations: { 'batch.kubernetes.io/job-completion-index': `${index}` },
    },
    spec: {},
    status: { phase },
  })) as unknown as Pod[]

/** What one write of the status and the releases after it make of both. */
function round(job: Job, pods: readonly Pod[]) {
  const sums = account(job, pods)
  const released = new Set(sums.toRelease.map(({ metadata }) => metadata.uid))
  const left = pods.filter(({ metadata }) => !released.has(metadata.uid))
  return { sums, released, next: { ...job, status: { ...job.status, ...sums.status } } as Job, left }
}

describe('a Job with many finished pods', () => {
  test.each([
    ['Succeeded', 'NonIndexed'],
    ['Failed', 'NonIndexed'],
    ['Succeeded', 'Indexed'],
    ['Failed', 'Indexed'],
  ])('counts each of them once, no more than 500 at a time: %s, %s', (phase, completionMode) => {
    let job = makeJob({ completionMode })
    let pods: readonly Pod[] = makePods(phase)
    const sizes: number[] = []
    for (let i = 0; i < 10 && pods.length > 0; i++) {
      const { sums, released, next, left } = round(job, pods)
      // What is decided knows all of them, so that nothing is started in the place of pods that are counted later.
      expect([sums.succeeded, sums.failed]).toEqual(phase === 'Succeeded' ? [PODS, 0] : [0, PODS])
      expect(sums.isPartial).toBe(left.length > 0)
      const { succeeded = [], failed = [] } = next.status.uncountedTerminatedPods ?? {}
      const told = new Set<string>([...succeeded, ...failed])
      const indexes = parseIndexes(next.status.completedIndexes, PODS)
      for (const uid of released) expect(told.has(uid) || indexes.has(Number(uid.slice(4)))).toBe(true)
      sizes.push(released.size)
      ;[job, pods] = [next, left]
    }
    expect(sizes).toEqual([500, 500, 200])
    const { status } = round(job, pods).next
    expect([status.succeeded ?? 0, status.failed ?? 0]).toEqual(phase === 'Succeeded' ? [PODS, 0] : [0, PODS])
    expect(status.uncountedTerminatedPods).toEqual({})
    if (completionMode === 'Indexed' && phase === 'Succeeded') expect(status.completedIndexes).toBe('0-1199')
  })

  test('those that wait for their successors leave room for others', () => {
    const job = makeJob({ completionMode: 'Indexed', backoffLimitPerIndex: 1 })
    const pods = makePods('Failed').map((pod, index) =>
      index < 600 ? pod : { ...pod, status: { phase: 'Succeeded' } },
    )
    const { sums, released } = round(job, pods)
    expect(sums.toReplace.size).toBe(600)
    expect(released.size).toBe(500)
    expect(sums.status.completedIndexes).toBe('600-1099')
  })
})
