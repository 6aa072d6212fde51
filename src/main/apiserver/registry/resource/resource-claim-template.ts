// ResourceClaimTemplates.
import { ResourceClaimTemplate } from '../../../../shared/api/resource/v1.ts'
import { nameAndAge } from '../columns/common.ts'
import { defineResource } from '../resource.ts'
import { ensureStructs } from '../support/strategy.ts'
import { setClaimSpecDefaults } from './claim-defaults.ts'

export const resourceClaimTemplates = defineResource<ResourceClaimTemplate>({
  type: ResourceClaimTemplate,
  setDefaults: template => {
    ensureStructs(template, 'spec')
    setClaimSpecDefaults(template.spec.spec)
  },
  columns: nameAndAge,
})
