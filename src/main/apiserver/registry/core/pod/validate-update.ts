// What may change in a pod that exists: images, deadlines, more tolerations, and less to wait for.
import type { Container, Pod, PodSpec } from '../../../../../shared/api/core/v1.ts'
import { deepEqual } from '../../../../../shared/machinery/deep-equal.ts'
import {
  type FieldError,
  forbiddenField,
  invalidValue,
  required,
  showValue,
} from '../../../../../shared/machinery/field-error.ts'
import { entries, list, lookup } from '../../support/collections.ts'
import { MAX_INT32, between, obey } from '../../support/rules.ts'
import { onlyAddedTolerations, onlyDeletedGates } from './validate-scheduling.ts'
import { annotationUpdateErrors } from './validate-annotations.ts'
import { trimmedImage } from './validate-containers.ts'

const UPDATABLE = [
  '`spec.containers[*].image`',
  '`spec.initContainers[*].image`',
  '`spec.activeDeadlineSeconds`',
  '`spec.tolerations` (only additions to existing tolerations)',
  '`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)',
].join(',')

function containerUpdates(path: string, now: readonly Container[], old: readonly Container[]): FieldError[] | 'stop' {
  if (now.length !== old.length) return 'stop'
  return now.flatMap((container, i) => [
    ...(container.image ? [] : [required(`${path}[${i}].image`)]),
    ...trimmedImage(`${path}[${i}]`, container.image),
  ])
}

function deadlineErrors(path: string, now: number | undefined, old: number | undefined): FieldError[] {
  if (now === undefined)
    return old === undefined ? [] : [invalidValue(path, null, 'must not update from a positive integer to nil value')]
  const errors = obey(path, now, between(0, MAX_INT32))
  if (errors.length === 0 && old !== undefined && old < now)
    errors.push(invalidValue(path, now, 'must be less than or equal to previous value'))
  return errors
}

/** While a pod waits behind gates, its choice of nodes may become narrower. */
function nodeSelectorMutation(now: PodSpec, old: PodSpec): FieldError[] {
  const narrower = entries(old.nodeSelector).every(([key, value]) => lookup(now.nodeSelector, key) === value)
  return narrower
    ? []
    : [
        invalidValue(
          'spec.nodeSelector',
          now.nodeSelector ?? null,
          'only additions to spec.nodeSelector are allowed (no mutations or deletions)',
        ),
      ]
}

const images = (containers: readonly Container[], old: readonly Container[]): Container[] =>
  containers.map((container, i) => {
    const before = old[i]?.image
    const { image: _image, ...rest } = container
    return before === undefined ? rest : { ...rest, image: before }
  })

/** The new spec with everything put back that may change: what is left must equal the old one. */
function withoutUpdatable(now: PodSpec, old: PodSpec, gated: boolean): PodSpec {
  const kept: Partial<PodSpec> = {
    containers: images(list(now.containers), list(old.containers)),
    ...(now.initContainers ? { initContainers: images(now.initContainers, list(old.initContainers)) } : {}),
  }
  const result: PodSpec = { ...now, ...kept, containers: kept.containers ?? [] }
  const restore = (field: 'activeDeadlineSeconds' | 'schedulingGates' | 'tolerations' | 'nodeSelector') => {
    if (old[field] === undefined) delete result[field]
    else Object.assign(result, { [field]: old[field] })
  }
  restore('activeDeadlineSeconds')
  restore('schedulingGates')
  restore('tolerations')
  const grace = old.terminationGracePeriodSeconds
  if (grace !== undefined && grace < 0 && now.terminationGracePeriodSeconds === 1)
    result.terminationGracePeriodSeconds = grace
  if (gated) {
    restore('nodeSelector')
    const { nodeAffinity: _now, ...affinity } = now.affinity ?? {}
    const before = old.affinity?.nodeAffinity
    if (before) result.affinity = { ...affinity, nodeAffinity: before }
    else if (Object.keys(affinity).length > 0 || old.affinity) result.affinity = affinity
    else delete result.affinity
  }
  return result
}

/** Changed fields as lines of `-` and `+`. */
function difference(now: unknown, old: unknown, path = 'spec'): string[] {
  if (deepEqual(now, old)) return []
  const both = [now, old]
  if (both.every(value => typeof value === 'object' && value !== null && !Array.isArray(value))) {
    const [a, b] = both as [Record<string, unknown>, Record<string, unknown>]
    const keys = new Set([...Object.keys(a), ...Object.keys(b)])
    return [...keys].sort().flatMap(key => difference(a[key], b[key], `${path}.${key}`))
  }
  if (Array.isArray(now) && Array.isArray(old) && now.length === old.length)
    return now.flatMap((item, i) => difference(item, old[i], `${path}[${i}]`))
  return [
    ...(old === undefined ? [] : [`- ${path}: ${showValue(old)}`]),
    ...(now === undefined ? [] : [`+ ${path}: ${showValue(now)}`]),
  ]
}

export function validatePodUpdate(pod: Pod, before: Pod): FieldError[] {
  const { spec } = pod
  const old = before.spec
  const errors = annotationUpdateErrors(pod, before)
  for (const field of ['containers', 'initContainers'] as const) {
    const found = containerUpdates(`spec.${field}`, list(spec[field]), list(old[field]))
    if (found === 'stop')
      return [...errors, forbiddenField(`spec.${field}`, 'pod updates may not add or remove containers')]
    errors.push(...found)
  }
  errors.push(...deadlineErrors('spec.activeDeadlineSeconds', spec.activeDeadlineSeconds, old.activeDeadlineSeconds))
  errors.push(...onlyAddedTolerations('spec.tolerations', spec.tolerations, old.tolerations))
  errors.push(...onlyDeletedGates('spec.schedulingGates', spec.schedulingGates, old.schedulingGates))
  const gated = list(old.schedulingGates).length > 0
  if (gated) errors.push(...nodeSelectorMutation(spec, old))
  const rest = withoutUpdatable(spec, old, gated)
  if (!deepEqual(rest, old))
    errors.push(
      forbiddenField(
        'spec',
        `pod updates may not change fields other than ${UPDATABLE}\n${difference(rest, old).join('\n')}\n`,
      ),
    )
  return errors
}
