// DeviceClasses.
import { DeviceClass } from '../../../../shared/api/resource/v1.ts'
import { deepEqual } from '../../../../shared/machinery/deep-equal.ts'
import { nameAndAge } from '../columns/common.ts'
import { defineResource } from '../resource.ts'
import { ensureStructs, generationOnly } from '../support/strategy.ts'
import { validateConfig } from './validate-requests.ts'
import { compileErrors, validateSelectors } from './validate-selectors.ts'

export const deviceClasses = defineResource<DeviceClass>({
  type: DeviceClass,
  setDefaults: deviceClass => ensureStructs(deviceClass, 'spec'),
  ...generationOnly(),
  validate: ({ spec }) => [
    ...validateSelectors('spec.selectors', spec.selectors),
    ...validateConfig('spec.config', spec.config),
  ],
  check: async ({ spec: { selectors } }, old) =>
    old && deepEqual(selectors, old.spec.selectors) ? [] : compileErrors([{ path: 'spec.selectors', selectors }]),
  columns: nameAndAge,
})
