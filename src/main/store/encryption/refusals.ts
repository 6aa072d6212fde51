// Why an encrypted store is not opened or changed, in words that say what to do.
import { StoreError } from '../contract.ts'
import { keyNeeded, type MasterKeyRecipe } from './master-key.ts'

export const changedElsewhere = () =>
  new StoreError(
    'WrongKey',
    'the key of the store was changed by another control plane: run flotilla encryption adopt-key here, or restart this ' +
      'one with the new key or passphrase',
  )

export function wantsKey(state: string, kind?: MasterKeyRecipe['kind']): StoreError {
  const what =
    kind === 'passphrase'
      ? 'give its passphrase with --encryption-passphrase-file'
      : kind === 'key'
        ? 'give its key with --encryption-key-file'
        : 'give --encryption-key-file or --encryption-passphrase-file'
  return keyNeeded(`the store ${state}: ${what}`, kind)
}
