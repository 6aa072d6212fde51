// When a CronJob is due.
import type { CronJob } from '../../../shared/api/batch/v1.ts'
import { parseCronSchedule } from '../../../shared/machinery/cron-schedule.ts'
import { countable } from '../../../shared/machinery/seconds.ts'

export interface Due {
  /** The most recent time that was missed; undefined = nothing is due. */
  readonly scheduledMs?: number
  readonly nextMs?: number
  /** More than a hundred times were missed: somebody should look at the clock. */
  readonly tooMany: boolean
}

const MAX_MISSED = 100

/** @throws Error for a schedule that cannot be read */
export function dueTimes({ spec, status, metadata }: CronJob, nowMs: number): Due {
  const lastMs = Date.parse(status.lastScheduleTime ?? metadata.creationTimestamp)
  const schedule = parseCronSchedule(spec.schedule, spec.timeZone, lastMs)
  const { startingDeadlineSeconds = Infinity } = spec
  const earliestMs = Math.max(lastMs, nowMs - countable(startingDeadlineSeconds) * 1000)
  const { times, latestMs } = schedule.between(earliestMs, nowMs, MAX_MISSED)
  const nextMs = schedule.next(nowMs)
  return {
    ...(latestMs === undefined ? {} : { scheduledMs: latestMs }),
    ...(nextMs === undefined ? {} : { nextMs }),
    tooMany: times > MAX_MISSED,
  }
}
