// Tokens in Secrets, when they are used: the day is written on the Secret, and one that was marked as invalid is refused.
// @see KEP-2799
import { Secret } from '../../../shared/api/core/v1.ts'
import type { Clock } from '../../../shared/machinery/clock.ts'
import { INVALID_SINCE, LAST_USED, dayOf } from '../../../shared/machinery/legacy-token.ts'
import type { Log } from '../../../shared/machinery/log.ts'
import type { AnyObject } from '../../../shared/machinery/object.ts'
import { isNotFound, unauthorized } from '../../../shared/machinery/status.ts'
import type { EndpointContext } from '../endpoints/contract.ts'
import { API_SERVER } from './own-user.ts'

/** @returns to be called with the Secret of each such token that is used. It throws ApiError 401 for an invalid one */
export function legacyTokens(context: () => Pick<EndpointContext, 'resources' | 'change'>, clock: Clock, log: Log) {
  return ({ metadata }: AnyObject): void => {
    const { namespace = '', name, labels = {} } = metadata
    if (labels[INVALID_SINCE] !== undefined) {
      log.warn({ namespace, secret: name }, 'a service account token that is marked as invalid was used')
      throw unauthorized()
    }
    const today = dayOf(clock.now())
    if ((labels[LAST_USED] ?? '') >= today) return
    const { resources, change } = context()
    const resource = resources.byUrl(Secret.group, Secret.version, Secret.plural)
    if (!resource) return
    const note = (copy: AnyObject) => void (copy.metadata.labels = { ...copy.metadata.labels, [LAST_USED]: today })
    // Nobody who asks waits for it.
    change(resource, { namespace, name }, note, { user: API_SERVER, skipAdmission: true }).catch((error: unknown) => {
      if (!isNotFound(error))
        log.warn({ err: error, namespace, secret: name }, 'the use of a token was not written down')
    })
  }
}
