// What an Event must look like.
import type { Event } from '../../../../shared/api/core/v1.ts'
import { type FieldError, invalidValue } from '../../../../shared/machinery/field-error.ts'

/** Objects without a namespace report into `default`, or into any namespace their reporter may write to. */
export function validateEvent({ metadata, involvedObject }: Event): FieldError[] {
  const { namespace } = involvedObject
  if (namespace && namespace !== metadata.namespace)
    return [invalidValue('involvedObject.namespace', namespace, 'does not match event.namespace')]
  return []
}
