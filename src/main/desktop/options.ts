// What the desktop app was started with: its own settings file, overridden by the command line.
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { parseArgs } from 'node:util'
import { parseListenAddress, parseStoreChoice, type ListenAddress, type StoreChoice } from '../cli/listen-address.ts'
import { UsageError } from '../cli/usage-error.ts'
import type { EncryptionFlags } from '../cli/encryption-flags.ts'
import { defaultDataDir } from '../data-dir.ts'

export interface DesktopOptions {
  readonly dataDir: string
  readonly listen: ListenAddress
  readonly store: StoreChoice
  readonly localNode: boolean
  /** `keychain`: the operating system keeps the key. */
  readonly encryption: EncryptionFlags | 'keychain'
}

/** What the user chose in the window; kept between starts. */
export interface SavedSettings {
  readonly dataDir?: string
  readonly listen?: string
}

const DEFAULT_LISTEN = '127.0.0.1:6443'

export const showListen = ({ host, port }: ListenAddress): string =>
  host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`

/**
 * Flags as `flotilla serve` has them; Electron's and Chromium's own flags are passed over.
 * @throws UsageError for a value that cannot be understood
 */
export function desktopOptions(argv: readonly string[], saved: SavedSettings): DesktopOptions {
  const { values } = parseArgs({
    args: [...argv],
    strict: false,
    allowPositionals: true,
    options: {
      'data-dir': { type: 'string' },
      listen: { type: 'string' },
      store: { type: 'string' },
      'no-local-node': { type: 'boolean' },
      encryption: { type: 'string' },
      'encryption-key-file': { type: 'string' },
      'encryption-passphrase-file': { type: 'string' },
    },
  })
  const encryption = encryptionFlags(values)
  const text = (name: string) => (typeof values[name] === 'string' ? values[name] : undefined)
  return {
    dataDir: text('data-dir') ?? saved.dataDir ?? defaultDataDir(),
    listen: parseListenAddress(text('listen') ?? saved.listen ?? DEFAULT_LISTEN),
    store: parseStoreChoice(text('store') ?? 'nedb'),
    localNode: values['no-local-node'] !== true,
    encryption,
  }
}

function encryptionFlags(values: Readonly<Record<string, unknown>>): DesktopOptions['encryption'] {
  const { encryption, 'encryption-key-file': key, 'encryption-passphrase-file': passphrase } = values
  if (encryption === 'keychain') return 'keychain'
  if (encryption !== undefined) throw new UsageError(`--encryption wants keychain, not "${String(encryption)}"`)
  return {
    ...(typeof key === 'string' ? { encryptionKeyFile: key } : {}),
    ...(typeof passphrase === 'string' ? { encryptionPassphraseFile: passphrase } : {}),
  }
}

/** @returns {} when there are none or they cannot be read: settings never stop the app from opening */
export function readSettings(path: string): SavedSettings {
  try {
    const value = JSON.parse(readFileSync(path, 'utf8')) as Record<string, unknown> | null
    const { dataDir, listen } = value ?? {}
    if (typeof listen === 'string') parseListenAddress(listen)
    return {
      ...(typeof dataDir === 'string' ? { dataDir } : {}),
      ...(typeof listen === 'string' ? { listen } : {}),
    }
  } catch {
    return {}
  }
}

export function writeSettings(path: string, settings: SavedSettings): void {
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(`${path}.new`, JSON.stringify(settings, null, 2), { mode: 0o600 })
  renameSync(`${path}.new`, path)
}
