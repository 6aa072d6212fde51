// ServiceAccounts.
import { ServiceAccount } from '../../../../shared/api/core/v1.ts'
import { nameAndAge } from '../columns/common.ts'
import { defineResource } from '../resource.ts'

/** Of a secret, only the name was ever kept. */
function keepNamesOnly(account: ServiceAccount): void {
  if (account.secrets) account.secrets = account.secrets.map(({ name }) => (name ? { name } : {}))
}

export const serviceAccounts = defineResource<ServiceAccount>({
  type: ServiceAccount,
  shortNames: ['sa'],
  prepareForCreate: keepNamesOnly,
  prepareForUpdate: keepNamesOnly,
  columns: nameAndAge,
})
