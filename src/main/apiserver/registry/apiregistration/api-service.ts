// APIServices.
import { APIService } from '../../../../shared/api/apiregistration/v1.ts'
import { pathSegmentName } from '../../../../shared/machinery/names.ts'
import { ageColumn, nameColumn, text } from '../columns/common.ts'
import { defineResource } from '../resource.ts'
import { list } from '../support/collections.ts'
import { ensureStructs, statusOnly, bareStatusStrategy } from '../support/strategy.ts'
import { validateAPIService } from './validate.ts'

function available(service: APIService): string {
  const condition = list(service.status.conditions).find(c => c.type === 'Available')
  if (!condition) return 'Unknown'
  return condition.status === 'True' ? 'True' : `${condition.status} (${condition.reason ?? ''})`
}

export const apiServices = defineResource<APIService>({
  type: APIService,
  updatesNeedVersion: true,
  categories: ['api-extensions'],
  setDefaults: service => {
    ensureStructs(service, 'spec', 'status')
    if (service.spec.service) service.spec.service.port ??= 443
  },
  ...statusOnly(),
  status: bareStatusStrategy<APIService>(),
  // That of the core group ends with a dot; which name it must be follows from the spec.
  validateName: pathSegmentName,
  validate: validateAPIService,
  columns: [
    nameColumn,
    text('Service', 'Who serves it.', ({ spec: { service } }) =>
      service ? `${service.namespace ?? ''}/${service.name ?? ''}` : 'Local',
    ),
    text('Available', 'Whether it answers.', available),
    ageColumn,
  ],
})
