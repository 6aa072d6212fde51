// The key that is never stored: it opens the keyring. A key file or the desktop's keychain holds it; a passphrase makes it.
import { createHmac, randomBytes, scrypt } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { StoreError } from '../contract.ts'
import { KEY_BYTES } from './envelope.ts'

export type MasterSecret =
  { readonly kind: 'key'; readonly key: Buffer } | { readonly kind: 'passphrase'; readonly passphrase: string }

/** How the master key comes about; stands in the open beside what it seals. */
export type MasterKeyRecipe =
  | { readonly kind: 'key' }
  | {
      readonly kind: 'passphrase'
      /** scrypt's, base64. */
      readonly salt: string
      /** scrypt's cost, block size and parallelization. */
      readonly n: number
      readonly r: number
      readonly p: number
    }

export const newKey = (): MasterSecret => ({ kind: 'key', key: randomBytes(KEY_BYTES) })

export const keyNeeded = (message: string, opensWith?: MasterSecret['kind']): StoreError =>
  new StoreError('KeyNeeded', message, opensWith ? { opensWith } : {})

/** 128 MiB and some hundred milliseconds for a guess. */
const SCRYPT = { n: 2 ** 17, r: 8, p: 1 } as const

/** Many times what is asked for now: one who writes a recipe must not choose how much memory a machine gives it. */
const MOST_SCRYPT_BYTES = 2 ** 30

/** Whether it is a recipe, out of a file that may be anybody's. */
export function isRecipe(given: unknown): given is MasterKeyRecipe {
  const { kind, salt, n, r, p } = (given ?? {}) as Partial<Record<string, unknown>>
  if (kind === 'key') return true
  const counts = [n, r, p].every(count => typeof count === 'number' && Number.isSafeInteger(count) && count > 0)
  return (
    kind === 'passphrase' &&
    typeof salt === 'string' &&
    counts &&
    128 * Number(n) * Number(r) * Number(p) <= MOST_SCRYPT_BYTES &&
    // What scrypt takes (RFC 7914): a power of two, and fewer rounds than a block has states.
    Number.isInteger(Math.log2(Number(n))) &&
    Number(n) > 1 &&
    Math.log2(Number(n)) < 16 * Number(r)
  )
}

export const newRecipe = ({ kind }: MasterSecret): MasterKeyRecipe =>
  kind === 'key' ? { kind } : { kind, salt: randomBytes(16).toString('base64'), ...SCRYPT }

/** Runs off the main thread. @throws StoreError `WrongKey` when the secret is not of the recipe's kind */
export function masterKey(secret: MasterSecret, recipe: MasterKeyRecipe): Promise<Buffer> {
  if (recipe.kind === 'key') {
    if (secret.kind === 'key') return Promise.resolve(secret.key)
    throw new StoreError('WrongKey', 'the store is encrypted with a key, not with a passphrase: give its key file', {
      opensWith: 'key',
    })
  }
  if (secret.kind !== 'passphrase')
    throw keyNeeded('the store is encrypted with a passphrase, not with a key: give the passphrase', 'passphrase')
  const { salt, n, r, p } = recipe
  const options = { N: n, r, p, maxmem: 256 * r * (n + p) }
  return new Promise((resolve, reject) =>
    scrypt(secret.passphrase.normalize('NFKC'), Buffer.from(salt, 'base64'), KEY_BYTES, options, (error, key) =>
      error ? reject(error) : resolve(key),
    ),
  )
}

/** A word by which control planes find out whether they were told the same; nothing of the key can be told from it. */
export const masterKeyId = (key: Buffer): string =>
  createHmac('sha256', key).update('which master key').digest('hex').slice(0, 8)

/** A file of 32 random bytes, plain or written as 64 hexadecimal digits or in base64. @throws StoreError `WrongKey` */
export async function readKeyFile(path: string): Promise<MasterSecret> {
  const bytes = await readFile(path).catch((cause: unknown) => {
    throw new StoreError('WrongKey', `the key file ${path} cannot be read`, { cause })
  })
  const text = bytes.toString('latin1').trim()
  const key =
    bytes.length === KEY_BYTES
      ? bytes
      : /^[0-9a-f]{64}$/i.test(text)
        ? Buffer.from(text, 'hex')
        : Buffer.from(text, 'base64')
  if (key.length !== KEY_BYTES)
    throw new StoreError('WrongKey', `the key file ${path} wants 32 bytes: openssl rand -base64 32 > FILE makes one`)
  return { kind: 'key', key }
}
