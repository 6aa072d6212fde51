// Services. Addresses and node ports are given out by service/allocator.ts.
import { Service } from '../../../../shared/api/core/v1.ts'
import { serviceColumns } from '../columns/service.ts'
import { defineResource } from '../resource.ts'
import { clearStatus, keepStatus, statusStrategy } from '../support/strategy.ts'
import { setServiceDefaults } from './service/defaults.ts'
import { carryAllocations, dropFieldsOfOtherTypes, normalizeClusterIPs } from './service/normalize.ts'
import { validateServiceStatus } from './service/validate-status.ts'
import { validateService, validateServiceUpdate } from './service/validate.ts'
import { serviceWarnings } from './service/warnings.ts'
import { dns1123Label } from '../../../../shared/machinery/names.ts'

export const services = defineResource<Service>({
  type: Service,
  createdByUpdates: true,
  shortNames: ['svc'],
  categories: ['all'],
  setDefaults: setServiceDefaults,
  prepareForCreate: service => {
    clearStatus(service, { loadBalancer: {} })
    normalizeClusterIPs(service)
  },
  prepareForUpdate: (service, old) => {
    keepStatus(service, old)
    dropFieldsOfOtherTypes(service, old)
    carryAllocations(service, old)
    normalizeClusterIPs(service, old)
  },
  status: statusStrategy<Service>(validateServiceStatus),
  selectableFields: {
    'spec.clusterIP': service => service.spec.clusterIP ?? '',
    'spec.type': service => service.spec.type ?? '',
  },
  validateName: dns1123Label,
  validate: validateService,
  validateUpdate: validateServiceUpdate,
  warnings: serviceWarnings,
  columns: serviceColumns,
})
