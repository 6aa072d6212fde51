// pods/ephemeralcontainers: debugging containers join a running pod; what is there stays as it is.
// @see https://kubernetes.io/docs/concepts/workloads/pods/ephemeral-containers/
import { Pod } from '../../../../shared/api/core/v1.ts'
import { deepEqual } from '../../../../shared/machinery/deep-equal.ts'
import { type FieldError, forbiddenField } from '../../../../shared/machinery/field-error.ts'
import type { AnyObject } from '../../../../shared/machinery/object.ts'
import { validatePod } from '../../registry/core/pod/validate.ts'
import { bumpGeneration } from '../../registry/support/strategy.ts'
import { objectPart } from '../object-part.ts'

const asPod = (object: AnyObject) => object as unknown as Pod

function onlyAdded(object: AnyObject, before: AnyObject): FieldError[] {
  const path = 'spec.ephemeralContainers'
  const now = asPod(object).spec.ephemeralContainers ?? []
  const old = asPod(before).spec.ephemeralContainers ?? []
  const byName = new Map(now.map(container => [container.name, container]))
  return old.flatMap(container => {
    const same = byName.get(container.name)
    if (!same) return [forbiddenField(path, `existing ephemeral containers "${container.name}" may not be removed`)]
    if (!deepEqual(same, container))
      return [forbiddenField(path, `existing ephemeral containers "${container.name}" may not be changed`)]
    return []
  })
}

export const podEphemeralContainers = objectPart({
  type: Pod,
  subresource: 'ephemeralcontainers',
  take(copy, wanted) {
    const { ephemeralContainers } = asPod(wanted).spec ?? {}
    if (ephemeralContainers?.length) asPod(copy).spec.ephemeralContainers = ephemeralContainers
    else delete asPod(copy).spec.ephemeralContainers
  },
  prepare: bumpGeneration,
  validate: (object, old) => [...onlyAdded(object, old), ...validatePod(asPod(object))],
})
