// Rules that several workload kinds share.
import type { PodTemplateSpec } from '../../../../shared/api/core/v1.ts'
import type { LabelSelector } from '../../../../shared/api/meta/v1.ts'
import {
  type FieldError,
  forbiddenField,
  invalidValue,
  notSupported,
  required,
} from '../../../../shared/machinery/field-error.ts'
import { percentOf } from '../../../../shared/machinery/int-or-string.ts'
import { percentText } from '../../../../shared/machinery/names.ts'
import { SelectorError, fromLabelSelector } from '../../../../shared/machinery/selectors.ts'
import { validatePodTemplate } from '../core/pod/validate-spec.ts'
import { isEmptySelector, nonNegative, obey, validateLabelSelector } from '../support/rules.ts'

/** @returns whether the selector selects the labels; undefined when the selector itself is broken */
export function selects(selector: LabelSelector | undefined, labels: Readonly<Record<string, string>> | undefined) {
  if (validateLabelSelector('', selector).length > 0) return undefined
  try {
    return fromLabelSelector(selector).matches(labels)
  } catch (error) {
    if (error instanceof SelectorError) return undefined
    throw error
  }
}

/** What is said of the selector as a whole, after what is wrong inside it. */
const BROKEN_SELECTOR: Readonly<Record<string, string>> = { deployment: 'invalid label selector', statefulset: '' }

/** Keys and operators are always printed. */
const asGoPrints = ({ matchLabels, matchExpressions }: LabelSelector) => ({
  ...(matchLabels ? { matchLabels } : {}),
  ...(matchExpressions
    ? { matchExpressions: matchExpressions.map(expression => ({ ...NO_REQUIREMENT, ...expression })) }
    : {}),
})
const NO_REQUIREMENT = { key: '', operator: '' }

/** @param kind as upstream calls it in this message: ReplicaSets say `deployment` too */
export function validateWorkloadSelector(selector: LabelSelector | undefined, kind: string): FieldError[] {
  // One that is not there selects nothing: of a DaemonSet it is told that it does not match its template.
  if (!selector) return kind === 'daemonset' ? [] : [required('spec.selector')]
  const errors = validateLabelSelector('spec.selector', selector)
  if (isEmptySelector(selector))
    errors.push(invalidValue('spec.selector', selector, `empty selector is invalid for ${kind}`))
  const broken = BROKEN_SELECTOR[kind]
  if (errors.length > 0 && broken !== undefined && !isEmptySelector(selector))
    errors.push(invalidValue('spec.selector', asGoPrints(selector), broken))
  return errors
}

export function templateMatches(selector: LabelSelector | undefined, template: PodTemplateSpec): FieldError[] {
  if (selector && isEmptySelector(selector)) return []
  const labels = template.metadata?.labels
  return selects(selector, labels) === false
    ? [invalidValue('spec.template.metadata.labels', labels ?? null, '`selector` does not match template `labels`')]
    : []
}

/** Pods of these kinds are replaced, never finished: they restart always and have no deadline. */
export function validateLongRunningTemplate(
  selector: LabelSelector | undefined,
  template: PodTemplateSpec | undefined,
  kind: string,
  old: PodTemplateSpec | undefined,
): FieldError[] {
  if (!template) return [required('spec.template')]
  // Which pods they would be is not known of a selector that is broken; then only StatefulSets tell what is wrong in them.
  const isBroken = kind !== 'DaemonSet' && selector !== undefined && validateLabelSelector('', selector).length > 0
  if (isBroken && kind !== 'StatefulSet') return []
  const errors = isBroken
    ? []
    : [...templateMatches(selector, template), ...validatePodTemplate('spec.template', template, old)]
  const at = 'spec.template.spec'
  const policy = template.spec?.restartPolicy
  if (policy !== 'Always') errors.push(notSupported(`${at}.restartPolicy`, policy ?? '', ['Always']))
  if (template.spec?.activeDeadlineSeconds !== undefined)
    errors.push(forbiddenField(`${at}.activeDeadlineSeconds`, `activeDeadlineSeconds in ${kind} is not Supported`))
  return errors
}

/** A count or a share, not negative. */
export function intOrPercent(path: string, value: number | string | undefined): FieldError[] {
  if (value === undefined) return []
  return typeof value === 'number' ? nonNegative(path, value) : obey(path, value, percentText)
}

export const atMostHundredPercent = (path: string, value: number | string | undefined): FieldError[] =>
  value !== undefined && (percentOf(value) ?? 0) > 100
    ? [invalidValue(path, value, 'must not be greater than 100%')]
    : []

/** What is no share counts as none. */
export const isZero = (value: number | string | undefined): boolean =>
  typeof value === 'string' ? (percentOf(value) ?? 0) === 0 : !value

interface Counts {
  readonly replicas?: number
  readonly readyReplicas?: number
  readonly availableReplicas?: number
  readonly updatedReplicas?: number
  readonly currentReplicas?: number
  readonly fullyLabeledReplicas?: number
  readonly unavailableReplicas?: number
  readonly terminatingReplicas?: number
  readonly observedGeneration?: number
  readonly collisionCount?: number
}

const COUNTS = [
  'observedGeneration',
  'replicas',
  'updatedReplicas',
  'readyReplicas',
  'availableReplicas',
  'unavailableReplicas',
  'currentReplicas',
  'fullyLabeledReplicas',
  'terminatingReplicas',
  'collisionCount',
] as const
/** What of all replicas the status of a kind counts. */
export const PARTS_OF_DEPLOYMENT = ['updatedReplicas', 'readyReplicas', 'availableReplicas'] as const
export const PARTS_OF_REPLICA_SET = ['fullyLabeledReplicas', 'readyReplicas', 'availableReplicas'] as const
export const PARTS_OF_STATEFUL_SET = [
  'readyReplicas',
  'currentReplicas',
  'updatedReplicas',
  'availableReplicas',
] as const

/** Counts are not negative, parts are not more than the whole, and collisions are never forgotten. */
export function validateReplicaStatus(
  parts: readonly (keyof Counts)[],
  status: Counts,
  old: Counts,
  ready = 'readyReplicas',
): FieldError[] {
  const errors = COUNTS.flatMap(field => nonNegative(`status.${field}`, status[field]))
  const { replicas = 0, readyReplicas = 0, availableReplicas = 0 } = status
  for (const field of parts) {
    const value = status[field] ?? 0
    if (value > replicas) errors.push(invalidValue(`status.${field}`, value, 'cannot be greater than status.replicas'))
  }
  if (availableReplicas > readyReplicas)
    errors.push(invalidValue('status.availableReplicas', availableReplicas, `cannot be greater than ${ready}`))
  if (old.collisionCount !== undefined && (status.collisionCount ?? -1) < old.collisionCount)
    errors.push(invalidValue('status.collisionCount', status.collisionCount ?? 0, 'cannot be decremented'))
  return errors
}
