// VolumeAttributesClasses.
import { VolumeAttributesClass } from '../../../../shared/api/storage/v1.ts'
import { required } from '../../../../shared/machinery/field-error.ts'
import { isEmpty } from '../support/collections.ts'
import { ageColumn, nameColumn, text } from '../columns/common.ts'
import { defineResource } from '../resource.ts'

export const volumeAttributesClasses = defineResource<VolumeAttributesClass>({
  type: VolumeAttributesClass,
  shortNames: ['vac'],
  validate: ({ parameters }) =>
    isEmpty(parameters ?? {}) ? [required('parameters', 'must contain at least one key/value pair')] : [],
  columns: [nameColumn, text('DriverName', 'Driver of the class.', c => c.driverName), ageColumn],
})
