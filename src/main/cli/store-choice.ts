// Parses `--store ENGINE`.
import type { EngineChoice } from '../store/open-engine.ts'
import { UsageError } from '../process/usage-error.ts'

export type StoreChoice = EngineChoice

/** What goes with `--store etcd=…`; of no meaning for other engines. */
export interface EtcdFlags {
  readonly etcdCa?: string
  readonly etcdCert?: string
  readonly etcdKey?: string
  /** `name:password` */
  readonly etcdUser?: string
}

/** Accepts `nedb` or `etcd=https://a:2379,https://b:2379`. @throws UsageError */
export function parseStoreChoice(text: string, flags: EtcdFlags = {}): StoreChoice {
  if (text === 'nedb') return { engine: 'nedb' }
  // Not shown again: there may be a password in it.
  if (text.includes('@'))
    throw new UsageError(
      'a URL of --store may not hold a user: others see it in the list of processes; give --etcd-user, or ETCDCTL_USER',
    )
  const match = /^etcd=(.+)$/.exec(text)
  const endpoints = match?.[1]?.split(',') ?? []
  const valid = endpoints.length > 0 && endpoints.every(url => /^https?:\/\/[^\s/]+:\d+\/?$/.test(url))
  if (!valid)
    throw new UsageError(`--store wants nedb or etcd=URL[,URL…] such as etcd=https://10.0.0.1:2379, not "${text}"`)
  const { etcdCa: ca, etcdCert: cert, etcdKey: key, etcdUser } = flags
  if (!cert !== !key) throw new UsageError('--etcd-cert and --etcd-key go together: give both or none')
  const tls = { ...(ca ? { ca } : {}), ...(cert ? { cert } : {}), ...(key ? { key } : {}) }
  return {
    engine: 'etcd',
    endpoints,
    ...(Object.keys(tls).length > 0 ? { tls } : {}),
    ...(etcdUser ? { auth: parseUser(etcdUser) } : {}),
  }
}

function parseUser(text: string) {
  const colon = text.indexOf(':')
  if (colon < 1) throw new UsageError('the user for etcd wants NAME:PASSWORD')
  return { username: text.slice(0, colon), password: text.slice(colon + 1) }
}
