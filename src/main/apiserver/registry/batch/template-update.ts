// What of a Job's pod template may change: where its pods go and what they get, while the Job is suspended and none of
// them runs, so that a queue can decide both.
import type { Job } from '../../../../shared/api/batch/v1.ts'
import type { Container, PodSpec, PodTemplateSpec } from '../../../../shared/api/core/v1.ts'
import { isConditionTrue } from '../../../../shared/machinery/conditions.ts'
import { deepEqual } from '../../../../shared/machinery/deep-equal.ts'
import type { FieldError } from '../../../../shared/machinery/field-error.ts'
import { immutable } from '../support/rules.ts'

const standsStill = ({ spec, status }: Job): boolean =>
  spec.suspend === true && isConditionTrue(status.conditions, 'Suspended') && (status.active ?? 0) === 0

const withoutResources = ({ resources: _, ...container }: Container) => container

function fixedPart({ nodeSelector: _n, tolerations: _t, schedulingGates: _g, ...spec }: PodSpec): unknown {
  const { nodeAffinity: _, ...affinity } = spec.affinity ?? {}
  return {
    ...spec,
    affinity: Object.keys(affinity).length > 0 ? affinity : undefined,
    containers: spec.containers.map(withoutResources),
    initContainers: spec.initContainers?.map(withoutResources),
  }
}

/** @see KEP-5440, and KEP-2926 for the fields that decide where pods go */
export function validateTemplateUpdate(template: PodTemplateSpec, before: Job): FieldError[] {
  const old = before.spec.template
  const allowed =
    standsStill(before) && template.spec && old.spec
      ? deepEqual(fixedPart(template.spec), fixedPart(old.spec))
      : deepEqual(template, old)
  return allowed ? [] : immutable('spec.template', template, old)
}
