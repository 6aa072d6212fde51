// VolumeAttributesClasses.
import { VolumeAttributesClass } from '../../../../shared/api/storage/v1.ts'
import { ageColumn, nameColumn, text } from '../columns/common.ts'
import { defineResource } from '../resource.ts'
import { validateAttributesClass, validateAttributesClassUpdate } from './validate-storage-class.ts'

export const volumeAttributesClasses = defineResource<VolumeAttributesClass>({
  type: VolumeAttributesClass,
  shortNames: ['vac'],
  validate: validateAttributesClass,
  validateUpdate: validateAttributesClassUpdate,
  columns: [nameColumn, text('DriverName', 'Driver of the class.', c => c.driverName), ageColumn],
})
