// The annotations in which a Deployment and its ReplicaSets remember revisions and sizes.
import type { Deployment, ReplicaSet } from '../../../shared/api/apps/v1.ts'
import { maxSurge, replicasOf } from './math.ts'

export const REVISION = 'deployment.kubernetes.io/revision'
const REVISION_HISTORY = 'deployment.kubernetes.io/revision-history'
const DESIRED_REPLICAS = 'deployment.kubernetes.io/desired-replicas'
const MAX_REPLICAS = 'deployment.kubernetes.io/max-replicas'
/** Longer histories lose their oldest entries. */
const MAX_HISTORY_LENGTH = 2_000

/** Never copied from the Deployment to its sets. */
const OWN_ANNOTATIONS: ReadonlySet<string> = new Set([
  'kubectl.kubernetes.io/last-applied-configuration',
  REVISION,
  REVISION_HISTORY,
  DESIRED_REPLICAS,
  MAX_REPLICAS,
  'deprecated.deployment.rollback.to',
])

type Annotations = Record<string, string>

const integer = (text: string | undefined): number | undefined =>
  text !== undefined && /^-?\d{1,15}$/.test(text) ? Number(text) : undefined

/** Revisions are 64-bit integers; users may write any of them. */
const revision = (annotations: Annotations | undefined): bigint | undefined => {
  const text = annotations?.[REVISION]
  return text !== undefined && /^-?\d{1,18}$|^-?[1-8]\d{18}$/.test(text) ? BigInt(text) : undefined
}

export const revisionOf = ({ metadata }: Deployment | ReplicaSet): bigint => revision(metadata.annotations) ?? 0n

export const maxRevision = (sets: readonly ReplicaSet[]): bigint =>
  sets.map(revisionOf).reduce((max, one) => (one > max ? one : max), 0n)

/** What spec.replicas of the Deployment was when the set was last scaled. */
export const desiredReplicasOf = (rs: ReplicaSet): number | undefined =>
  integer(rs.metadata.annotations?.[DESIRED_REPLICAS])
/** The same with the surge of that time. */
export const maxReplicasOf = (rs: ReplicaSet): number | undefined => integer(rs.metadata.annotations?.[MAX_REPLICAS])

export const withSizes = (annotations: Annotations | undefined, deployment: Deployment): Annotations => ({
  ...annotations,
  [DESIRED_REPLICAS]: String(replicasOf(deployment)),
  [MAX_REPLICAS]: String(replicasOf(deployment) + maxSurge(deployment)),
})

export const sizesDiffer = (rs: ReplicaSet, deployment: Deployment): boolean =>
  desiredReplicasOf(rs) !== replicasOf(deployment) ||
  maxReplicasOf(rs) !== replicasOf(deployment) + maxSurge(deployment)

/**
 * The annotations that the newest set should have. When an older set becomes the newest again (a rollback), its
 * former revision goes into the history.
 * @returns the same value when nothing changes
 */
export function newestSetAnnotations(
  current: Annotations | undefined,
  deployment: Deployment,
  wanted: bigint,
): Annotations | undefined {
  const next: Annotations = { ...current }
  for (const [key, value] of Object.entries(deployment.metadata.annotations ?? {})) {
    if (!OWN_ANNOTATIONS.has(key)) next[key] = value
  }
  const old = revision(current)
  if ((old ?? 0n) < wanted) {
    next[REVISION] = String(wanted)
    if (old !== undefined) next[REVISION_HISTORY] = appendHistory(current?.[REVISION_HISTORY], old)
  }
  const keys = Object.keys(next)
  const same = keys.length === Object.keys(current ?? {}).length && keys.every(key => next[key] === current?.[key])
  return same ? current : next
}

function appendHistory(history: string | undefined, former: bigint): string {
  const revisions = history ? history.split(',') : []
  revisions.push(String(former))
  while (revisions.join(',').length > MAX_HISTORY_LENGTH) revisions.shift()
  return revisions.join(',')
}
