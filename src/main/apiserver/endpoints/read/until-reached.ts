// Reads of a version that is still to come wait for it a moment: who asks may have seen it at another API server.
import type { ApiRequest } from '../../request.ts'
import { futureVersion } from '../../store-error.ts'
import type { EndpointContext } from '../contract.ts'

/** As long as upstream waits. */
const PATIENCE_MS = 3_000

/** @throws ApiError 504 when the version does not come */
export async function untilReached(
  revision: number | undefined,
  { store, clock }: Pick<EndpointContext, 'store' | 'clock'>,
  request: Pick<ApiRequest, 'signal'>,
): Promise<void> {
  if (revision === undefined || revision <= store.revision) return
  const patience = new AbortController()
  const cancel = clock.after(PATIENCE_MS, () => patience.abort(futureVersion(revision, store.revision)))
  try {
    await store.reached(revision, AbortSignal.any([request.signal, patience.signal]))
  } finally {
    cancel()
  }
}
