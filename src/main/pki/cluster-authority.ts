// Whether a data folder is of the cluster that a shared store holds: a control plane with an authority of its own would
// give out certificates that the cluster's other ones, and its nodes, do not trust.
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { ConfigMap } from '../../shared/api/core/v1.ts'
import { type ObjectStore, StoreError } from '../store/contract.ts'
import { readPem } from './pem-files.ts'

/** Where every control plane writes down whose client certificates it takes. */
const TRUSTED_KEY = '/registry/core/configmaps/kube-system/extension-apiserver-authentication'

/**
 * To be asked before keys are made. During a rotation one of the authorities is enough.
 * @throws StoreError `Corrupt` when the store holds a cluster of another authority
 */
export async function assertClusterAuthority(store: ObjectStore, dataDir: string): Promise<void> {
  const object = store.get(TRUSTED_KEY)?.object as ConfigMap | undefined
  const trusted = object?.data?.['client-ca-file']
  if (trusted === undefined) return
  const folder = join(dataDir, 'pki')
  const names = (await readdir(folder).catch(() => [])).filter(name => /^ca.*\.crt$/.test(name))
  const own = await Promise.all(names.map(name => readPem(join(folder, name))))
  if (own.some(pem => pem && trusted.includes(pem.trim()))) return
  const has = names.length > 0 ? `another certificate authority than ${dataDir}` : `an authority that ${dataDir} lacks`
  const replace = names.length > 0 ? ' --replace' : ''
  throw new StoreError(
    'Corrupt',
    `the cluster in this etcd has ${has}: run flotilla certs export on a machine that has it, and flotilla certs ` +
      `import${replace} here`,
  )
}
