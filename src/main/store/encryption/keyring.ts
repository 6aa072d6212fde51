// The data keys that Secrets are sealed with, sealed themselves by the master key, as one setting of the store: every
// control plane of a shared store finds them there, and a changed passphrase rewrites this one text only.
//
//   { "master": { how the master key is made }, "sealed": base64, "pending": whether older texts are still being resealed }
import { randomBytes } from 'node:crypto'
import { SETTINGS_PREFIX, StoreError } from '../contract.ts'
import { KEY_BYTES, openText, sealText } from './envelope.ts'
import type { MasterKeyRecipe } from './master-key.ts'

export const KEYRING_KEY = `${SETTINGS_PREFIX}keyring`

export interface DataKey {
  readonly id: string
  readonly key: Buffer
  /** RFC 3339. */
  readonly createdAt: string
}

export interface Keyring {
  /** The first one seals; the others only open what was sealed before. */
  readonly keys: readonly DataKey[]
  /** Some texts may still be sealed with an older key, or not at all. */
  readonly pending: boolean
}

interface KeyringText {
  readonly master: MasterKeyRecipe
  readonly sealed: string
  readonly pending: boolean
}

export const newDataKey = (nowMs: number): DataKey => ({
  id: randomBytes(4).toString('hex'),
  key: randomBytes(KEY_BYTES),
  createdAt: new Date(nowMs).toISOString(),
})

export const recipeOf = (text: string): MasterKeyRecipe => (JSON.parse(text) as KeyringText).master

export function sealKeyring({ keys, pending }: Keyring, master: Buffer, recipe: MasterKeyRecipe): string {
  const plain = JSON.stringify(keys.map(({ id, key, createdAt }) => ({ id, key: key.toString('base64'), createdAt })))
  const text: KeyringText = { master: recipe, sealed: sealText(master, plain, KEYRING_KEY), pending }
  return JSON.stringify(text)
}

/** @throws StoreError `WrongKey` */
export function openKeyring(text: string, master: Buffer): Keyring {
  const { sealed, pending, master: recipe } = JSON.parse(text) as KeyringText
  const plain = openText(master, sealed, KEYRING_KEY)
  if (plain === undefined)
    throw new StoreError(
      'WrongKey',
      recipe.kind === 'passphrase'
        ? "this is not the store's passphrase"
        : "this is not the store's key: give the key file that it was encrypted with",
      { opensWith: recipe.kind },
    )
  const keys = JSON.parse(plain) as { id: string; key: string; createdAt: string }[]
  return { keys: keys.map(({ key, ...rest }) => ({ ...rest, key: Buffer.from(key, 'base64') })), pending }
}
