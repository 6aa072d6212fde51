// pods/resize: CPU and memory of a running pod's containers.
// @see https://kubernetes.io/docs/tasks/configure-pod-container/resize-container-resources/
import { type Container, Pod } from '../../../../shared/api/core/v1.ts'
import { deepEqual } from '../../../../shared/machinery/deep-equal.ts'
import { type FieldError, forbiddenField, invalidValue } from '../../../../shared/machinery/field-error.ts'
import type { AnyObject } from '../../../../shared/machinery/object.ts'
import { qosClass } from '../../registry/core/pod/qos.ts'
import { validatePod } from '../../registry/core/pod/validate.ts'
import { bumpGeneration } from '../../registry/support/strategy.ts'
import { objectPart } from '../object-part.ts'

const asPod = (object: AnyObject) => object as unknown as Pod
const RESIZABLE = new Set(['cpu', 'memory'])

function takeResources(copies: readonly Container[] = [], wanted: readonly Container[] = []): void {
  for (const copy of copies) {
    const next = wanted.find(({ name }) => name === copy.name)
    if (!next) continue
    if (next.resources) copy.resources = next.resources
    else delete copy.resources
    if (next.resizePolicy) copy.resizePolicy = next.resizePolicy
  }
}

type Amounts = Readonly<Record<string, string | number>> | undefined
const others = (amounts: Amounts = {}) =>
  Object.fromEntries(Object.entries(amounts).filter(([resource]) => !RESIZABLE.has(resource)))
const isRemoved = (now: Amounts, old: Amounts) =>
  [...RESIZABLE].some(resource => old?.[resource] !== undefined && now?.[resource] === undefined)

function validateContainers(
  path: string,
  now: readonly Container[] = [],
  old: readonly Container[] = [],
): FieldError[] {
  return now.flatMap((container, i) => {
    const before = old[i]
    if (!before || deepEqual(container.resources ?? {}, before.resources ?? {})) return []
    const at = `${path}[${i}].resources`
    const [a, b] = [container.resources ?? {}, before.resources ?? {}]
    const restarts = path === 'spec.containers' || container.restartPolicy === 'Always'
    if (
      !restarts ||
      !deepEqual(others(a.requests), others(b.requests)) ||
      !deepEqual(others(a.limits), others(b.limits))
    )
      return [forbiddenField('spec', 'only cpu and memory resources for sidecar and main containers are mutable')]
    return [
      ...(isRemoved(a.limits, b.limits) ? [forbiddenField(`${at}.limits`, 'resource limits cannot be removed')] : []),
      ...(isRemoved(a.requests, b.requests)
        ? [forbiddenField(`${at}.requests`, 'resource requests cannot be removed')]
        : []),
    ]
  })
}

function validateResize(object: AnyObject, before: AnyObject): FieldError[] {
  const [pod, old] = [asPod(object), asPod(before)]
  const quality = qosClass(pod)
  return [
    ...validateContainers('spec.containers', pod.spec.containers, old.spec.containers),
    ...validateContainers('spec.initContainers', pod.spec.initContainers, old.spec.initContainers),
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
    const { spec } = asPod(wanted)
    takeResources(asPod(copy).spec.containers, spec?.containers)
    takeResources(asPod(copy).spec.initContainers, spec?.initContainers)
  },
  prepare: bumpGeneration,
  validate: validateResize,
})
