// The way into the app's own cluster: the admin's certificate, as long as it runs.
import type { KubeconfigIdentity } from '../../data-folder/kubeconfig-file.ts'
import type { AccessSource, ClusterAccess } from './access.ts'

/** @param identity asked for each request; undefined while no control plane runs */
export function localAccess(identity: () => KubeconfigIdentity | undefined): AccessSource {
  let last: { readonly identity: KubeconfigIdentity; readonly access: ClusterAccess } | undefined
  return {
    get() {
      const now = identity()
      if (!now) return Promise.resolve(undefined)
      const { server, ca, cert, key } = now
      if (last?.identity !== now)
        last = { identity: now, access: { server, tls: { ca, cert, key, rejectUnauthorized: true }, headers: {} } }
      return Promise.resolve(last.access)
    },
    refused: () => false,
  }
}
