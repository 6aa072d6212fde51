// One synchronisation of one Deployment: the newest state of the object, its sets, and the writes that all steps share.
import { Deployment, ReplicaSet } from '../../../shared/api/apps/v1.ts'
import type { Pod } from '../../../shared/api/core/v1.ts'
import type { ControllerContext } from '../../../shared/client/reconciler.ts'
import { deepEqual } from '../../../shared/machinery/deep-equal.ts'
import { sizesDiffer, withSizes } from './annotations.ts'
import { replicasOf } from './math.ts'
import { sameTemplate } from '../support/template-hash.ts'

export interface Rollout {
  readonly context: ControllerContext
  /** Replaced by what the server answers to each write. */
  deployment: Deployment
  /** The sets that it controls. */
  readonly sets: readonly ReplicaSet[]
  /** The pods of its sets. */
  readonly pods: () => readonly Pod[]
  /** Since when the control plane has seen what nodes report: its own outage is no rollout's delay. */
  readonly awakeSinceMs: number
}

/** The oldest set with the Deployment's template: the newest revision. */
export const findNewSet = ({ sets, deployment }: Pick<Rollout, 'sets' | 'deployment'>): ReplicaSet | undefined =>
  [...sets].sort(byCreation).find(rs => sameTemplate(rs.spec.template, deployment.spec.template))

export const oldSetsOf = (sets: readonly ReplicaSet[], newSet: ReplicaSet | undefined): ReplicaSet[] =>
  sets.filter(rs => rs.metadata.uid !== newSet?.metadata.uid)

/** Sets that are asked for pods. */
export const activeSets = (sets: readonly (ReplicaSet | undefined)[]): ReplicaSet[] =>
  sets.filter((rs): rs is ReplicaSet => rs !== undefined && replicasOf(rs) > 0)

export const byCreation = (a: ReplicaSet, b: ReplicaSet): number =>
  compare(a.metadata.creationTimestamp, b.metadata.creationTimestamp) || compare(a.metadata.name, b.metadata.name)

/** Larger first; of equals the newer first. */
export const bySizeNewer = (a: ReplicaSet, b: ReplicaSet): number => replicasOf(b) - replicasOf(a) || byCreation(b, a)
/** Larger first; of equals the older first. */
export const bySizeOlder = (a: ReplicaSet, b: ReplicaSet): number => replicasOf(b) - replicasOf(a) || byCreation(a, b)

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

/** Gives a set its size and its size annotations, with the event that tells about it. @returns the set as it is now */
export async function scaleSet({ context, deployment }: Rollout, rs: ReplicaSet, size: number): Promise<ReplicaSet> {
  const from = replicasOf(rs)
  if (from === size && !sizesDiffer(rs, deployment)) return rs
  const metadata = { ...rs.metadata, annotations: withSizes(rs.metadata.annotations, deployment) }
  const scaled = await context.client.update(
    ReplicaSet,
    { ...rs, metadata, spec: { ...rs.spec, replicas: size } },
    { signal: context.signal },
  )
  if (from !== size) tellScaled(context, deployment, rs.metadata.name, from, size)
  return scaled
}

export function tellScaled(
  { events }: ControllerContext,
  deployment: Deployment,
  name: string,
  from: number,
  to: number,
): void {
  const direction = to > from ? 'up' : 'down'
  events.event(
    deployment,
    'Normal',
    'ScalingReplicaSet',
    `Scaled ${direction} replica set ${name} from ${from} to ${to}`,
  )
}

/** Writes the Deployment's status (and the annotations that go with it) if it changed. */
export async function saveStatus(rollout: Rollout, next: Deployment): Promise<void> {
  const { deployment, context } = rollout
  const same =
    deepEqual(deployment.status, next.status, { emptyIsAbsent: true }) &&
    deepEqual(deployment.metadata.annotations, next.metadata.annotations, { emptyIsAbsent: true })
  if (!same) rollout.deployment = await context.client.updateStatus(Deployment, next, { signal: context.signal })
}
