// deployment-auto-rollback: a Deployment that asks for it (flotilla.dev/auto-rollback: "true") returns to its last
// healthy revision when the new one makes no progress within its deadline, or its pods crash again and again.
import { Deployment, type DeploymentCondition, ReplicaSet } from '../../../shared/api/apps/v1.ts'
import { ROLLED_BACK_AT, ROLLED_BACK_FROM, ROLLED_BACK_REASON } from '../../../shared/api/flotilla/auto-rollback.ts'
import { Pod, type PodTemplateSpec } from '../../../shared/api/core/v1.ts'
import type { ObjectRef } from '../../../shared/client/client.ts'
import { byControllerUid } from '../../../shared/client/lister.ts'
import {
  type ControllerContext,
  type Reconciler,
  type Result,
  done,
  mapped,
  own,
  owned,
  ownerOf,
  requeueAfter,
} from '../../../shared/client/reconciler.ts'
import { formatTime } from '../../../shared/machinery/clock.ts'
import { conditionOf } from '../../../shared/machinery/conditions.ts'
import { maxRevision, revisionOf } from '../deployment/annotations.ts'
import { Reason, progressOf, replaceCondition } from '../deployment/conditions.ts'
import { findNewSet } from '../deployment/rollout.ts'
import { isComplete } from '../deployment/status.ts'
import type { ObservedTime } from '../../../shared/machinery/observed-time.ts'
import { POD_TEMPLATE_HASH } from '../support/template-hash.ts'
import { type Failure, deadlineMs, failureOf, healthyRevision } from './judge.ts'
import { CHANGE_CAUSE, FAILED, HEALTHY_SINCE, isAsked, isFailed, isHealthy } from './marks.ts'

type Context = ControllerContext

const ROLLED_BACK = 'RolledBack'
/** A program that ends by itself is up for a moment as well: well is what stays up. */
const HEALTHY_AFTER_MS = 30_000

export class DeploymentAutoRollback implements Reconciler<Deployment> {
  readonly name = 'deployment-auto-rollback'
  readonly identity = 'deployment-auto-rollback'
  readonly type = Deployment
  readonly watches = [
    own(Deployment, ({ object }) => isAsked(object)),
    owned(ReplicaSet, Deployment),
    mapped(Pod, podChanged),
  ]
  readonly #time: ObservedTime

  constructor(time: ObservedTime) {
    this.#time = time
  }

  async reconcile(deployment: Deployment, context: Context): Promise<Result> {
    const { metadata, spec, status } = deployment
    if (!isAsked(deployment) || metadata.deletionTimestamp || spec.paused) return done
    // What is said about the generation before says nothing about this one.
    if ((status.observedGeneration ?? 0) < (metadata.generation ?? 0)) return done
    const sets = context.lister(ReplicaSet).by(byControllerUid, metadata.uid)
    const newSet = findNewSet({ deployment, sets })
    if (!newSet) return done
    if (isComplete(deployment, status)) return whenComplete(deployment, newSet, context)
    const pods = context.lister(Pod).by(byControllerUid, newSet.metadata.uid)
    const nowMs = context.clock.now()
    const againMs = deadlineMs(deployment, this.#time.awakeSinceMs())
    const failure = failureOf(deployment, newSet, pods, nowMs, againMs)
    if (failure) return giveUp(deployment, newSet, sets, failure, context)
    return againMs !== undefined && againMs > nowMs ? requeueAfter(againMs - nowMs + 1000) : done
  }
}

/** Marks the revision as healthy once it has been whole for a while. */
async function whenComplete(deployment: Deployment, newSet: ReplicaSet, context: Context): Promise<Result> {
  const progress = progressOf(deployment.status)
  const since = progress?.reason === Reason.newSetAvailable ? progress.lastUpdateTime : undefined
  if (isHealthy(newSet)) return done
  const pods = context.lister(Pod).by(byControllerUid, newSet.metadata.uid)
  const startedMs = pods.map(({ status }) => Math.max(0, ...(status.containerStatuses ?? []).map(({ state }) => Date.parse(state?.running?.startedAt ?? '') || 0))) // prettier-ignore
  const wholeMs = Math.max(Date.parse(since ?? '') || 0, ...startedMs)
  const leftMs = wholeMs + HEALTHY_AFTER_MS - context.clock.now()
  if (leftMs > 0) return requeueAfter(leftMs)
  await annotate(newSet, { [HEALTHY_SINCE]: formatTime(wholeMs || context.clock.now()), [FAILED]: null }, context)
  await tellHealthy(deployment, newSet, context)
  return done
}

/** A later revision is well: what was rolled back before is history. */
async function tellHealthy(deployment: Deployment, newSet: ReplicaSet, context: Context): Promise<void> {
  const told = conditionOf(deployment.status.conditions, ROLLED_BACK)
  const wentBackTo = told?.message?.includes(`to revision ${revisionOf(newSet)}:`)
  if (told?.status !== 'True' || wentBackTo) return
  const message = `Revision ${revisionOf(newSet)} is healthy`
  await setCondition(deployment, { type: ROLLED_BACK, status: 'False', reason: 'RevisionHealthy', message }, context)
}

async function giveUp(
  deployment: Deployment,
  newSet: ReplicaSet,
  sets: readonly ReplicaSet[],
  failure: Failure,
  context: Context,
): Promise<Result> {
  const from = revisionOf(newSet)
  if (!isFailed(newSet)) await annotate(newSet, { [FAILED]: `${failure.reason}: ${failure.message}` }, context)
  const target = healthyRevision(sets, newSet)
  if (!target) {
    const message = `Revision ${from} failed (${failure.message}), and there is no healthy revision to return to`
    const known = conditionOf(deployment.status.conditions, ROLLED_BACK)
    if (known?.reason === 'NoHealthyRevision' && known.message === message) return done
    context.events.event(deployment, 'Warning', 'AutoRollbackImpossible', message)
    await setCondition(
      deployment,
      { type: ROLLED_BACK, status: 'False', reason: 'NoHealthyRevision', message },
      context,
    )
    return done
  }
  // The set gets a new revision by going back to it, as with `kubectl rollout undo`.
  const to = maxRevision(sets) + 1n
  const what = `from revision ${from} to revision ${to}: ${failure.message}`
  const message = `Rolled back ${what} (the template is that of revision ${revisionOf(target)})`
  const { client, clock, signal } = context
  const { [CHANGE_CAUSE]: _cause, ...annotations } = deployment.metadata.annotations ?? {}
  const cause = target.metadata.annotations?.[CHANGE_CAUSE]
  const updated = await client.update(
    Deployment,
    {
      ...deployment,
      metadata: {
        ...deployment.metadata,
        annotations: {
          ...annotations,
          ...(cause === undefined ? {} : { [CHANGE_CAUSE]: cause }),
          [ROLLED_BACK_FROM]: String(from),
          [ROLLED_BACK_REASON]: failure.message,
          [ROLLED_BACK_AT]: formatTime(clock.now()),
        },
      },
      spec: { ...deployment.spec, template: templateOf(target, deployment) },
    },
    { signal },
  )
  context.events.event(deployment, 'Warning', 'AutoRollback', message)
  await setCondition(updated, { type: ROLLED_BACK, status: 'True', reason: failure.reason, message }, context)
  return done
}

function templateOf({ spec }: ReplicaSet, { spec: { template: current } }: Deployment): PodTemplateSpec {
  const template = spec.template ?? current
  const { [POD_TEMPLATE_HASH]: _hash, ...labels } = template.metadata?.labels ?? {}
  return { ...template, metadata: { ...template.metadata, labels } }
}

async function annotate(
  { metadata: { namespace, name, uid } }: ReplicaSet,
  annotations: Readonly<Record<string, string | null>>,
  { client, signal }: Context,
): Promise<void> {
  await client.patch(ReplicaSet, { namespace, name }, { metadata: { uid, annotations } }, { type: 'merge', signal })
}

async function setCondition(
  deployment: Deployment,
  given: Pick<DeploymentCondition, 'type' | 'status' | 'reason' | 'message'>,
  { client, clock, signal }: Context,
): Promise<void> {
  const { namespace, name, uid } = deployment.metadata
  const known = conditionOf(deployment.status.conditions, given.type)
  const since = known?.status === given.status ? known.lastTransitionTime : undefined
  const condition = conditionOf(replaceCondition([], given, since, clock), given.type)
  // Beside the deployment controller's own conditions, which it may be writing right now.
  const patch = { metadata: { uid }, status: { conditions: [condition] } }
  await client.patch(Deployment, { namespace, name }, patch, { type: 'strategic', subresource: 'status', signal })
}

function podChanged({ type, object }: { type: string; object: Pod }, { lister }: Context): ObjectRef[] {
  if (type === 'deleted') return []
  const set = ownerOf(object, ReplicaSet)
  const rs = set && lister(ReplicaSet).get(set)
  const owner = rs && ownerOf(rs, Deployment)
  const deployment = owner && lister(Deployment).get(owner)
  return deployment && isAsked(deployment) ? [deployment.metadata] : []
}
