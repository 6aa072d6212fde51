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
import { isAlreadyExists, isNotFound } from '../../../shared/machinery/status.ts'
import { finishedCondition } from '../job/conditions.ts'
import { nonZero } from '../support/non-zero.ts'
import { isNamespaceTerminating } from '../support/pod-control.ts'
import { dueTimes } from './schedule.ts'

const SCHEDULED_AT = 'batch.kubernetes.io/cronjob-scheduled-timestamp'

export class CronJobController implements Reconciler<CronJob> {
  readonly name = 'cronjob'
  readonly type = CronJob
  readonly watches = [own(CronJob), owned(Job, CronJob)]

  async reconcile(cronJob: CronJob, context: ControllerContext): Promise<Result> {
    const jobs = context.lister(Job).by(byControllerUid, cronJob.metadata.uid)
    await cleanUp(context, cronJob, jobs)
    const followed = await follow(context, cronJob, jobs)
    if (cronJob.metadata.deletionTimestamp || cronJob.spec.suspend) {
      await save(context, cronJob, followed)
      return done
    }
    const { status, nextMs } = await schedule(context, cronJob, jobs, followed)
    await save(context, cronJob, status)
    return nextMs === undefined ? done : requeueAfter(nextMs - context.clock.now() + 100)
  }
}

/** Which Jobs run, and when one last succeeded. */
async function follow(context: ControllerContext, cronJob: CronJob, jobs: readonly Job[]): Promise<CronJobStatus> {
  const { events } = context
  const known = new Set((cronJob.status.active ?? []).map(({ uid }) => uid))
  let { lastSuccessfulTime } = cronJob.status
  for (const job of jobs) {
    const finished = finishedCondition(job)
    if (!finished) continue
    if (known.has(job.metadata.uid)) {
      const message = `Saw completed job: ${job.metadata.name}, condition: ${finished.type}`
      events.event(cronJob, 'Normal', 'SawCompletedJob', message)
    }
    const { completionTime } = job.status
    if (completionTime && completionTime > (lastSuccessfulTime ?? '')) lastSuccessfulTime = completionTime
  }
  const unheardOf = await notYetListed(context, cronJob, jobs)
  const active = [...jobs.filter(job => !finishedCondition(job)).map(referenceTo), ...unheardOf]
  return nonZero({ active, lastScheduleTime: cronJob.status.lastScheduleTime, lastSuccessfulTime })
}

/** Active Jobs that the lister does not have: just started, or deleted by somebody. */
async function notYetListed(
  { client, events, signal }: ControllerContext,
  cronJob: CronJob,
  jobs: readonly Job[],
): Promise<ObjectReference[]> {
  const listed = new Set(jobs.map(({ metadata }) => metadata.uid))
  const there: ObjectReference[] = []
  for (const reference of cronJob.status.active ?? []) {
    const { uid, name = '' } = reference
    if (uid && listed.has(uid)) continue
    try {
      const job = await client.get(Job, { namespace: cronJob.metadata.namespace, name }, { signal })
      if (job.metadata.uid === uid) there.push(reference)
    } catch (error) {
      if (!isNotFound(error)) throw error
      events.event(cronJob, 'Normal', 'MissingJob', `Active job went missing: ${name}`)
    }
  }
  return there
}

async function schedule(
  context: ControllerContext,
  cronJob: CronJob,
  jobs: readonly Job[],
  status: CronJobStatus,
): Promise<{ status: CronJobStatus; nextMs: number | undefined }> {
  const { clock, events } = context
  let due
  try {
    due = dueTimes(cronJob, clock.now())
  } catch (error) {
    const what = cronJob.spec.timeZone ? 'UnknownTimeZone' : 'UnparseableSchedule'
    const why = error instanceof Error ? error.message : String(error)
    events.event(cronJob, 'Warning', what, `unparseable schedule: "${cronJob.spec.schedule}" : ${why}`)
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
  const running = jobs.filter(job => !finishedCondition(job))
  const name = scheduledMs === undefined ? '' : `${cronJob.metadata.name}-${Math.floor(scheduledMs / 60_000)}`
  if (scheduledMs === undefined || jobs.some(job => job.metadata.name === name)) return { status, nextMs }
  if (cronJob.spec.concurrencyPolicy === 'Forbid' && (status.active ?? []).length > 0) {
    const message = 'Not starting job because prior execution is running and concurrency policy is Forbid'
    events.event(cronJob, 'Normal', 'JobAlreadyActive', message)
    return { status, nextMs }
  }
  if (cronJob.spec.concurrencyPolicy === 'Replace') {
    for (const job of running) await remove(context, cronJob, job)
    status = { ...status, active: [] }
  }
  const job = await start(context, cronJob, name, scheduledMs)
  if (!job) return { status, nextMs }
  const active = [...(status.active ?? []), referenceTo(job)]
  return { status: { ...status, active, lastScheduleTime: formatTime(scheduledMs) }, nextMs }
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

/** Keeps the newest finished Jobs, counted by success and failure. */
async function cleanUp(context: ControllerContext, cronJob: CronJob, jobs: readonly Job[]): Promise<void> {
  const { successfulJobsHistoryLimit = 3, failedJobsHistoryLimit = 1 } = cronJob.spec
  for (const [type, limit] of [
    ['Complete', successfulJobsHistoryLimit],
    ['Failed', failedJobsHistoryLimit],
  ] as const) {
    const finished = jobs
      .filter(job => finishedCondition(job)?.type === type && !job.metadata.deletionTimestamp)
      .sort((a, b) => ((a.status.startTime ?? '') < (b.status.startTime ?? '') ? -1 : 1))
    for (const job of finished.slice(0, Math.max(0, finished.length - limit))) await remove(context, cronJob, job)
  }
}

async function remove({ client, events, signal }: ControllerContext, cronJob: CronJob, job: Job): Promise<void> {
  const { namespace, name, uid } = job.metadata
  try {
    const options = { preconditions: { uid }, propagationPolicy: 'Background' as const, signal }
    await client.delete(Job, { namespace, name }, options)
    events.event(cronJob, 'Normal', 'SuccessfulDelete', `Deleted job ${name}`)
  } catch (error) {
    if (!isNotFound(error)) throw error
  }
}

async function save({ client, signal }: ControllerContext, cronJob: CronJob, status: CronJobStatus): Promise<void> {
  if (deepEqual(cronJob.status, status, { emptyIsAbsent: true })) return
  await client.updateStatus(CronJob, { ...cronJob, status }, { signal })
}
