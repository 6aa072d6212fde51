// What a CronJob must look like.
import type { CronJob } from '../../../../shared/api/batch/v1.ts'
import { isTimeZone, parseCronSchedule } from '../../../../shared/machinery/cron-schedule.ts'
import { type FieldError, invalidValue, required } from '../../../../shared/machinery/field-error.ts'
import { nonNegative, obey, optionalOneOf } from '../support/rules.ts'
import { validateJobTemplateSpec } from './validate-job.ts'

function scheduleErrors(path: string, schedule: string, timeZone: string | undefined): FieldError[] {
  if (!schedule) return [required(path)]
  if (/TZ/.test(schedule)) {
    const why = timeZone
      ? 'cannot use both timeZone field and TZ or CRON_TZ in schedule'
      : 'cannot use TZ or CRON_TZ in schedule, use timeZone field instead'
    return [invalidValue(path, schedule, why)]
  }
  try {
    parseCronSchedule(schedule)
    return []
  } catch (error) {
    return [invalidValue(path, schedule, error instanceof Error ? error.message : String(error))]
  }
}

function timeZoneErrors(path: string, zone: string | undefined): FieldError[] {
  if (zone === undefined) return []
  if (zone === '') return [invalidValue(path, zone, 'timeZone must be nil or non-empty string')]
  if (zone.toLowerCase() === 'local')
    return [
      invalidValue(path, zone, 'timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones'),
    ]
  return isTimeZone(zone) ? [] : [invalidValue(path, zone, `unknown time zone ${zone}`)]
}

/** Jobs are called after their cron job and the minute: eleven characters more. */
export const cronJobName = (name: string): string[] => (name.length > 52 ? ['must be no more than 52 characters'] : [])

export function validateCronJob(cron: CronJob, old?: CronJob): FieldError[] {
  const { spec } = cron
  const errors = [
    ...scheduleErrors('spec.schedule', spec.schedule, spec.timeZone),
    ...nonNegative('spec.startingDeadlineSeconds', spec.startingDeadlineSeconds),
    ...timeZoneErrors('spec.timeZone', spec.timeZone),
    ...optionalOneOf('spec.concurrencyPolicy', spec.concurrencyPolicy, ['Allow', 'Forbid', 'Replace']),
  ]
  const job = spec.jobTemplate?.spec
  if (!job) errors.push(required('spec.jobTemplate.spec'))
  else {
    errors.push(...validateJobTemplateSpec('spec.jobTemplate.spec', job, old?.spec.jobTemplate.spec))
    if (job.selector)
      errors.push(invalidValue('spec.jobTemplate.spec.selector', job.selector, '`selector` will be auto-generated'))
    if (job.manualSelector)
      errors.push({
        type: 'FieldValueNotSupported',
        field: 'spec.jobTemplate.spec.manualSelector',
        message: 'Unsupported value: true: supported values: "nil", "false"',
      })
  }
  errors.push(
    ...nonNegative('spec.successfulJobsHistoryLimit', spec.successfulJobsHistoryLimit),
    ...nonNegative('spec.failedJobsHistoryLimit', spec.failedJobsHistoryLimit),
  )
  // Only a name that is new: renaming is impossible.
  // A create without a name is refused for that; see the metadata.
  const { name, resourceVersion } = cron.metadata
  if (!resourceVersion && name) errors.push(...obey('metadata.name', name, cronJobName))
  return errors
}
