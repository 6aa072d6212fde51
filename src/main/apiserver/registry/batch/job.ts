// Jobs.
import { Job } from '../../../../shared/api/batch/v1.ts'
import { jobColumns } from '../columns/job.ts'
import { isSame } from '../core/pod/warnings.ts'
import { defineResource } from '../resource.ts'
import { emptyMap, isEmpty, lookup } from '../support/collections.ts'
import { clearStatus, specAndStatus, startGeneration, statusStrategy } from '../support/strategy.ts'
import { unlikelyHostName } from '../support/warnings.ts'
import { setJobDefaults } from './defaults.ts'
import { jobSpecWarnings } from './warnings.ts'
import { validateJobStatus } from './validate-job-status.ts'
import { validateJob, validateJobUpdate } from './validate-job.ts'

const CONTROLLER_UID = 'batch.kubernetes.io/controller-uid'
const JOB_NAME = 'batch.kubernetes.io/job-name'
const LEGACY_CONTROLLER_UID = 'controller-uid'
const LEGACY_JOB_NAME = 'job-name'

/** Unless the user selects by hand, a job selects its pods by its own uid, which no other object can share. */
function generateSelector(job: Job): void {
  const { spec, metadata } = job
  if (spec.manualSelector || !metadata.uid || !spec.template) return
  // One without a name is refused for that.
  const name = metadata.name ?? ''
  const labels = Object.assign(emptyMap<string>(), spec.template.metadata?.labels)
  for (const [key, value] of [
    [LEGACY_JOB_NAME, name],
    [JOB_NAME, name],
    [LEGACY_CONTROLLER_UID, metadata.uid],
    [CONTROLLER_UID, metadata.uid],
  ] as const)
    if (lookup(labels, key) === undefined) labels[key] = value
  spec.template.metadata = { ...spec.template.metadata, labels }
  const matchLabels = Object.assign(emptyMap<string>(), spec.selector?.matchLabels)
  matchLabels[CONTROLLER_UID] ??= metadata.uid
  spec.selector = { ...spec.selector, matchLabels }
}

export const jobs = defineResource<Job>({
  type: Job,
  categories: ['all'],
  setDefaults: setJobDefaults,
  prepareForCreate: job => {
    const { template } = job.spec
    // A job without labels was given those of its template: it gets what is added to them as well.
    const hasOwnLabels = !isEmpty(job.metadata.labels) && job.metadata.labels !== template?.metadata?.labels
    generateSelector(job)
    if (!hasOwnLabels && template?.metadata?.labels) job.metadata.labels = { ...template.metadata.labels }
    clearStatus(job)
    startGeneration(job)
  },
  prepareForUpdate: specAndStatus().prepareForUpdate,
  status: statusStrategy<Job>(validateJobStatus),
  selectableFields: { 'status.successful': job => String(job.status.succeeded ?? 0) },
  unknownField: field => `field label ${JSON.stringify(field)} not supported for Job`,
  validate: validateJob,
  validateUpdate: validateJobUpdate,
  warnings: (job, old) => [
    ...unlikelyHostName(job.metadata, old),
    ...(isSame(job, old) ? [] : jobSpecWarnings('spec', job.spec)),
  ],
  columns: jobColumns,
})
