// How `kubectl get jobs` shows a job.
import type { Job } from '../../../../shared/api/batch/v1.ts'
import { humanDuration, humanSince } from '../../../../shared/machinery/human-duration.ts'
import { list } from '../support/collections.ts'
import type { Column } from '../resource.ts'
import { ageColumn, nameColumn, selectorColumn, templateColumns, text } from './common.ts'

function status(job: Job): string {
  const is = (type: string) => list(job.status.conditions).find(c => c.type === type)?.status === 'True'
  if (is('Complete')) return 'Complete'
  if (is('Failed')) return 'Failed'
  if (job.metadata.deletionTimestamp) return 'Terminating'
  return ['Suspended', 'FailureTarget', 'SuccessCriteriaMet'].find(is) ?? 'Running'
}

function completions({ spec, status: { succeeded = 0 } }: Job): string {
  if (spec.completions !== undefined) return `${succeeded}/${spec.completions}`
  const parallelism = spec.parallelism ?? 0
  return parallelism > 1 ? `${succeeded}/1 of ${parallelism}` : `${succeeded}/1`
}

function duration({ status: { startTime, completionTime } }: Job, nowMs: number): string {
  if (!startTime) return ''
  return completionTime
    ? humanDuration(Date.parse(completionTime) - Date.parse(startTime))
    : humanSince(startTime, nowMs)
}

export const jobColumns: readonly Column<Job>[] = [
  nameColumn,
  text('Status', 'State of the job.', status),
  text('Completions', 'Pods that succeeded, of those wanted.', completions),
  text('Duration', 'Time from start to end, or until now.', duration),
  ageColumn,
  ...templateColumns<Job>(job => job.spec.template?.spec?.containers),
  selectorColumn<Job>(job => job.spec.selector),
]
