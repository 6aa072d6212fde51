// DeviceClasses.
import { DeviceClass } from '../../../../shared/api/resource/v1.ts'
import { nameAndAge } from '../columns/common.ts'
import { defineResource } from '../resource.ts'
import { ensureStructs, generationOnly } from '../support/strategy.ts'

export const deviceClasses = defineResource<DeviceClass>({
  type: DeviceClass,
  setDefaults: deviceClass => ensureStructs(deviceClass, 'spec'),
  ...generationOnly(),
  columns: nameAndAge,
})
