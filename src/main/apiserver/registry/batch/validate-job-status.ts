// What the status of a Job may become. Most rules are held only against what a write changes: a Job whose status is
// wrong already, or whose spec has just changed, can still be written.
import type { Job, JobStatus } from '../../../../shared/api/batch/v1.ts'
import { deepEqual } from '../../../../shared/machinery/deep-equal.ts'
import {
  type FieldError,
  duplicate,
  invalidField,
  invalidValue,
  required,
} from '../../../../shared/machinery/field-error.ts'
import { list } from '../support/collections.ts'
import { nonNegative } from '../support/rules.ts'
import { firstCommonIndex, readIndexes } from './indexes.ts'

const COUNTS = ['active', 'succeeded', 'failed', 'ready', 'terminating'] as const

/** Which conditions are `True`. */
function conditionsOf(status: JobStatus) {
  const has = (wanted: string, value = 'True') =>
    list(status.conditions).some(condition => condition.type === wanted && condition.status === value)
  const [complete, failed] = [has('Complete'), has('Failed')]
  return {
    ...{ complete, failed, finished: complete || failed },
    ...{ failureTarget: has('FailureTarget'), successCriteriaMet: has('SuccessCriteriaMet') },
    ...{ suspended: has('Suspended'), resumed: has('Suspended', 'False') },
  }
}
type Conditions = ReturnType<typeof conditionsOf>

/** What a write of a status is judged by. */
interface Change {
  readonly job: Job
  readonly status: JobStatus
  readonly old: JobStatus
  readonly now: Conditions
  readonly before: Conditions
  /** Whether one of them is another than before. */
  readonly changes: (...names: (keyof JobStatus | keyof Conditions)[]) => boolean
}

function changeOf(job: Job, old: Job): Change {
  const [now, before] = [conditionsOf(job.status), conditionsOf(old.status)]
  const valueOf = (status: JobStatus, conditions: Conditions, name: keyof JobStatus | keyof Conditions) => {
    if (name in conditions) return conditions[name as keyof Conditions]
    const value = status[name as keyof JobStatus]
    // Go keeps these without telling nothing from empty.
    return name === 'active' ? (value ?? 0) : name === 'completedIndexes' ? (value ?? '') : value
  }
  const changes: Change['changes'] = (...names) =>
    names.some(name => !deepEqual(valueOf(job.status, now, name), valueOf(old.status, before, name)))
  return { job, status: job.status, old: old.status, now, before, changes }
}

function uncountedErrors({ uncountedTerminatedPods: pods }: JobStatus): FieldError[] {
  const seen = new Set<string>()
  return (['succeeded', 'failed'] as const).flatMap(name =>
    list(pods?.[name]).flatMap((uid, i) => {
      const path = `status.uncountedTerminatedPods.${name}[${i}]`
      if (uid === '') return [invalidValue(path, uid, 'must not be empty')]
      if (seen.has(uid)) return [duplicate(path, uid)]
      seen.add(uid)
      return []
    }),
  )
}

/** What the conditions say beside each other. */
function conditionErrors({ job, now, before, changes }: Change): FieldError[] {
  const rules: [broken: boolean, text: string][] = [
    [
      changes('complete', 'failed') && now.complete && now.failed,
      'cannot set Complete=True and Failed=true conditions',
    ],
    [
      changes('complete', 'failureTarget') && now.complete && now.failureTarget,
      'cannot set Complete=True and FailureTarget=true conditions',
    ],
    [
      changes('failed', 'failedIndexes') && now.failed && !now.failureTarget,
      'cannot set Failed=True condition without the FailureTarget=true condition',
    ],
    [
      changes('complete', 'successCriteriaMet') && now.complete && !now.successCriteriaMet,
      'cannot set Complete=True condition without the SuccessCriteriaMet=true condition',
    ],
    [now.successCriteriaMet && now.failed, 'cannot set SuccessCriteriaMet=True and Failed=true conditions'],
    [
      now.successCriteriaMet && now.failureTarget,
      'cannot set SuccessCriteriaMet=True and FailureTarget=true conditions',
    ],
    [
      job.spec.successPolicy !== undefined && !now.successCriteriaMet && now.complete,
      'cannot set Complete=True for Job with SuccessPolicy unless SuccessCriteriaMet=True',
    ],
    [before.failed && !now.failed, 'cannot disable the terminal Failed=True condition'],
    [before.complete && !now.complete, 'cannot disable the terminal Complete=True condition'],
    [before.failureTarget && !now.failureTarget, 'cannot disable the terminal FailureTarget=True condition'],
    [before.successCriteriaMet && !now.successCriteriaMet, 'cannot disable the SuccessCriteriaMet=True condition'],
    [
      before.complete && !before.successCriteriaMet && now.successCriteriaMet,
      'cannot set SuccessCriteriaMet=True for Job already has Complete=true conditions',
    ],
  ]
  return rules.flatMap(([broken, text]) => (broken ? [invalidField('status.conditions', text)] : []))
}

function timeErrors({ job, status, old, now, before, changes }: Change): FieldError[] {
  const { startTime, completionTime } = status
  const errors: FieldError[] = []
  const wrong = (field: 'startTime' | 'completionTime', detail: string) =>
    errors.push(invalidValue(`status.${field}`, status[field] ?? null, detail))
  const completes = changes('complete', 'completionTime')
  if (completes && completionTime !== undefined && !now.complete)
    wrong('completionTime', 'cannot set completionTime when there is no Complete=True condition')
  if (completes && completionTime === undefined && now.complete)
    errors.push(required('status.completionTime', 'completionTime is required for Complete jobs'))
  if (
    changes('startTime', 'completionTime') &&
    startTime !== undefined &&
    completionTime !== undefined &&
    Date.parse(completionTime) < Date.parse(startTime)
  )
    wrong('completionTime', 'must be equal to or after `startTime`')
  const hasNothingToDo = job.spec.suspend === true && job.spec.completions === 0
  if (changes('finished', 'startTime') && !hasNothingToDo && startTime === undefined && now.finished)
    errors.push(required('status.startTime', 'startTime is required for finished job'))
  if (old.completionTime !== undefined && completionTime !== undefined && changes('completionTime'))
    wrong('completionTime', 'field is immutable')
  const resumes = before.suspended && now.resumed
  if (old.startTime !== undefined && changes('startTime') && !resumes && !job.spec.suspend)
    wrong('startTime', 'field is immutable for unsuspended job once set')
  return errors
}

function countErrors({ job: { spec }, status, old, now, changes }: Change): FieldError[] {
  const { active = 0, ready, terminating, uncountedTerminatedPods: uncounted } = status
  const errors: FieldError[] = []
  const wrong = (field: keyof JobStatus, value: unknown, detail: string) =>
    errors.push(invalidValue(`status.${field}`, value, detail))
  if (changes('finished', 'active') && active > 0 && now.finished)
    wrong('active', active, 'active>0 is invalid for finished job')
  const notCounted = list(uncounted?.failed).length + list(uncounted?.succeeded).length
  if (changes('finished', 'uncountedTerminatedPods') && now.finished && notCounted > 0)
    wrong('uncountedTerminatedPods', uncounted, 'must be empty for finished job')
  if (changes('finished', 'terminating') && (terminating ?? 0) > 0 && now.finished)
    wrong('terminating', terminating, 'terminating>0 is invalid for finished job')
  if (changes('ready', 'active') && ready !== undefined && ready > active)
    wrong('ready', ready, 'cannot set more ready pods than active')
  if ((status.failed ?? 0) < (old.failed ?? 0))
    wrong('failed', status.failed ?? 0, 'cannot decrease the failed counter')
  // An indexed job that is scaled down has fewer indexes that can have succeeded.
  const canShrink = spec.completionMode === 'Indexed' && spec.completions === spec.parallelism
  if (!canShrink && (status.succeeded ?? 0) < (old.succeeded ?? 0))
    wrong('succeeded', status.succeeded ?? 0, 'cannot decrease the succeeded counter')
  return errors
}

function indexErrors({ job: { spec }, status, changes }: Change): FieldError[] {
  const { completions, completionMode, backoffLimitPerIndex } = spec
  const { completedIndexes = '', failedIndexes } = status
  const errors: FieldError[] = []
  const format = (name: 'completedIndexes' | 'failedIndexes', text: string) => {
    const wrong = completions === undefined ? undefined : readIndexes(text, completions).wrong
    if (wrong !== undefined) errors.push(invalidValue(`status.${name}`, text, `error parsing ${name}: ${wrong}`))
  }
  const failed = (detail: string) => errors.push(invalidValue('status.failedIndexes', failedIndexes, detail))
  if (changes('completedIndexes')) format('completedIndexes', completedIndexes)
  if (changes('failedIndexes') && failedIndexes !== undefined && backoffLimitPerIndex !== undefined)
    format('failedIndexes', failedIndexes)
  if (changes('completedIndexes') && completedIndexes !== '' && completionMode !== 'Indexed')
    errors.push(
      invalidValue(
        'status.completedIndexes',
        completedIndexes,
        'cannot set non-empty completedIndexes when non-indexed completion mode',
      ),
    )
  if (changes('failedIndexes') && failedIndexes !== undefined && backoffLimitPerIndex === undefined)
    failed('cannot set non-null failedIndexes when backoffLimitPerIndex is null')
  if (changes('failedIndexes', 'completedIndexes') && failedIndexes !== undefined && completions !== undefined) {
    const common = firstCommonIndex(completedIndexes, failedIndexes, completions)
    if (common !== undefined) failed(`failedIndexes and completedIndexes overlap at index: ${common}`)
  }
  return errors
}

export function validateJobStatus(job: Job, old: Job): FieldError[] {
  const change = changeOf(job, old)
  return [
    ...COUNTS.flatMap(field => nonNegative(`status.${field}`, job.status[field])),
    ...uncountedErrors(job.status),
    ...conditionErrors(change),
    ...timeErrors(change),
    ...countErrors(change),
    ...indexErrors(change),
  ]
}
