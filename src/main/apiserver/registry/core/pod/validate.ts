// Pods as a whole.
import type { Pod } from '../../../../../shared/api/core/v1.ts'
import { type FieldError, forbiddenField } from '../../../../../shared/machinery/field-error.ts'
import { list } from '../../support/collections.ts'
import { each } from '../../support/rules.ts'
import { annotationErrors, profilesThatDiffer } from './validate-annotations.ts'
import { trimmedImage } from './validate-containers.ts'
import { validatePodSpec } from './validate-spec.ts'

export function validatePod(pod: Pod): FieldError[] {
  const { spec, metadata } = pod
  // Later only what changes is looked at.
  const isNew = !metadata.resourceVersion
  const errors = [
    ...(isNew ? annotationErrors('metadata.annotations', metadata.annotations, spec) : []),
    ...validatePodSpec('spec', spec, metadata),
  ]
  if (!spec.serviceAccountName)
    errors.push(
      ...each('spec.volumes', spec.volumes, (at, volume) =>
        each(`${at}.projected.sources`, volume.projected?.sources, (p, source) =>
          source.serviceAccountToken
            ? [forbiddenField(`${p}.serviceAccountToken`, 'must not be specified when serviceAccountName is not set')]
            : [],
        ),
      ),
    )
  errors.push(...each('spec.containers', spec.containers, (at, container) => trimmedImage(at, container.image)))
  errors.push(...each('spec.initContainers', spec.initContainers, (at, c) => trimmedImage(at, c.image)))
  return errors
}

/** Only a pod that is new: later both have their own subresources. */
export function validateNewPod(pod: Pod): FieldError[] {
  const errors: FieldError[] = []
  if (list(pod.spec.ephemeralContainers).length > 0)
    errors.push(forbiddenField('spec.ephemeralContainers', 'cannot be set on create'))
  if (pod.spec.nodeName && list(pod.spec.schedulingGates).length > 0)
    errors.push(forbiddenField('spec.nodeName', 'cannot be set until all schedulingGates have been cleared'))
  errors.push(...profilesThatDiffer('spec', pod.metadata.annotations, pod.spec))
  return errors
}
