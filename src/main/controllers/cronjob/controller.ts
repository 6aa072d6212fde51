// cronjob: makes a Job at every time of the schedule.
import { CronJob, type CronJobStatus, Job } from '../../../shared/api/batch/v1.ts'
import type { ObjectReference } from '../../../shared/api/core/v1.ts'
import { byControllerUid } from '../../../shared/client/lister.ts'
import { referenceTo } from '../../../shared/client/events.ts'
import {
  type ControllerContext,
  type Reconciler,
  type Result,
  done,
  own,
  owned,
  requeueAfter,
} from '../../../shared/client/reconciler.ts'
import { formatTime } from '../../../shared/machinery/clock.ts'
import { deepEqual } from '../../../shared/machinery/deep-equal.ts'
import type { Draft } from '../../../shared/machinery/object.ts'
import { controllerRef, isControlledBy } from '../../../shared/machinery/owner.ts'
import { isAlreadyExists, isNamespaceTerminating, isNotFound } from '../../../shared/machinery/status.ts'
import { finishedCondition } from '../job/conditions.ts'
import { nonZero } from '../support/non-zero.ts'
import { isTimeZone } from '../../../shared/machinery/cron-schedule.ts'
import { dueTimes } from './schedule.ts'

const SCHEDULED_AT = 'batch.kubernetes.io/cronjob-scheduled-timestamp'

export class CronJobController implements Reconciler<CronJob> {
  readonly name = 'cronjob'
  readonly type = CronJob
  readonly watches = [own(CronJob), owned(Job, CronJob)]

  async reconcile(cronJob: CronJob, context: ControllerContext): Promise<Result> {
    const jobs = context.lister(Job).by(byControllerUid, cronJob.metadata.uid)
    const removed = await cleanUp(context, cronJob, jobs)
    const followed = await follow(context, cronJob, jobs, removed)
    if (cronJob.metadata.deletionTimestamp || cronJob.spec.suspend) {
      await save(context, cronJob, followed)
      return done
    }
    const { status, nextMs } = await schedule(context, cronJob, followed)
    await save(context, cronJob, status)
    return nextMs === undefined ? done : requeueAfter(nextMs - context.clock.now() + 100)
  }
}

/** Which of the Jobs that it started still run, and when one last succeeded. */
async function follow(
  context: ControllerContext,
  cronJob: CronJob,
  jobs: readonly Job[],
  removed: ReadonlySet<string>,
): Promise<CronJobStatus> {
  const { events } = context
  const active = await activeJobs(context, cronJob, jobs)
  const listed = new Map(jobs.map(job => [job.metadata.uid, job]))
  const running: ObjectReference[] = []
  for (const reference of active) {
    const job = listed.get(reference.uid ?? '')
    const finished = job && finishedCondition(job)
    if (finished && removed.has(job.metadata.uid)) continue // its deletion was told
    if (finished) {
      const message = `Saw completed job: ${job.metadata.name}, condition: ${finished.type}`
      events.event(cronJob, 'Normal', 'SawCompletedJob', message)
    } else if (job || (await isNotYetListed(context, cronJob, reference))) running.push(reference)
  }
  let { lastSuccessfulTime } = cronJob.status
  for (const job of jobs) {
    const { completionTime } = job.status
    const succeeded = finishedCondition(job)?.type === 'Complete'
    if (succeeded && completionTime && completionTime > (lastSuccessfulTime ?? '')) lastSuccessfulTime = completionTime
  }
  return nonZero({ active: running, lastScheduleTime: cronJob.status.lastScheduleTime, lastSuccessfulTime })
}

/**
 * As its status has them. Jobs that are its own without it having started them, such as those of
 * `kubectl create job --from`, are told and run beside its own: they are neither waited for nor replaced.
 */
async function activeJobs(
  { client, events, signal }: ControllerContext,
  cronJob: CronJob,
  jobs: readonly Job[],
): Promise<readonly ObjectReference[]> {
  const unknownTo = ({ status }: CronJob) => {
    const known = new Set((status.active ?? []).map(({ uid }) => uid))
    return jobs.filter(job => !finishedCondition(job) && !known.has(job.metadata.uid))
  }
  if (unknownTo(cronJob).length === 0) return cronJob.status.active ?? []
  // The Job may have come before the status that names it.
  const newest = await client.get(CronJob, cronJob.metadata, { signal })
  for (const { metadata } of unknownTo(newest)) {
    const message = `Saw a job that the controller did not create or forgot: ${metadata.name}`
    events.event(cronJob, 'Warning', 'UnexpectedJob', message)
  }
  return newest.status.active ?? []
}

/** A Job that the lister does not have was just started, or deleted by somebody. */
async function isNotYetListed(
  { client, events, signal }: ControllerContext,
  cronJob: CronJob,
  { uid, name = '' }: ObjectReference,
): Promise<boolean> {
  try {
    const job = await client.get(Job, { namespace: cronJob.metadata.namespace, name }, { signal })
    return job.metadata.uid === uid
  } catch (error) {
    if (!isNotFound(error)) throw error
    events.event(cronJob, 'Normal', 'MissingJob', `Active job went missing: ${name}`)
    return false
  }
}

async function schedule(
  context: ControllerContext,
  cronJob: CronJob,
  status: CronJobStatus,
): Promise<{ status: CronJobStatus; nextMs: number | undefined }> {
  const { clock, events } = context
  const { timeZone } = cronJob.spec
  if (timeZone !== undefined && !isTimeZone(timeZone)) {
    const why = `invalid timeZone: "${timeZone}": unknown time zone ${timeZone}`
    events.event(cronJob, 'Warning', 'UnknownTimeZone', why)
    return { status, nextMs: undefined }
  }
  let due
  try {
    due = dueTimes(cronJob, clock.now())
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    events.event(cronJob, 'Warning', 'UnparseableSchedule', `unparseable schedule: "${cronJob.spec.schedule}" : ${why}`)
    return { status, nextMs: undefined }
  }
  const { scheduledMs, nextMs, tooMany } = due
  if (nextMs === undefined && scheduledMs === undefined) {
    // The time zero, to which upstream looks ahead then, follows itself.
    const why = 'time difference between two schedules is less than 1 second'
    events.event(cronJob, 'Warning', 'InvalidSchedule', `invalid schedule: ${cronJob.spec.schedule} : ${why}`)
  }
  if (tooMany) {
    const message = 'too many missed start times. Set or decrease .spec.startingDeadlineSeconds or check clock skew'
    events.event(cronJob, 'Warning', 'TooManyMissedTimes', message)
  }
  const active = [...(status.active ?? [])]
  const name = scheduledMs === undefined ? '' : `${cronJob.metadata.name}-${Math.floor(scheduledMs / 60_000)}`
  if (scheduledMs === undefined || active.some(job => job.name === name)) return { status, nextMs }
  if (cronJob.spec.concurrencyPolicy === 'Forbid' && active.length > 0) {
    const message = 'Not starting job because prior execution is running and concurrency policy is Forbid'
    events.event(cronJob, 'Normal', 'JobAlreadyActive', message)
    return { status, nextMs }
  }
  if (cronJob.spec.concurrencyPolicy === 'Replace') {
    for (const job of active.splice(0)) await remove(context, cronJob, job)
  }
  const job = await start(context, cronJob, name, scheduledMs)
  const next = nonZero({ ...status, active: job ? [...active, referenceTo(job)] : active })
  return { status: job ? { ...next, lastScheduleTime: formatTime(scheduledMs) } : next, nextMs }
}

async function start(
  { client, events, signal }: ControllerContext,
  cronJob: CronJob,
  name: string,
  scheduledMs: number,
): Promise<Job | undefined> {
  const { metadata, spec } = cronJob.spec.jobTemplate
  const { namespace } = cronJob.metadata
  const draft: Draft<Job> = {
    metadata: {
      namespace,
      name,
      ...(metadata?.labels ? { labels: metadata.labels } : {}),
      annotations: { ...metadata?.annotations, [SCHEDULED_AT]: formatTime(scheduledMs) },
      ownerReferences: [controllerRef(CronJob, cronJob)],
    },
    spec,
  }
  try {
    const job = await client.create(Job, draft, { signal })
    events.event(cronJob, 'Normal', 'SuccessfulCreate', `Created job ${name}`)
    return job
  } catch (error) {
    if (isNamespaceTerminating(error)) return undefined
    if (isAlreadyExists(error)) {
      // Started before the status could be written, or somebody else's.
      const existing = await client.get(Job, { namespace, name }, { signal })
      if (isControlledBy(existing, cronJob)) return existing
      events.event(cronJob, 'Warning', 'UnexpectedJob', `Saw a job that the controller did not create: ${name}`)
      return undefined
    }
    const why = error instanceof Error ? error.message : String(error)
    events.event(cronJob, 'Warning', 'FailedCreate', `Error creating job: ${why}`)
    throw error
  }
}

/** Keeps the newest finished Jobs, counted by success and failure. @returns the uids of the others */
async function cleanUp(
  context: ControllerContext,
  cronJob: CronJob,
  jobs: readonly Job[],
): Promise<ReadonlySet<string>> {
  const removed = new Set<string>()
  const { successfulJobsHistoryLimit = 3, failedJobsHistoryLimit = 1 } = cronJob.spec
  for (const [type, limit] of [
    ['Complete', successfulJobsHistoryLimit],
    ['Failed', failedJobsHistoryLimit],
  ] as const) {
    const finished = jobs
      .filter(job => finishedCondition(job)?.type === type && !job.metadata.deletionTimestamp)
      .sort((a, b) => ((a.status.startTime ?? '') < (b.status.startTime ?? '') ? -1 : 1))
    for (const job of finished.slice(0, Math.max(0, finished.length - limit))) {
      await remove(context, cronJob, job.metadata)
      removed.add(job.metadata.uid)
    }
  }
  return removed
}

async function remove(
  { client, events, signal }: ControllerContext,
  cronJob: CronJob,
  { name = '', uid = '' }: ObjectReference,
): Promise<void> {
  const { namespace } = cronJob.metadata
  try {
    const options = { preconditions: { uid }, propagationPolicy: 'Background' as const, signal }
    await client.delete(Job, { namespace, name }, options)
    events.event(cronJob, 'Normal', 'SuccessfulDelete', `Deleted job ${name}`)
  } catch (error) {
    if (isNotFound(error)) return
    const why = error instanceof Error ? error.message : String(error)
    events.event(cronJob, 'Warning', 'FailedDelete', `Deleted job: ${why}`)
    throw error
  }
}

async function save({ client, signal }: ControllerContext, cronJob: CronJob, status: CronJobStatus): Promise<void> {
  if (deepEqual(cronJob.status, status, { emptyIsAbsent: true })) return
  await client.updateStatus(CronJob, { ...cronJob, status }, { signal })
}
