// Defaults of jobs and of the job templates of cron jobs.
import type { Job, JobSpec } from '../../../../shared/api/batch/v1.ts'
import { emptyTemplate, setPodTemplateDefaults } from '../core/pod/defaults.ts'
import { isEmpty, list } from '../support/collections.ts'
import { ensureStructs } from '../support/strategy.ts'

const MAX_INT32 = 2_147_483_647

function setPolicyDefaults(spec: JobSpec): void {
  for (const rule of list(spec.podFailurePolicy?.rules))
    for (const pattern of list(rule.onPodConditions)) pattern.status ||= 'True'
}

/** What a cron job's template gets: less than a job, as upstream does. */
export function setJobTemplateDefaults(spec: JobSpec): void {
  setPodTemplateDefaults((spec.template ??= emptyTemplate()))
  setPolicyDefaults(spec)
}

export function setJobDefaults(job: Job): void {
  ensureStructs(job, 'spec', 'status')
  const { spec } = job
  if (spec.completions === undefined && spec.parallelism === undefined) spec.completions = 1
  spec.parallelism ??= 1
  spec.backoffLimit ??= spec.backoffLimitPerIndex === undefined ? 6 : MAX_INT32
  const labels = spec.template?.metadata?.labels
  // The very same, until its pods' own labels are added: see `prepareForCreate`.
  if (labels && isEmpty(job.metadata.labels)) job.metadata.labels = labels
  spec.completionMode ??= 'NonIndexed'
  spec.suspend ??= false
  spec.podReplacementPolicy ??= spec.podFailurePolicy ? 'Failed' : 'TerminatingOrFailed'
  spec.manualSelector ??= false
  setJobTemplateDefaults(spec)
}
