// When a CronJob is due.
import { Cron } from 'croner'
import type { CronJob } from '../../../shared/api/batch/v1.ts'

export interface Due {
  /** The most recent time that was missed; undefined = nothing is due. */
  readonly scheduledMs?: number
  readonly nextMs?: number
  /** More than a hundred times were missed: somebody should look at the clock. */
  readonly tooMany: boolean
}

const MAX_MISSED = 100

/** @throws TypeError or RangeError for a schedule or time zone that cannot be read */
export function dueTimes({ spec, status, metadata }: CronJob, nowMs: number): Due {
  const cron = new Cron(spec.schedule, { timezone: spec.timeZone ?? 'Etc/UTC', paused: true })
  const created = Date.parse(metadata.creationTimestamp)
  const last = Date.parse(status.lastScheduleTime ?? '')
  const deadline = spec.startingDeadlineSeconds === undefined ? 0 : nowMs - spec.startingDeadlineSeconds * 1000
  const earliest = Math.max(Number.isNaN(last) ? created : last, deadline)
  const next = cron.nextRun(new Date(nowMs))?.getTime()
  const missed = cron.nextRuns(MAX_MISSED + 1, new Date(earliest)).filter(time => time.getTime() <= nowMs)
  const tooMany = missed.length > MAX_MISSED
  const latest = tooMany ? cron.previousRuns(1, new Date(nowMs + 1))[0] : missed.at(-1)
  return {
    ...(latest ? { scheduledMs: latest.getTime() } : {}),
    ...(next === undefined ? {} : { nextMs: next }),
    tooMany,
  }
}
