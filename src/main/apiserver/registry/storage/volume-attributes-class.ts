// VolumeAttributesClasses.
import { VolumeAttributesClass } from '../../../../shared/api/storage/v1.ts'
import { ageColumn, nameColumn, text } from '../columns/common.ts'
import { defineResource } from '../resource.ts'

export const volumeAttributesClasses = defineResource<VolumeAttributesClass>({
  type: VolumeAttributesClass,
  shortNames: ['vac'],
  columns: [nameColumn, text('DriverName', 'Driver of the class.', c => c.driverName), ageColumn],
})
