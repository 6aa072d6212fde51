// ServiceAccounts.
import { ServiceAccount } from '../../../../shared/api/core/v1.ts'
import { nameAndAge } from '../columns/common.ts'
import { defineResource } from '../resource.ts'

export const serviceAccounts = defineResource<ServiceAccount>({
  type: ServiceAccount,
  shortNames: ['sa'],
  columns: nameAndAge,
})
