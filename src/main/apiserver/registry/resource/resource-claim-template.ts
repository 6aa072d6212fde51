// ResourceClaimTemplates.
import { ResourceClaimTemplate } from '../../../../shared/api/resource/v1.ts'
import { nameAndAge } from '../columns/common.ts'
import { defineResource } from '../resource.ts'
import { immutable } from '../support/rules.ts'
import { validateTemplateMetadata } from '../support/template-metadata.ts'
import { ensureStructs } from '../support/strategy.ts'
import { setClaimSpecDefaults } from './claim-defaults.ts'
import { validateDeviceClaim } from './validate-requests.ts'
import { compileErrors, placesOfSelectors } from './validate-selectors.ts'

export const resourceClaimTemplates = defineResource<ResourceClaimTemplate>({
  type: ResourceClaimTemplate,
  setDefaults: template => {
    ensureStructs(template, 'spec')
    template.spec.spec ??= {}
    setClaimSpecDefaults(template.spec.spec)
  },
  validate: ({ spec }) => [
    ...validateTemplateMetadata('spec.metadata', spec.metadata),
    ...validateDeviceClaim('spec.spec.devices', spec.spec.devices),
  ],
  check: async ({ spec: { spec } }, old) =>
    old ? [] : compileErrors(placesOfSelectors('spec.spec.devices', spec.devices)),
  validateUpdate: ({ spec }, old) => immutable('spec', spec, old.spec),
  columns: nameAndAge,
})
