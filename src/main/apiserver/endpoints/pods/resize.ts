// pods/resize: CPU and memory of a running pod, of its containers and of it as a whole.
// @see https://kubernetes.io/docs/tasks/configure-pod-container/resize-container-resources/
// @see https://kubernetes.io/docs/tasks/configure-pod-container/resize-pod-resources/
import { type Container, Pod, type ResourceRequirements } from '../../../../shared/api/core/v1.ts'
import { deepEqual } from '../../../../shared/machinery/deep-equal.ts'
import { type FieldError, forbiddenField, invalidValue } from '../../../../shared/machinery/field-error.ts'
import type { AnyObject } from '../../../../shared/machinery/object.ts'
import { asksAsWhole } from '../../../../shared/machinery/quota-pod-usage.ts'
import { qosClass } from '../../../../shared/machinery/qos.ts'
import { validatePod } from '../../registry/core/pod/validate.ts'
import { bumpGeneration } from '../../registry/support/strategy.ts'
import { objectPart } from '../object-part.ts'

const asPod = (object: AnyObject) => object as unknown as Pod
const MIRROR = 'kubernetes.io/config.mirror'
const RESIZABLE = new Set(['cpu', 'memory'])

/** A list with other names than the stored one is taken as it is: validation refuses it. */
function withResources(stored: readonly Container[], wanted: readonly Container[]): Container[] {
  if (!isSameOrder(stored, wanted)) return [...wanted]
  return stored.map(({ resources: _, ...container }, i) => {
    const { resources, resizePolicy } = wanted[i] ?? {}
    return { ...container, ...(resources ? { resources } : {}), ...(resizePolicy ? { resizePolicy } : {}) }
  })
}

const isSameOrder = (a: readonly Container[], b: readonly Container[]): boolean =>
  a.length === b.length && a.every(({ name }, i) => name === b[i]?.name)

const LISTS = ['initContainers', 'containers'] as const
type List = (typeof LISTS)[number]

function validateOrder(list: List, now: readonly Container[], old: readonly Container[]): FieldError[] {
  const path = `spec.${list}`
  if (now.length !== old.length) return [forbiddenField(path, `${list} may not be added or removed on resize`)]
  return now.flatMap(({ name }, i) =>
    name === old[i]?.name
      ? []
      : [forbiddenField(`${path}[${i}].name`, `${list} may not be renamed or reordered on resize`)],
  )
}

type Amounts = Readonly<Record<string, string | number>> | undefined
const others = (amounts: Amounts = {}) =>
  Object.fromEntries(Object.entries(amounts).filter(([resource]) => !RESIZABLE.has(resource)))
const isRemoved = (now: Amounts, old: Amounts) =>
  [...RESIZABLE].some(resource => old?.[resource] !== undefined && now?.[resource] === undefined)

/** @param path of the resources @param whose how the messages begin */
function removals(path: string, whose: string, now: ResourceRequirements, old: ResourceRequirements): FieldError[] {
  return (['requests', 'limits'] as const).flatMap(part =>
    isRemoved(now[part], old[part]) ? [forbiddenField(`${path}.${part}`, `${whose} ${part} cannot be removed`)] : [],
  )
}

const sameOthers = (a: ResourceRequirements, b: ResourceRequirements): boolean =>
  deepEqual(others(a.requests), others(b.requests)) &&
  deepEqual(others(a.limits), others(b.limits)) &&
  deepEqual(a.claims ?? [], b.claims ?? [])

function validateWhole({ spec: now }: Pod, { spec: old }: Pod): FieldError[] {
  if (!asksAsWhole(now) && !asksAsWhole(old)) return []
  const path = 'spec.resources'
  if (old.resources && !now.resources) return [forbiddenField(path, 'pod-level resources cannot be removed')]
  const [a, b] = [now.resources ?? {}, old.resources ?? {}]
  return [
    ...removals(path, 'pod-level resource', a, b),
    ...(sameOthers(a, b) ? [] : [forbiddenField('spec', 'only cpu and memory resources are mutable at pod-level')]),
  ]
}

function validateContainers(list: List, now: readonly Container[], old: readonly Container[]): FieldError[] {
  return now.flatMap((container, i) => {
    const before = old[i]
    if (!before || deepEqual(container.resources ?? {}, before.resources ?? {})) return []
    const path = `spec.${list}[${i}]`
    const [a, b] = [container.resources ?? {}, before.resources ?? {}]
    const errors = removals(`${path}.resources`, 'resource', a, b)
    if (!sameOthers(a, b))
      errors.push(
        list === 'containers'
          ? forbiddenField('spec', 'only cpu and memory resources are mutable')
          : forbiddenField(path, 'only cpu and memory resources for init or sidecar containers are mutable'),
      )
    const restarts = container.resizePolicy?.some(({ restartPolicy }) => restartPolicy === 'RestartContainer')
    if (list === 'initContainers' && container.restartPolicy !== 'Always' && restarts)
      errors.push(
        forbiddenField(path, 'non-sidecar init containers with a resize policy of RestartContainer cannot be resized'),
      )
    return errors
  })
}

/** What cannot be resized at all, whatever is asked for. */
function refusal({ metadata, spec }: Pod): FieldError | undefined {
  if (metadata.annotations?.[MIRROR] !== undefined) return forbiddenField('', 'static pods cannot be resized')
  return spec.os?.name === 'windows' ? forbiddenField('', 'windows pods cannot be resized') : undefined
}

function validateResize(object: AnyObject, before: AnyObject): FieldError[] {
  const [pod, old] = [asPod(object), asPod(before)]
  const refused = refusal(old)
  if (refused) return [refused]
  const over = (check: typeof validateContainers) =>
    LISTS.flatMap(list => check(list, pod.spec[list] ?? [], old.spec[list] ?? []))
  const misplaced = over(validateOrder)
  if (misplaced.length > 0) return misplaced
  const quality = qosClass(pod)
  return [
    ...validateWhole(pod, old),
    ...over(validateContainers),
    ...(old.status.qosClass && quality !== old.status.qosClass
      ? [invalidValue('spec', quality, 'Pod QOS Class may not change as a result of resizing')]
      : []),
    ...validatePod(pod),
  ]
}

export const podResize = objectPart({
  type: Pod,
  subresource: 'resize',
  take(copy, wanted) {
    const { spec } = asPod(copy)
    for (const list of LISTS) {
      const [stored = [], next = []] = [spec[list], asPod(wanted).spec?.[list]]
      if (stored.length + next.length > 0) spec[list] = withResources(stored, next)
    }
    const whole = asPod(wanted).spec?.resources
    if (whole) spec.resources = whole
    else delete spec.resources
  },
  prepare: bumpGeneration,
  validate: validateResize,
})
