// How an API server tells the cluster that it is there: a Lease of its own, which it renews as long as it serves.
// @see https://kubernetes.io/docs/concepts/architecture/leases/#api-server-identity
import type { Lease } from '../api/coordination/v1.ts'
import { parseServers } from './api-servers.ts'

export const IDENTITY_NAMESPACE = 'kube-system'
export const IDENTITY_LABEL = 'apiserver.kubernetes.io/identity'
export const IDENTITY_VALUE = 'kube-apiserver'
export const IDENTITY_SELECTOR = `${IDENTITY_LABEL}=${IDENTITY_VALUE}`

/** Where pods reach it, as `address:port` or `[address]:port`. */
export const ENDPOINT_ANNOTATION = 'flotilla.dev/api-server-endpoint'
/** A JSON list of the URLs under which clients reach it. */
export const SERVERS_ANNOTATION = 'flotilla.dev/api-server-urls'
/** Which key or passphrase of the store it was told, as a word that gives nothing away. */
export const MASTER_KEY_ANNOTATION = 'flotilla.dev/encryption-master-key'

export const isIdentity = ({ metadata }: Lease): boolean => metadata.labels?.[IDENTITY_LABEL] === IDENTITY_VALUE

/** One that stops by itself gives its Lease back; the Lease stays for as long as it is known. */
export const isReleased = ({ spec }: Lease): boolean => !spec.holderIdentity

export const urlsOf = ({ metadata }: Lease): string[] => parseServers(metadata.annotations?.[SERVERS_ANNOTATION])
