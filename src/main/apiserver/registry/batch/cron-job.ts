// CronJobs.
import { CronJob, type JobSpec, type JobTemplateSpec } from '../../../../shared/api/batch/v1.ts'
import { humanSince } from '../../../../shared/machinery/human-duration.ts'
import {
  NONE,
  UNSET,
  ageColumn,
  boolean,
  integer,
  nameColumn,
  selectorColumn,
  templateColumns,
  text,
} from '../columns/common.ts'
import { defineResource } from '../resource.ts'
import { list } from '../support/collections.ts'
import { ensureStructs, specAndStatus, statusStrategy } from '../support/strategy.ts'
import { isSame } from '../core/pod/warnings.ts'
import { unlikelyHostName } from '../support/warnings.ts'
import { setJobTemplateDefaults } from './defaults.ts'
import { validateCronJob } from './validate-cron-job.ts'
import { jobSpecWarnings } from './warnings.ts'

function setCronJobDefaults(cron: CronJob): void {
  ensureStructs(cron, 'spec', 'status')
  const { spec } = cron
  spec.concurrencyPolicy ||= 'Allow'
  spec.suspend ??= false
  spec.successfulJobsHistoryLimit ??= 3
  spec.failedJobsHistoryLimit ??= 1
  // Structs upstream: what is in them has its defaults, whether they were given or not.
  const template = (spec.jobTemplate ??= {} as JobTemplateSpec)
  template.metadata ??= {}
  setJobTemplateDefaults((template.spec ??= {} as JobSpec))
}

/** New ones are refused. */
const OLD_TIME_ZONE =
  'cannot use TZ or CRON_TZ in spec.spec.schedule, use timeZone instead, see https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/ for more details'

const printBool = (value: boolean | undefined) => (value === undefined ? UNSET : value ? 'True' : 'False')

export const cronJobs = defineResource<CronJob>({
  type: CronJob,
  shortNames: ['cj'],
  categories: ['all'],
  setDefaults: setCronJobDefaults,
  ...specAndStatus(),
  status: statusStrategy<CronJob>(),
  validate: validateCronJob,
  warnings: (cron, old) => [
    ...unlikelyHostName(cron.metadata, old),
    ...(isSame(cron, old) ? [] : jobSpecWarnings('spec.jobTemplate.spec', cron.spec.jobTemplate?.spec)),
    ...(old && cron.spec.schedule.includes('TZ') ? [OLD_TIME_ZONE] : []),
  ],
  columns: [
    nameColumn,
    text('Schedule', 'When jobs start, in cron syntax.', cron => cron.spec.schedule),
    text('Timezone', 'Time zone of the schedule.', cron => cron.spec.timeZone ?? NONE),
    boolean('Suspend', 'Whether new jobs are held back.', cron => printBool(cron.spec.suspend)),
    integer('Active', 'Jobs that run now.', cron => list(cron.status.active).length),
    text('Last Schedule', 'Time since a job was started last.', (cron, nowMs) =>
      cron.status.lastScheduleTime ? humanSince(cron.status.lastScheduleTime, nowMs) : NONE,
    ),
    ageColumn,
    ...templateColumns<CronJob>(cron => cron.spec.jobTemplate?.spec?.template?.spec?.containers),
    selectorColumn<CronJob>(cron => cron.spec.jobTemplate?.spec?.selector),
  ],
})
