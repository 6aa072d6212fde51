// Whether a revision has failed, and which one to go back to. Pure.
import type { Deployment, ReplicaSet } from '../../../shared/api/apps/v1.ts'
import type { Pod } from '../../../shared/api/core/v1.ts'
import { revisionOf } from '../deployment/annotations.ts'
import { Reason, deadlineOf, progressOf } from '../deployment/conditions.ts'
import { ROLLED_BACK_AT } from '../../../shared/api/flotilla/auto-rollback.ts'
import { isFailed, isHealthy, maxRestarts } from './marks.ts'

export interface Failure {
  /** `ProgressDeadlineExceeded` or `CrashLoopBackOff`. */
  readonly reason: string
  readonly message: string
}

function crashLoop(deployment: Deployment, pods: readonly Pod[]): Failure | undefined {
  const most = maxRestarts(deployment)
  for (const { metadata, status } of pods) {
    for (const container of [...(status.initContainerStatuses ?? []), ...(status.containerStatuses ?? [])]) {
      const waits = container.state?.waiting?.reason === 'CrashLoopBackOff'
      if (!waits || container.restartCount < most) continue
      const exit = container.lastState?.terminated?.exitCode
      const last = exit === undefined ? '' : `, last with exit code ${exit}`
      const message = `container ${container.name} of pod ${metadata.name} crashed ${container.restartCount} times${last}`
      return { reason: 'CrashLoopBackOff', message }
    }
  }
  return undefined
}

/**
 * When the time for the revision to roll out is over, in milliseconds since the epoch; undefined = it has no limit.
 * @param awakeSinceMs since when the control plane has seen what nodes report: it starts again there
 */
export function deadlineMs(deployment: Deployment, awakeSinceMs: number): number | undefined {
  const seconds = deadlineOf(deployment)
  const since = deployment.metadata.annotations?.[ROLLED_BACK_AT]
  return seconds === undefined || since === undefined
    ? undefined
    : Math.max(Date.parse(since), awakeSinceMs) + seconds * 1000
}

/**
 * The Deployment's own condition keeps speaking of the revision that timed out until another makes progress: after a
 * rollback it counts only once the set that it names is the new one, or the time has passed again.
 */
function timedOut(
  deployment: Deployment,
  newSet: ReplicaSet,
  nowMs: number,
  againMs: number | undefined,
): Failure | undefined {
  const progress = progressOf(deployment.status)
  if (progress?.reason !== Reason.timedOut) return undefined
  const isAboutIt = progress.message?.includes(`"${newSet.metadata.name}"`)
  if (!isAboutIt && !(againMs !== undefined && nowMs > againMs)) return undefined
  const seconds = deadlineOf(deployment) ?? 0
  return { reason: Reason.timedOut, message: `it made no progress for ${seconds} seconds` }
}

/**
 * @param pods those of the new set
 * @param againMs when its time is over, where the condition speaks of another one
 * @returns why the new revision has failed; undefined while it may still succeed
 */
export const failureOf = (
  deployment: Deployment,
  newSet: ReplicaSet,
  pods: readonly Pod[],
  nowMs: number,
  againMs: number | undefined,
): Failure | undefined =>
  isHealthy(newSet) ? undefined : (timedOut(deployment, newSet, nowMs, againMs) ?? crashLoop(deployment, pods))

/**
 * The newest revision that was well, and never one that was given up: so two bad revisions cannot take turns.
 * A set that still serves is well even if it is not marked: automatic rollback was asked for only now.
 */
export function healthyRevision(sets: readonly ReplicaSet[], newSet: ReplicaSet): ReplicaSet | undefined {
  const isWell = (rs: ReplicaSet) => isHealthy(rs) || (rs.status.availableReplicas ?? 0) > 0
  return sets
    .filter(rs => rs.metadata.uid !== newSet.metadata.uid && !isFailed(rs) && isWell(rs))
    .sort((a, b) => (revisionOf(a) > revisionOf(b) ? -1 : 1))[0]
}
