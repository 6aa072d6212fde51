// DeviceClasses.
import { DeviceClass } from '../../../../shared/api/resource/v1.ts'
import { nameAndAge } from '../columns/common.ts'
import { defineResource } from '../resource.ts'
import { ensureStructs, generationOnly } from '../support/strategy.ts'
import { validateConfig, validateSelectors } from './validate-requests.ts'

export const deviceClasses = defineResource<DeviceClass>({
  type: DeviceClass,
  setDefaults: deviceClass => ensureStructs(deviceClass, 'spec'),
  ...generationOnly(),
  validate: ({ spec }) => [
    ...validateSelectors('spec.selectors', spec.selectors),
    ...validateConfig('spec.config', spec.config),
  ],
  columns: nameAndAge,
})
