// Counts finished pods exactly once, whatever crashes in between. A finished pod keeps its finalizer until its uid is
// in status.uncountedTerminatedPods; when the finalizer is gone, the uid moves into the counter, in one write.
//
//   pod finishes → uid into uncounted (write 1) → finalizer removed → uid out, counter + 1 (write 2)
//
// With backoffLimitPerIndex, a failed pod that is to be replaced begins this way when its successor is there.
import type { Job, JobStatus } from '../../../shared/api/batch/v1.ts'
import { Pod } from '../../../shared/api/core/v1.ts'
import type { ControllerContext } from '../../../shared/client/reconciler.ts'
import { isNotFound } from '../../../shared/machinery/status.ts'
import { isPodActive } from '../support/pod-state.ts'
import { writtenVerdict } from './conditions.ts'
import { failureActionOf } from './failure-policy.ts'
import { failuresBefore, laterFailure } from './index-failures.ts'
import { formatIndexes, indexOf, parseIndexes } from './indexes.ts'

export const TRACKING = 'batch.kubernetes.io/job-tracking'

/** So many are counted at a time, so that a status stays small and a large Job does not keep others waiting. */
const MOST_COUNTED = 500

export const isTracked = ({ metadata }: Pod): boolean => metadata.finalizers?.includes(TRACKING) === true

/** A pod that is being deleted counts as failed at once, unless only really failed ones are to be replaced. */
export function isFailed(job: Job, { status, metadata }: Pod): boolean {
  if (status.phase === 'Failed') return true
  const waits = job.spec.podReplacementPolicy === 'Failed' || job.spec.podFailurePolicy !== undefined
  return !waits && metadata.deletionTimestamp !== undefined && status.phase !== 'Succeeded'
}

export interface Account {
  readonly succeeded: number
  readonly failed: number
  readonly completedIndexes: ReadonlySet<number>
  readonly failedIndexes: ReadonlySet<number>
  /** Fields of the next status. */
  readonly status: Pick<
    JobStatus,
    'succeeded' | 'failed' | 'completedIndexes' | 'failedIndexes' | 'uncountedTerminatedPods'
  >
  /** Finished pods whose uid will be in the status once it is written. */
  readonly toRelease: readonly Pod[]
  /** By index, with backoffLimitPerIndex: the failed pod that waits for its successor, and is counted then. */
  readonly toReplace: ReadonlyMap<number, Pod>
  /** Pods that failed and are seen for the first time, with those that the failure policy does not count. */
  readonly newlyFailed: readonly Pod[]
  readonly newlySucceeded: readonly Pod[]
  /** Why the failure policy wants the Job to fail. */
  readonly policyFailure: string | undefined
  /** Pods have finished that the status counts next time. The sums have all of them. */
  readonly isPartial: boolean
}

/** @param pods all pods that the Job controls */
export function account(job: Job, pods: readonly Pod[]): Account {
  const { status, spec } = job
  const indexed = spec.completionMode === 'Indexed'
  const tracked = new Map(pods.filter(isTracked).map(pod => [pod.metadata.uid, pod]))
  const before = status.uncountedTerminatedPods ?? {}
  const uncounted = { succeeded: [...(before.succeeded ?? [])], failed: [...(before.failed ?? [])] }
  // Their finalizer is gone: they may be counted.
  const settle = (uids: string[]) => {
    const waiting = uids.filter(uid => tracked.has(uid))
    return { waiting, settled: uids.length - waiting.length }
  }
  const succeeded = settle(uncounted.succeeded)
  const failed = settle(uncounted.failed)
  const completions = spec.completions ?? 0
  const completedIndexes = parseIndexes(status.completedIndexes, completions)
  const failedIndexes = parseIndexes(status.failedIndexes, completions)
  const known = new Set([...uncounted.succeeded, ...uncounted.failed])
  const newlySucceeded: Pod[] = []
  const newlyFailed: Pod[] = []
  const toRelease: Pod[] = []
  let policyFailure: string | undefined
  const countedIndexes = new Set(completedIndexes)
  const newIndexes: Pod[] = []
  // Pods that still run then are stopped: their indexes have not failed by that.
  const isDecided = writtenVerdict(job) !== undefined
  for (const pod of tracked.values()) {
    const { uid } = pod.metadata
    const hasSucceeded = pod.status.phase === 'Succeeded'
    if (!hasSucceeded && !isFailed(job, pod)) continue
    toRelease.push(pod)
    if (known.has(uid)) continue
    const index = indexed ? indexOf(pod) : undefined
    // Of an index that the Job does not have (any more), nothing counts.
    if (indexed && (index === undefined || index >= completions)) continue
    if (hasSucceeded) {
      newlySucceeded.push(pod)
      if (index === undefined) succeeded.waiting.push(uid)
      else {
        completedIndexes.add(index)
        newIndexes.push(pod)
      }
      continue
    }
    const { action, message } = failureActionOf(spec, pod)
    if (action === 'FailJob') policyFailure ??= message
    newlyFailed.push(pod)
    if (action === 'Ignore') continue
    failed.waiting.push(uid)
    if (isDecided || index === undefined || completedIndexes.has(index)) continue
    if (spec.backoffLimitPerIndex === undefined) continue
    if (action === 'FailIndex' || failuresBefore(pod) >= spec.backoffLimitPerIndex) failedIndexes.add(index)
  }
  const toReplace = podsToReplace(job, pods, toRelease, [completedIndexes, failedIndexes])
  const held = new Set([...toReplace.values()].map(({ metadata }) => metadata.uid))
  const failedCount = (status.failed ?? 0) + failed.settled
  const failedInAll = failedCount + failed.waiting.length
  failed.waiting = failed.waiting.filter(uid => !held.has(uid))
  const take = taking(MOST_COUNTED)
  const now = { succeeded: take(succeeded.waiting), failed: take(failed.waiting), indexes: take(newIndexes) }
  const later = new Set([
    ...succeeded.waiting.slice(now.succeeded.length),
    ...failed.waiting.slice(now.failed.length),
    ...newIndexes.slice(now.indexes.length).map(({ metadata }) => metadata.uid),
  ])
  for (const pod of now.indexes) countedIndexes.add(indexOf(pod) ?? 0)
  const succeededCount = indexed ? countedIndexes.size : (status.succeeded ?? 0) + succeeded.settled
  return {
    succeeded: indexed ? completedIndexes.size : succeededCount + succeeded.waiting.length,
    failed: failedInAll,
    completedIndexes,
    failedIndexes,
    status: {
      ...(succeededCount ? { succeeded: succeededCount } : {}),
      ...(failedCount ? { failed: failedCount } : {}),
      ...(indexed && countedIndexes.size ? { completedIndexes: formatIndexes(countedIndexes) } : {}),
      ...(spec.backoffLimitPerIndex === undefined ? {} : { failedIndexes: formatIndexes(failedIndexes) }),
      uncountedTerminatedPods: {
        ...(now.succeeded.length ? { succeeded: now.succeeded } : {}),
        ...(now.failed.length ? { failed: now.failed } : {}),
      },
    },
    toRelease: toRelease.filter(({ metadata: { uid } }) => !held.has(uid) && !later.has(uid)),
    toReplace,
    newlyFailed,
    newlySucceeded,
    policyFailure,
    isPartial: later.size > 0,
  }
}

/** @returns a function that takes the first of its items, of all calls together no more than these */
function taking(room: number) {
  return <T>(items: readonly T[]): T[] => {
    const taken = items.slice(0, room)
    room -= taken.length
    return taken
  }
}

/** The last failed pod of each index that is to be tried again and has no other pod yet. */
function podsToReplace(
  job: Job,
  pods: readonly Pod[],
  finished: readonly Pod[],
  over: readonly ReadonlySet<number>[],
): Map<number, Pod> {
  const last = new Map<number, Pod>()
  const { backoffLimitPerIndex, completions = 0 } = job.spec
  if (backoffLimitPerIndex === undefined || writtenVerdict(job)) return last
  const running = new Set(pods.filter(isPodActive).map(indexOf))
  for (const pod of finished) {
    const index = indexOf(pod)
    if (index === undefined || index >= completions || pod.status.phase === 'Succeeded') continue
    if (running.has(index) || over.some(indexes => indexes.has(index))) continue
    last.set(index, laterFailure(last.get(index), pod))
  }
  return last
}

/** @param asSeen only if nobody has changed them since: what was seen is the reason @throws ApiError 409 then */
export async function release(
  { client, signal }: ControllerContext,
  pods: readonly Pod[],
  { asSeen = false } = {},
): Promise<void> {
  const results = await Promise.allSettled(
    pods.map(async ({ metadata: { namespace, name, uid, resourceVersion } }) => {
      const seen = asSeen ? { resourceVersion } : {}
      const patch = { metadata: { uid, ...seen, '$deleteFromPrimitiveList/finalizers': [TRACKING] } }
      try {
        await client.patch(Pod, { namespace, name }, patch, { signal })
      } catch (error) {
        if (!isNotFound(error)) throw error
      }
    }),
  )
  const failed = results.find(result => result.status === 'rejected')
  if (failed) throw failed.reason
}
