// What a ReplicationController must look like.
import type { ReplicationController } from '../../../../shared/api/core/v1.ts'
import {
  type FieldError,
  forbiddenField,
  invalidValue,
  notSupported,
  required,
} from '../../../../shared/machinery/field-error.ts'
import { fromMatchLabels } from '../../../../shared/machinery/selectors.ts'
import { isEmpty } from '../support/collections.ts'
import { nonNegative } from '../support/rules.ts'
import { validatePodTemplate } from './pod/validate-spec.ts'

export function validateReplicationController(
  { spec }: ReplicationController,
  old?: ReplicationController,
): FieldError[] {
  const errors = [
    ...nonNegative('spec.minReadySeconds', spec.minReadySeconds),
    ...(isEmpty(spec.selector) ? [required('spec.selector')] : []),
    ...nonNegative('spec.replicas', spec.replicas),
  ]
  const { template } = spec
  if (!template) return [...errors, required('spec.template')]
  const labels = template.metadata?.labels
  if (!isEmpty(spec.selector) && !fromMatchLabels(spec.selector).matches(labels))
    errors.push(
      invalidValue('spec.template.metadata.labels', labels ?? null, '`selector` does not match template `labels`'),
    )
  errors.push(...validatePodTemplate('spec.template', template, old?.spec.template))
  const policy = template.spec?.restartPolicy
  if (policy !== 'Always') errors.push(notSupported('spec.template.spec.restartPolicy', policy ?? '', ['Always']))
  if (template.spec?.activeDeadlineSeconds !== undefined)
    errors.push(
      forbiddenField(
        'spec.template.spec.activeDeadlineSeconds',
        'activeDeadlineSeconds in ReplicationController is not Supported',
      ),
    )
  return errors
}
