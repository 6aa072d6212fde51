// Whether every control plane of a shared store was told its key or passphrase: one that was not could read no Secret
// that is sealed with the next data key. Each says in its Lease what it was told.
import type { Lease } from '../../../shared/api/coordination/v1.ts'
import {
  IDENTITY_NAMESPACE,
  isIdentity,
  isReleased,
  MASTER_KEY_ANNOTATION,
  urlsOf,
} from '../../../shared/machinery/api-server-identity.ts'
import { StoreError } from '../contract.ts'

/** Where the Leases are that `assertAllWereTold` wants. */
export const LEASES_PREFIX = `/registry/coordination.k8s.io/leases/${IDENTITY_NAMESPACE}/`
/** One that has said nothing for longer does not run any more; they do every ten seconds. */
const GONE_MS = 60_000

/**
 * @param remedy what to do before
 * @throws StoreError `KeyNeeded` that names those that were told nothing, or something else
 */
export function assertAllWereTold(
  leases: readonly Lease[],
  masterKeyId: string | undefined,
  remedy: string,
  nowMs: number,
): void {
  const untold = leases.filter(
    lease =>
      isIdentity(lease) &&
      !isReleased(lease) &&
      nowMs - Date.parse(lease.spec.renewTime ?? '') < GONE_MS &&
      lease.metadata.annotations?.[MASTER_KEY_ANNOTATION] !== masterKeyId,
  )
  if (untold.length === 0) return
  const names = untold.map(lease => `${lease.metadata.labels?.['kubernetes.io/hostname']} (${urlsOf(lease)[0]})`)
  throw new StoreError(
    'KeyNeeded',
    `the control plane on ${names.join(' and the one on ')} was not told the key or passphrase of the store, and could ` +
      `read no Secret after this: ${remedy} (one that was killed counts as running for a minute)`,
  )
}
