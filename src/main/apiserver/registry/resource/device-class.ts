// DeviceClasses.
import { DeviceClass } from '../../../../shared/api/resource/v1.ts'
import { deepEqual } from '../../../../shared/machinery/deep-equal.ts'
import { type FieldError, invalidValue } from '../../../../shared/machinery/field-error.ts'
import { longName } from '../../../../shared/machinery/names.ts'
import { nameAndAge } from '../columns/common.ts'
import { defineResource } from '../resource.ts'
import { isExtended } from '../support/resource-names.ts'
import { ensureStructs, generationOnly } from '../support/strategy.ts'
import { validateConfig } from './validate-requests.ts'
import { compileErrors, validateSelectors } from './validate-selectors.ts'

const extendedNameErrors = (name: string | undefined): FieldError[] =>
  name === undefined || isExtended(name)
    ? []
    : [invalidValue('spec.extendedResourceName', name, 'must be a valid extended resource name')]

export const deviceClasses = defineResource<DeviceClass>({
  type: DeviceClass,
  setDefaults: deviceClass => ensureStructs(deviceClass, 'spec'),
  ...generationOnly(),
  validateName: longName,
  validate: ({ spec }) => [
    ...validateSelectors('spec.selectors', spec.selectors),
    ...validateConfig('spec.config', spec.config),
    ...extendedNameErrors(spec.extendedResourceName),
  ],
  check: async ({ spec: { selectors } }, old) =>
    old && deepEqual(selectors, old.spec.selectors) ? [] : compileErrors([{ path: 'spec.selectors', selectors }]),
  columns: nameAndAge,
})
