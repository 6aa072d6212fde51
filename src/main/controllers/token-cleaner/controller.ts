// token-cleaner: deletes bootstrap tokens whose time is over, and those for one machine when it has its certificate.
import { Secret } from '../../../shared/api/core/v1.ts'
import {
  type ControllerContext,
  type Reconciler,
  type Result,
  done,
  own,
  requeueAfter,
} from '../../../shared/client/reconciler.ts'
import {
  BOOTSTRAP_TOKEN_TYPE,
  USED_AT,
  USED_TOKEN_LIFE_MS,
  bootstrapTokenEndsAt,
} from '../../../shared/machinery/bootstrap-token.ts'
import { isNotFound } from '../../../shared/machinery/status.ts'

const isToken = ({ type, metadata }: Secret): boolean =>
  type === BOOTSTRAP_TOKEN_TYPE && metadata.namespace === 'kube-system'

function endOf(secret: Secret): number | undefined {
  const ends = bootstrapTokenEndsAt(secret)
  const used = secret.metadata.annotations?.[USED_AT]
  return used === undefined ? ends : Math.min(Date.parse(used) + USED_TOKEN_LIFE_MS, ends ?? Infinity)
}

export class TokenCleaner implements Reconciler<Secret> {
  readonly name = 'token-cleaner'
  readonly identity = 'token-cleaner'
  readonly type = Secret
  readonly watches = [own(Secret, ({ object }) => isToken(object))]

  async reconcile(secret: Secret, { client, clock, signal }: ControllerContext): Promise<Result> {
    const endsAtMs = endOf(secret)
    if (!isToken(secret) || endsAtMs === undefined || secret.metadata.deletionTimestamp) return done
    const leftMs = endsAtMs - clock.now()
    if (leftMs > 0) return requeueAfter(leftMs)
    const { uid, resourceVersion } = secret.metadata
    try {
      // With the revision: a token that was prolonged meanwhile stays.
      await client.delete(Secret, secret.metadata, { preconditions: { uid, resourceVersion }, signal })
    } catch (error) {
      if (!isNotFound(error)) throw error
    }
    return done
  }
}
