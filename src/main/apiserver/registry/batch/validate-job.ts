// What a Job must look like.
import type { Job, JobSpec, PodFailurePolicyRule } from '../../../../shared/api/batch/v1.ts'
import {
  type FieldError,
  duplicate,
  invalidField,
  invalidValue,
  notSupported,
  required,
  tooLong,
} from '../../../../shared/machinery/field-error.ts'
import { dns1123Label, qualifiedName } from '../../../../shared/machinery/names.ts'
import { selects, templateMatches } from '../apps/validate.ts'
import { validatePodTemplate } from '../core/pod/validate-spec.ts'
import { list, lookup } from '../support/collections.ts'
import {
  atMost,
  domainPrefixedPath,
  each,
  immutable,
  nonNegative,
  obey,
  optionalOneOf,
  validateLabelSelector,
} from '../support/rules.ts'
import { validateSuccessPolicy } from './validate-success-policy.ts'
import { validateTemplateUpdate } from './template-update.ts'

const COMPLETION_MODES = ['NonIndexed', 'Indexed']
const ACTIONS = ['Count', 'FailIndex', 'FailJob', 'Ignore']
const MAX_PARALLEL_INDEXED = 100_000
const MANY = 100_000
/** Of the indexes of a job that has many: how many may run at once, and how many may fail. */
const MOST_OF_MANY = 10_000

function indexedErrors(path: string, spec: JobSpec): FieldError[] {
  const { completions, parallelism = 0, maxFailedIndexes, backoffLimitPerIndex } = spec
  if (spec.completionMode === undefined || spec.completionMode === 'NonIndexed')
    return [
      ...(backoffLimitPerIndex === undefined
        ? []
        : [invalidValue(`${path}.backoffLimitPerIndex`, backoffLimitPerIndex, 'requires indexed completion mode')]),
      ...(maxFailedIndexes === undefined
        ? []
        : [invalidValue(`${path}.maxFailedIndexes`, maxFailedIndexes, 'requires indexed completion mode')]),
    ]
  // Of a mode that is none, that alone is told.
  if (spec.completionMode !== 'Indexed') return []
  const errors: FieldError[] = []
  if (completions === undefined) errors.push(required(`${path}.completions`, 'when completion mode is Indexed'))
  if (parallelism > MAX_PARALLEL_INDEXED)
    errors.push(
      invalidValue(
        `${path}.parallelism`,
        parallelism,
        `must be less than or equal to ${MAX_PARALLEL_INDEXED} when completion mode is Indexed`,
      ),
    )
  if (completions !== undefined && maxFailedIndexes !== undefined && maxFailedIndexes > completions)
    errors.push(invalidValue(`${path}.maxFailedIndexes`, maxFailedIndexes, 'must be less than or equal to completions'))
  if (maxFailedIndexes !== undefined && maxFailedIndexes > MANY)
    errors.push(invalidValue(`${path}.maxFailedIndexes`, maxFailedIndexes, `must be less than or equal to ${MANY}`))
  if ((completions ?? 0) > MANY && backoffLimitPerIndex !== undefined) {
    const most = `must be less than or equal to ${MOST_OF_MANY} when completions are above ${MANY} and used with backoff limit per index`
    if (maxFailedIndexes === undefined)
      errors.push(required(`${path}.maxFailedIndexes`, `must be specified when completions is above ${MANY}`))
    if (parallelism > MOST_OF_MANY) errors.push(invalidValue(`${path}.parallelism`, parallelism, most))
    if (maxFailedIndexes !== undefined && maxFailedIndexes > MOST_OF_MANY)
      errors.push(invalidValue(`${path}.maxFailedIndexes`, maxFailedIndexes, most))
  }
  return errors
}

function ruleErrors(path: string, rule: PodFailurePolicyRule, spec: JobSpec): FieldError[] {
  const errors: FieldError[] = []
  const { action, onExitCodes: codes, onPodConditions: conditions } = rule
  if (!action)
    errors.push(required(`${path}.action`, `valid values: [${ACTIONS.map(a => JSON.stringify(a)).join(' ')}]`))
  else if (action === 'FailIndex' && spec.backoffLimitPerIndex === undefined)
    errors.push(invalidValue(`${path}.action`, action, 'requires the backoffLimitPerIndex to be set'))
  else errors.push(...optionalOneOf(`${path}.action`, action, ACTIONS))
  if (codes) {
    const at = `${path}.onExitCodes`
    if (!codes.operator) errors.push(required(`${at}.operator`, 'valid values: ["In" "NotIn"]'))
    else if (!['In', 'NotIn'].includes(codes.operator))
      errors.push(notSupported(`${at}.operator`, codes.operator ?? '', ['In', 'NotIn']))
    const values = list(codes.values)
    if (values.length === 0) errors.push(invalidValue(`${at}.values`, values, 'at least one value is required'))
    else errors.push(...atMost(`${at}.values`, values, 255))
    const seen = new Set<number>()
    for (const [i, value] of values.entries()) {
      if (codes.operator === 'In' && value === 0)
        errors.push(invalidValue(`${at}.values[${i}]`, value, 'must not be 0 for the In operator'))
      if (seen.has(value)) errors.push(duplicate(`${at}.values[${i}]`, value))
      seen.add(value)
    }
    if (values.some((value, i) => value < (values[i - 1] ?? value)))
      errors.push(invalidValue(`${at}.values`, values, 'must be ordered'))
    const names = [...list(spec.template?.spec?.containers), ...list(spec.template?.spec?.initContainers)].map(
      c => c.name,
    )
    if (codes.containerName !== undefined && !names.includes(codes.containerName))
      errors.push(
        invalidValue(
          `${at}.containerName`,
          codes.containerName,
          'must be one of the container or initContainer names in the pod template',
        ),
      )
  }
  errors.push(...atMost(`${path}.onPodConditions`, conditions, 20))
  errors.push(
    ...each(`${path}.onPodConditions`, conditions, (at, { type, status }) => [
      ...obey(`${at}.type`, type ?? '', qualifiedName),
      ...optionalOneOf(`${at}.status`, status, ['False', 'True', 'Unknown']),
    ]),
  )
  const both = codes !== undefined && list(conditions).length > 0
  const none = codes === undefined && list(conditions).length === 0
  const which = both
    ? 'specifying both OnExitCodes and OnPodConditions is not supported'
    : 'specifying one of OnExitCodes and OnPodConditions is required'
  if (both || none) errors.push(invalidField(path, which))
  return errors
}

function restartErrors(path: string, spec: JobSpec): FieldError[] {
  const at = `${path}.template.spec.restartPolicy`
  const policy = spec.template?.spec?.restartPolicy
  const valid = ['OnFailure', 'Never']
  if (!policy || policy === 'Always') return [required(at, 'valid values: "OnFailure", "Never"')]
  if (!valid.includes(policy)) return [notSupported(at, policy, valid)]
  return spec.podFailurePolicy && policy !== 'Never'
    ? [invalidValue(at, policy, 'only "Never" is supported when podFailurePolicy is specified')]
    : []
}

/** The spec without its selector: what cron jobs check of their templates. */
export function validateJobTemplateSpec(path: string, spec: JobSpec, old?: JobSpec): FieldError[] {
  const errors = (
    [
      'parallelism',
      'completions',
      'activeDeadlineSeconds',
      'backoffLimit',
      'ttlSecondsAfterFinished',
      'backoffLimitPerIndex',
      'maxFailedIndexes',
    ] as const
  ).flatMap(field => nonNegative(`${path}.${field}`, spec[field]))
  if (spec.maxFailedIndexes !== undefined && spec.backoffLimitPerIndex === undefined)
    errors.push(required(`${path}.backoffLimitPerIndex`, 'when maxFailedIndexes is specified'))
  if (spec.managedBy !== undefined) {
    errors.push(...domainPrefixedPath(`${path}.managedBy`, spec.managedBy))
    if (spec.managedBy.length > 63) errors.push(tooLong(`${path}.managedBy`, 63))
  }
  errors.push(...optionalOneOf(`${path}.completionMode`, spec.completionMode, COMPLETION_MODES))
  errors.push(...indexedErrors(path, spec))
  const rules = list(spec.podFailurePolicy?.rules)
  errors.push(...atMost(`${path}.podFailurePolicy.rules`, rules, 20))
  errors.push(...each(`${path}.podFailurePolicy.rules`, rules, (at, rule) => ruleErrors(at, rule, spec)))
  errors.push(...validateSuccessPolicy(`${path}.successPolicy`, spec))
  errors.push(
    ...optionalOneOf(
      `${path}.podReplacementPolicy`,
      spec.podReplacementPolicy,
      spec.podFailurePolicy ? ['Failed'] : ['Failed', 'TerminatingOrFailed'],
    ),
  )
  if (spec.template) errors.push(...validatePodTemplate(`${path}.template`, spec.template, old?.template))
  else errors.push(required(`${path}.template`))
  return [...errors, ...restartErrors(path, spec)]
}

/** Unless selected by hand, only the server makes selectors: a wrong one would adopt another job's pods. */
function generatedSelectorErrors({ spec, metadata: { name = '', uid = '' } }: Job): FieldError[] {
  if (spec.manualSelector || !spec.selector) return []
  const labels = spec.template?.metadata?.labels
  const own: Readonly<Record<string, string>> = {
    'controller-uid': uid,
    'job-name': name,
    'batch.kubernetes.io/controller-uid': uid,
    'batch.kubernetes.io/job-name': name,
  }
  const errors = Object.entries(own).flatMap(([label, wanted]) => {
    const value = lookup(labels, label)
    const at = `spec.template.metadata.labels[${label}]`
    if (value === undefined) return [required(at, `must be '${wanted}'`)]
    return value === wanted ? [] : [invalidValue(at, labels, `must be '${wanted}'`)]
  })
  if (selects(spec.selector, own) === false)
    errors.push(invalidValue('spec.selector', spec.selector, '`selector` not auto-generated'))
  return errors
}

/** Each pod of an indexed job has a host name that ends with its index. */
function podNameErrors({ metadata: { name = '' }, spec: { completionMode, completions = 0 } }: Job): FieldError[] {
  if (completionMode !== 'Indexed' || completions <= 0) return []
  const longest = `${name}-${completions - 1}`
  return dns1123Label(longest).length === 0
    ? []
    : [invalidValue('metadata.name', name, `will not able to create pod with invalid DNS label: ${longest}`)]
}

export function validateJob(job: Job, old?: Job): FieldError[] {
  const { spec } = job
  const errors = generatedSelectorErrors(job)
  if (!spec.selector) errors.push(required('spec.selector'))
  else errors.push(...validateLabelSelector('spec.selector', spec.selector))
  errors.push(...validateJobTemplateSpec('spec', spec, old?.spec))
  errors.push(...podNameErrors(job))
  if (spec.template) errors.push(...templateMatches(spec.selector, spec.template))
  return errors
}

export function validateJobUpdate({ spec }: Job, before: Job): FieldError[] {
  const old = before.spec
  // An indexed job may be resized as long as completions and parallelism change together.
  const completions =
    spec.completionMode !== 'Indexed'
      ? immutable('spec.completions', spec.completions, old.completions)
      : [undefined, old.completions, spec.parallelism].includes(spec.completions)
        ? []
        : [invalidValue('spec.completions', spec.completions, 'can only be modified in tandem with spec.parallelism')]
  return [
    ...completions,
    ...immutable('spec.selector', spec.selector, old.selector),
    ...validateTemplateUpdate(spec.template, before),
    ...immutable('spec.completionMode', spec.completionMode, old.completionMode),
    ...immutable('spec.podFailurePolicy', spec.podFailurePolicy, old.podFailurePolicy),
    ...immutable('spec.backoffLimitPerIndex', spec.backoffLimitPerIndex, old.backoffLimitPerIndex),
    ...immutable('spec.managedBy', spec.managedBy, old.managedBy),
    ...immutable('spec.successPolicy', spec.successPolicy, old.successPolicy),
  ]
}
