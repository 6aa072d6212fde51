// Secrets.
import { Secret } from '../../../../shared/api/core/v1.ts'
import { ageColumn, nameColumn, text } from '../columns/common.ts'
import { defineResource } from '../resource.ts'
import { emptyMap, entries } from '../support/collections.ts'
import { tlsPairWarnings } from './tls-pair.ts'
import { secretErrors, validateSecretUpdate } from './validate-data.ts'

/** `stringData` is write-only: its entries move into `data`, winning over those of the same key. */
function mergeStringData(secret: Secret): void {
  for (const [key, value] of entries(secret.stringData)) {
    secret.data ??= emptyMap<string>()
    secret.data[key] = Buffer.from(value, 'utf8').toString('base64')
  }
  delete secret.stringData
}

export const secrets = defineResource<Secret>({
  type: Secret,
  setDefaults: secret => {
    secret.type ||= 'Opaque'
    mergeStringData(secret)
  },
  selectableFields: { type: secret => secret.type ?? '' },
  validateInPieces: secretErrors,
  validateUpdate: validateSecretUpdate,
  warnings: ({ type, data }) => (type === 'kubernetes.io/tls' ? tlsPairWarnings(data) : []),
  columns: [
    nameColumn,
    text('Type', 'What the secret is for.', secret => secret.type ?? ''),
    text('Data', 'Number of entries.', secret => entries(secret.data).length),
    ageColumn,
  ],
})
