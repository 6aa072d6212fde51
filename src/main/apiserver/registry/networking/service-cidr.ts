// ServiceCIDRs: where addresses of services come from.
import { ServiceCIDR } from '../../../../shared/api/networking/v1.ts'
import { ageColumn, nameColumn, text } from '../columns/common.ts'
import { defineResource } from '../resource.ts'
import { list } from '../support/collections.ts'
import { validateServiceCIDR, validateServiceCIDRUpdate } from './validate-service-cidr.ts'
import { ensureStructs, statusOnly, bareStatusStrategy } from '../support/strategy.ts'

export const serviceCIDRs = defineResource<ServiceCIDR>({
  type: ServiceCIDR,
  setDefaults: cidr => ensureStructs(cidr, 'spec', 'status'),
  ...statusOnly(),
  status: bareStatusStrategy<ServiceCIDR>(),
  checkedWhenNew: true,
  validate: validateServiceCIDR,
  validateUpdate: validateServiceCIDRUpdate,
  columns: [nameColumn, text('CIDRs', 'Ranges of addresses.', cidr => list(cidr.spec.cidrs).join(',')), ageColumn],
})
