// job: runs pods until enough of them have succeeded.
import { Job, type JobStatus } from '../../../shared/api/batch/v1.ts'
import { Pod } from '../../../shared/api/core/v1.ts'
import type { ObjectRef } from '../../../shared/client/client.ts'
import { Expectations } from '../../../shared/client/expectations.ts'
import { keyOf } from '../../../shared/client/object-key.ts'
import {
  type Change,
  type ControllerContext,
  type Reconciler,
  type Result,
  type Watch,
  done,
  mapped,
  own,
  ownerOf,
  requeueAfter,
} from '../../../shared/client/reconciler.ts'
import { type Clock, formatTime } from '../../../shared/machinery/clock.ts'
import { deepEqual } from '../../../shared/machinery/deep-equal.ts'
import { fromLabelSelector } from '../../../shared/machinery/selectors.ts'
import { isNamespaceTerminating, isNotFound } from '../../../shared/machinery/status.ts'
import { claim, claimCandidates } from '../support/claim.ts'
import { createPod, deletePod } from '../support/pod-control.ts'
import { isPodReady, isPodTerminal } from '../support/pod-state.ts'
import { nonZero } from '../support/non-zero.ts'
import { slowStartBatch } from '../support/slow-start.ts'
import { type Account, TRACKING, account, isFailed, isTracked, release } from './accounting.ts'
import { FailureBackoff } from './failure-backoff.ts'
import { msUntilReplaced } from './index-failures.ts'
import { type Verdict, finishedCondition, isSuspended, withJobCondition } from './conditions.ts'
import { draftIndexedPod, draftPod, missingIndexes } from './new-pods.ts'
import { surplusPods } from './surplus-pods.ts'
import { msUntilDeadline, verdictOf } from './verdict.ts'

const MAX_BATCH = 500
const MANAGER = 'kubernetes.io/job-controller'

export class JobController implements Reconciler<Job> {
  readonly name = 'job'
  readonly type = Job
  /** Upstream's: pods that are refused, as by a quota, are tried this often. */
  readonly backoff = { baseMs: 1_000, maxMs: 60_000 }
  readonly watches: readonly Watch[] = [
    own(Job),
    mapped<Pod>(Pod, (change, context) => this.#podChanged(change, context)),
  ]
  readonly #expectations: Expectations
  readonly #backoff = new FailureBackoff()

  constructor(clock: Clock) {
    this.#expectations = new Expectations(clock)
  }

  async reconcile(job: Job, context: ControllerContext): Promise<Result> {
    if (job.spec.managedBy && job.spec.managedBy !== MANAGER) return done
    const key = keyOf(job.metadata)
    if (!this.#expectations.satisfied(key)) return done
    const selector = fromLabelSelector(job.spec.selector)
    const pods = await claim(context, {
      type: Pod,
      candidates: claimCandidates(context.lister(Pod), job, selector),
      ownerType: Job,
      owner: job,
      selector,
      finalizer: TRACKING,
    })
    if (finishedCondition(job)) {
      await release(context, pods.filter(isTracked))
      return done
    }
    const now = context.clock.now()
    const sums = account(job, pods)
    // With a limit per index, each index waits for itself.
    if (job.spec.backoffLimitPerIndex === undefined) this.#backoff.observe(key, sums.newlyFailed, sums.newlySucceeded)
    const alive = pods.filter(pod => !isPodTerminal(pod))
    const active = alive.filter(pod => !pod.metadata.deletionTimestamp)
    const verdict = verdictOf(job, sums, active, now)
    // One that is being deleted starts and stops nothing any more, and still tells what becomes of its pods.
    const isLeaving = job.metadata.deletionTimestamp !== undefined
    const isHeld = isSuspended(job) && !isLeaving
    const stopping = verdict !== undefined || isHeld
    let waitMs: number | undefined
    let failure: unknown
    // Of a success, too, the pods that still run have not failed.
    if (verdict && !verdict.success) await this.#deletePods(context, job, active)
    else if (stopping) await this.#stopUncounted(context, job, active)
    else if (!isLeaving) ({ waitMs, failure } = await this.#manage(context, job, pods, sums))
    await this.#writeStatus(context, job, { sums, alive: stopping ? alive : undefined, verdict, pods, isHeld })
    await release(context, isLeaving ? pods.filter(isTracked) : sums.toRelease)
    if (failure !== undefined) throw failure
    const deadline = verdict ? undefined : msUntilDeadline(job, now)
    const waits = [waitMs, deadline].filter(ms => ms !== undefined)
    return waits.length ? requeueAfter(Math.min(...waits)) : done
  }

  gone(ref: ObjectRef): undefined {
    const key = keyOf(ref)
    this.#expectations.forget(key)
    this.#backoff.forget(key)
  }

  /** Starts what is missing, or stops what is too much. */
  async #manage(
    context: ControllerContext,
    job: Job,
    pods: readonly Pod[],
    sums: Account,
  ): Promise<{ waitMs?: number | undefined; failure?: unknown }> {
    const active = pods.filter(pod => !isPodTerminal(pod) && !isFailed(job, pod))
    const { parallelism = 1, completions } = job.spec
    const wanted =
      completions === undefined
        ? sums.succeeded > 0
          ? active.length
          : parallelism
        : Math.min(parallelism, completions - sums.succeeded)
    const running = active.filter(pod => !pod.metadata.deletionTimestamp)
    const surplus = surplusPods(job, running, wanted, context.clock.now())
    if (surplus.length > 0) {
      await this.#stopUncounted(context, job, surplus)
      return {}
    }
    const missing = Math.min(wanted - active.length, MAX_BATCH)
    if (missing <= 0) return {}
    const { drafts, waitMs } = this.#draft(job, sums, active, missing, context.clock.now())
    if (drafts.length === 0) return { waitMs }
    const key = keyOf(job.metadata)
    this.#expectations.expectCreations(key, drafts.length)
    const { succeeded, error } = await slowStartBatch(drafts.length, 1, index => {
      const draft = drafts[index]
      return draft ? createPod(context, job, draft) : Promise.resolve()
    })
    for (let skipped = drafts.length - succeeded; skipped > 0; skipped--) this.#expectations.creationObserved(key)
    return { waitMs, failure: isNamespaceTerminating(error) ? undefined : error }
  }

  /** The pods that may start now, and in how many milliseconds more of them may. */
  #draft(job: Job, sums: Account, active: readonly Pod[], missing: number, nowMs: number) {
    const jobWaitMs = this.#backoff.msToWait(keyOf(job.metadata), nowMs)
    if (jobWaitMs > 0) return { drafts: [], waitMs: jobWaitMs }
    if (job.spec.completionMode !== 'Indexed')
      return { drafts: Array.from({ length: missing }, () => draftPod(job)), waitMs: undefined }
    const indexes = missingIndexes(job, [sums.completedIndexes, sums.failedIndexes], active, missing)
    const waits = indexes.map(index => msUntilReplaced(sums.toReplace.get(index), nowMs))
    const waitMs = Math.min(...waits.filter(ms => ms > 0))
    const due = indexes.filter((_, i) => waits[i] === 0)
    return {
      drafts: due.map(index => draftIndexedPod(job, index, sums.toReplace.get(index))),
      waitMs: Number.isFinite(waitMs) ? waitMs : undefined,
    }
  }

  /** Pods that are wanted no more have not failed. */
  async #stopUncounted(context: ControllerContext, job: Job, pods: readonly Pod[]): Promise<void> {
    await release(context, pods.filter(isTracked))
    await this.#deletePods(context, job, pods)
  }

  async #deletePods(context: ControllerContext, job: Job, pods: readonly Pod[]): Promise<void> {
    const results = await Promise.allSettled(pods.map(pod => deletePod(context, job, pod)))
    for (const result of results) {
      if (result.status === 'rejected' && !isNotFound(result.reason)) throw result.reason
    }
  }

  async #writeStatus(
    context: ControllerContext,
    job: Job,
    {
      sums,
      alive,
      verdict,
      pods,
      isHeld,
    }: {
      sums: Account
      alive: Pod[] | undefined
      verdict: Verdict | undefined
      pods: readonly Pod[]
      isHeld: boolean
    },
  ): Promise<void> {
    const { clock, client, events, signal } = context
    const now = formatTime(clock.now())
    const running = pods.filter(pod => !isPodTerminal(pod) && !pod.metadata.deletionTimestamp)
    const terminating = pods.filter(pod => !isPodTerminal(pod) && pod.metadata.deletionTimestamp).length
    const { conditions, told } = conditionsOf(job, verdict, isHeld, now)
    const uncounted = sums.status.uncountedTerminatedPods
    const settled =
      !sums.isPartial &&
      !uncounted?.succeeded?.length &&
      !uncounted?.failed?.length &&
      sums.toRelease.length === 0 &&
      sums.toReplace.size === 0
    // The end is told when no pod runs any more and all are counted.
    const ends = verdict !== undefined && settled && pods.every(isPodTerminal) && (alive ?? []).length === 0
    const finished = ends
      ? withJobCondition(
          conditions,
          {
            type: verdict.success ? 'Complete' : 'Failed',
            status: 'True',
            reason: verdict.reason,
            message: verdict.message,
          },
          now,
        )
      : conditions
    // What is over has begun, also where it ended while it was suspended.
    const hasNotBegun = isSuspended(job) && !ends
    const status: JobStatus = {
      ...nonZero({
        active: ends || verdict || isHeld ? 0 : running.length,
        conditions: finished,
        startTime: hasNotBegun ? undefined : (job.status.startTime ?? now),
        completionTime: ends && verdict.success ? now : undefined,
      }),
      ready: verdict || isHeld ? 0 : running.filter(isPodReady).length,
      terminating: verdict || isHeld ? terminating + running.length : terminating,
      ...sums.status,
    }
    if (ends) status.terminating = 0
    if (deepEqual(job.status, status, { emptyIsAbsent: true })) return
    // Not repeated on a newer object: what was counted is only right for this one.
    await client.updateStatus(Job, { ...job, status }, { signal })
    for (const [type, reason, message] of told) events.event(job, type, reason, message)
    if (!ends) return
    if (verdict.success) events.event(job, 'Normal', 'Completed', 'Job completed')
    else events.event(job, 'Warning', verdict.reason, verdict.message)
  }

  #podChanged({ type, object: pod, old }: Change<Pod>, context: ControllerContext): ObjectRef[] {
    const owner = ownerOf(pod, Job)
    const before = old && ownerOf(old, Job)
    const job = owner && context.lister(Job).get(owner)
    if (owner && job?.metadata.uid === owner.uid && type === 'added') this.#expectations.creationObserved(keyOf(owner))
    return [owner, before && before.uid !== owner?.uid ? before : undefined].filter(ref => ref !== undefined)
  }
}

type Told = readonly ['Normal' | 'Warning', string, string]

function conditionsOf(job: Job, verdict: Verdict | undefined, isHeld: boolean, now: string) {
  const told: Told[] = []
  let conditions = job.status.conditions ?? []
  if (verdict) {
    const type = verdict.success ? 'SuccessCriteriaMet' : 'FailureTarget'
    conditions = withJobCondition(
      conditions,
      { type, status: 'True', reason: verdict.reason, message: verdict.message },
      now,
    )
  } else if (isHeld) {
    const before = conditions.find(condition => condition.type === 'Suspended')?.status
    if (before !== 'True') told.push(['Normal', 'Suspended', 'Job suspended'])
    const condition = { type: 'Suspended', status: 'True', reason: 'JobSuspended', message: 'Job suspended' }
    conditions = withJobCondition(conditions, condition, now)
  } else if (!isSuspended(job) && conditions.some(({ type, status }) => type === 'Suspended' && status === 'True')) {
    told.push(['Normal', 'Resumed', 'Job resumed'])
    const condition = { type: 'Suspended', status: 'False', reason: 'JobResumed', message: 'Job resumed' }
    conditions = withJobCondition(conditions, condition, now)
  }
  return { conditions, told }
}
