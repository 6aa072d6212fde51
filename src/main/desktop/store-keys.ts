// Keys of encrypted stores in the operating system's keychain, through Electron's safeStorage: a file per data folder
// that only this user, on this computer, can open.
import { createHash } from 'node:crypto'
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { safeStorage } from 'electron'
import { encryptionSecret } from '../cli/encryption-flags.ts'
import { keyNeeded, type MasterSecret, newKey } from '../store/encryption/master-key.ts'
import type { StoreKeys } from './control-plane-host.ts'

interface KeptSecret {
  readonly kind: MasterSecret['kind']
  /** The passphrase, or the key in base64. */
  readonly secret: string
}

/** On Linux without a secret service Electron falls back to a key that is built into it: that protects nothing. */
function keychainWorks(): boolean {
  if (!safeStorage.isEncryptionAvailable()) return false
  return process.platform !== 'linux' || safeStorage.getSelectedStorageBackend() !== 'basic_text'
}

/** @param userData the app's own folder, apart from the clusters' */
export function createStoreKeys(userData: string): StoreKeys {
  const folder = join(userData, 'store-keys')
  const pathOf = (dataDir: string) =>
    join(folder, createHash('sha256').update(resolve(dataDir)).digest('hex').slice(0, 32))

  async function kept(dataDir: string): Promise<MasterSecret | undefined> {
    const sealed = await readFile(pathOf(dataDir)).catch(() => undefined)
    if (!sealed || !keychainWorks()) return undefined
    const { kind, secret } = JSON.parse(safeStorage.decryptString(sealed)) as KeptSecret
    return kind === 'key' ? { kind, key: Buffer.from(secret, 'base64') } : { kind, passphrase: secret }
  }

  async function keep(dataDir: string, secret: MasterSecret): Promise<void> {
    const text: KeptSecret = {
      kind: secret.kind,
      secret: secret.kind === 'key' ? secret.key.toString('base64') : secret.passphrase,
    }
    await mkdir(folder, { recursive: true, mode: 0o700 })
    const path = pathOf(dataDir)
    await writeFile(`${path}.new`, safeStorage.encryptString(JSON.stringify(text)), { mode: 0o600, flush: true })
    await rename(`${path}.new`, path)
  }

  return {
    get canRemember() {
      return keychainWorks()
    },
    async find({ dataDir, encryption }) {
      if (encryption !== 'keychain') {
        const given = await encryptionSecret(encryption)
        if (given) return given
      }
      const known = await kept(dataDir)
      if (known || encryption !== 'keychain') return known
      if (!keychainWorks())
        throw keyNeeded(
          'this computer has no keychain that Flotilla can use: start it with --encryption-passphrase-file instead',
        )
      // Kept before anything is sealed with it: a crash in between must not lose the key.
      const made = newKey()
      await keep(dataDir, made)
      return made
    },
    remember: ({ dataDir }, secret) => (keychainWorks() ? keep(dataDir, secret) : Promise.resolve()),
  }
}
