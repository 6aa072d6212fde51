// What the desktop app was started with: its own settings file, overridden by the command line.
import { parseArgs } from 'node:util'
import { type RangeFlags, parseClusterRanges } from '../addresses/cluster-ranges.ts'
import type { ClusterRanges } from '../addresses/cluster-network.ts'
import { parseStoreChoice, type StoreChoice } from '../cli/store-choice.ts'
import { parseListenAddress, type ListenAddress } from '../addresses/listen-address.ts'
import { UsageError } from '../process/usage-error.ts'
import type { EncryptionFlags } from '../cli/encryption-flags.ts'
import { defaultDataDir } from '../data-folder/data-dir.ts'
import type { Settings } from './settings.ts'

export interface DesktopOptions {
  readonly dataDir: string
  readonly listen: ListenAddress
  readonly store: StoreChoice
  readonly localNode: boolean
  /** Where Docker is in a machine of its own, its addresses are out of reach. */
  readonly loopbackNodePorts: boolean
  /** Started without a window, as at login. */
  readonly hidden: boolean
  /** Of pods and Services. Default: those that the cluster was made with. */
  readonly ranges: ClusterRanges
  /** `keychain`: the operating system keeps the key. */
  readonly encryption: EncryptionFlags | 'keychain'
}

const DEFAULT_LISTEN = '127.0.0.1:6443'

export const showListen = ({ host, port }: ListenAddress): string =>
  host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`

/**
 * Flags as `flotilla serve` has them; Electron's and Chromium's own flags are passed over.
 * @throws UsageError for a value that cannot be understood
 */
export function desktopOptions(argv: readonly string[], saved: Pick<Settings, 'dataDir' | 'listen'>): DesktopOptions {
  const { values } = parseArgs({
    args: [...argv],
    strict: false,
    allowPositionals: true,
    options: {
      'data-dir': { type: 'string' },
      listen: { type: 'string' },
      store: { type: 'string' },
      'no-local-node': { type: 'boolean' },
      'loopback-node-ports': { type: 'boolean' },
      'cluster-cidr': { type: 'string' },
      'service-cluster-ip-range': { type: 'string' },
      hidden: { type: 'boolean' },
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
    loopbackNodePorts: values['loopback-node-ports'] === true || process.platform !== 'linux',
    hidden: values.hidden === true,
    ranges: parseClusterRanges(given({ clusterCidr: text('cluster-cidr'), serviceClusterIpRange: text('service-cluster-ip-range') })), // prettier-ignore
    encryption,
  }
}

/** Without what is undefined. */
const given = (flags: Readonly<Record<keyof RangeFlags, string | undefined>>): RangeFlags =>
  Object.fromEntries(Object.entries(flags).filter(([, value]) => value !== undefined))

function encryptionFlags(values: Readonly<Record<string, unknown>>): DesktopOptions['encryption'] {
  const { encryption, 'encryption-key-file': key, 'encryption-passphrase-file': passphrase } = values
  if (encryption === 'keychain') return 'keychain'
  if (encryption !== undefined) throw new UsageError(`--encryption wants keychain, not "${String(encryption)}"`)
  return {
    ...(typeof key === 'string' ? { encryptionKeyFile: key } : {}),
    ...(typeof passphrase === 'string' ? { encryptionPassphraseFile: passphrase } : {}),
  }
}
