// ServiceAccounts.
import { ServiceAccount } from '../../../../shared/api/core/v1.ts'
import { nameAndAge } from '../columns/common.ts'
import { defineResource } from '../resource.ts'

/** Of a secret, only the name was ever kept. */
function keepNamesOnly(account: ServiceAccount): void {
  if (account.secrets) account.secrets = account.secrets.map(({ name }) => (name ? { name } : {}))
}

const ENFORCES_SECRETS = 'kubernetes.io/enforce-mountable-secrets'

const warnings = (account: ServiceAccount, old: ServiceAccount | undefined): string[] =>
  account.metadata.annotations?.[ENFORCES_SECRETS] === undefined || old?.metadata.annotations?.[ENFORCES_SECRETS] !== undefined
    ? []
    : [`metadata.annotations[${ENFORCES_SECRETS}]: deprecated in v1.32+; prefer separate namespaces to isolate access to mounted secrets`] // prettier-ignore

export const serviceAccounts = defineResource<ServiceAccount>({
  type: ServiceAccount,
  shortNames: ['sa'],
  prepareForCreate: keepNamesOnly,
  prepareForUpdate: keepNamesOnly,
  warnings,
  columns: nameAndAge,
})
