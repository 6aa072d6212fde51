// What automatic rollback remembers, and where: on the ReplicaSets how their revision fared, on the Deployment what was
// done about it.
import type { Deployment, ReplicaSet } from '../../../shared/api/apps/v1.ts'
import { AUTO_ROLLBACK } from '../../../shared/api/flotilla/auto-rollback.ts'

/** On a Deployment: so many restarts of a new pod are too many; default 3. */
export const MAX_RESTARTS = 'flotilla.dev/auto-rollback-restarts'
/** On a ReplicaSet: its revision was wholly rolled out and stayed well, since when. */
export const HEALTHY_SINCE = 'flotilla.dev/revision-healthy-since'
/** On a ReplicaSet: why its revision was given up. */
export const FAILED = 'flotilla.dev/revision-failed'

export const CHANGE_CAUSE = 'kubernetes.io/change-cause'

const DEFAULT_RESTARTS = 3

export const isAsked = ({ metadata: { annotations } }: Deployment): boolean => annotations?.[AUTO_ROLLBACK] === 'true'

export function maxRestarts({ metadata: { annotations } }: Deployment): number {
  const given = annotations?.[MAX_RESTARTS] ?? ''
  return /^[1-9]\d{0,4}$/.test(given) ? Number(given) : DEFAULT_RESTARTS
}

export const isHealthy = ({ metadata: { annotations } }: ReplicaSet): boolean =>
  annotations?.[HEALTHY_SINCE] !== undefined
export const isFailed = ({ metadata: { annotations } }: ReplicaSet): boolean => annotations?.[FAILED] !== undefined
