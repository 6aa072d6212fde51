// statefulset: pods with stable names and claims, started and stopped in order.
import { ControllerRevision, StatefulSet, type StatefulSetStatus } from '../../../shared/api/apps/v1.ts'
import { PersistentVolumeClaim, Pod } from '../../../shared/api/core/v1.ts'
import { Expectations } from '../../../shared/client/expectations.ts'
import { keyOf } from '../../../shared/client/object-key.ts'
import type { ObjectRef } from '../../../shared/client/client.ts'
import {
  type Change,
  type ControllerContext,
  type Reconciler,
  type Result,
  type Watch,
  done,
  mapped,
  own,
  ownerOf,
  read,
  requeueAfter,
} from '../../../shared/client/reconciler.ts'
import type { Clock } from '../../../shared/machinery/clock.ts'
import { controllerOf } from '../../../shared/machinery/owner.ts'
import { fromLabelSelector } from '../../../shared/machinery/selectors.ts'
import { isAlreadyExists, isNamespaceTerminating, isNotFound } from '../../../shared/machinery/status.ts'
import { claim, claimCandidates } from '../support/claim.ts'
import { nonZero } from '../support/non-zero.ts'
import { isPodReady, msUntilAvailable, msUntilNextAvailable } from '../support/pod-state.ts'
import { type History, REVISION_HASH, syncRevisions, templateOf, truncateHistory } from '../support/revisions.ts'
import { writeStatus } from '../support/write-status.ts'
import { POD_NAME, draftClaims, draftPod, identityLabels, isClaimName, ordinalOf, podName } from './identity.ts'
import { firstOrdinal, lastOrdinal, planStep } from './plan.ts'
import { tellingOf } from './pod-events.ts'
import { claimOwners, retainClaims, staleClaim } from './retention.ts'

export class StatefulSetController implements Reconciler<StatefulSet> {
  readonly name = 'statefulset'
  readonly type = StatefulSet
  readonly watches: readonly Watch[] = [
    own(StatefulSet),
    // What a set that is deleted loses of them is not made again for that.
    read(ControllerRevision),
    // A claim that is deleted under a pod which waits for it is made again.
    mapped(PersistentVolumeClaim, ({ type, object }, { lister }) =>
      type === 'deleted'
        ? lister(StatefulSet)
            .list(object.metadata.namespace)
            .filter(set => isClaimName(set, object.metadata.name))
            .map(({ metadata }) => metadata)
        : [],
    ),
    mapped<Pod>(Pod, (change, context) => this.#podChanged(change, context)),
  ]
  readonly #expectations: Expectations

  constructor(clock: Clock) {
    this.#expectations = new Expectations(clock)
  }

  async reconcile(set: StatefulSet, context: ControllerContext): Promise<Result> {
    const key = keyOf(set.metadata)
    const selector = fromLabelSelector(set.spec.selector)
    const history = await syncRevisions(context, StatefulSet, set, selector)
    const pods = await claim(context, {
      type: Pod,
      candidates: claimCandidates(context.lister(Pod), set, selector),
      ownerType: StatefulSet,
      owner: set,
      selector,
      accepts: pod => ordinalOf(set, pod) !== undefined,
    })
    const waitMs = msUntilNextAvailable(pods, set.spec.minReadySeconds, context.clock.now())
    const settled = this.#expectations.satisfied(key) && !set.metadata.deletionTimestamp
    let failure = settled ? await this.#step(context, set, pods, history) : undefined
    // A pod that cannot be made holds up neither.
    for (const mend of settled ? [replaceClaims, restoreLabels] : []) {
      const problem = await mend(context, set, pods).catch((error: unknown) => error)
      failure ??= problem
    }
    const status = statusOf(set, pods, history, context)
    await writeStatus(context, StatefulSet, set, status)
    const used = new Set([...pods.map(revisionOfPod), set.status.currentRevision])
    await truncateHistory(context, set, history, ({ metadata }) => used.has(metadata.name))
    if (failure !== undefined) throw failure
    return waitMs === undefined ? done : requeueAfter(waitMs)
  }

  gone(ref: ObjectRef): undefined {
    this.#expectations.forget(keyOf(ref))
  }

  async #step(context: ControllerContext, set: StatefulSet, pods: readonly Pod[], history: History): Promise<unknown> {
    const byOrdinal = new Map(pods.map(pod => [ordinalOf(set, pod) ?? -1, pod]))
    const newest = history.current.metadata.name
    const isCurrent = (pod: Pod) => revisionOfPod(pod) === newest
    const plan = planStep({ set, byOrdinal, isCurrent, nowMs: context.clock.now() })
    await retainClaims(context, set, plan.reached)
    const key = keyOf(set.metadata)
    const leaving = [...plan.remove, ...plan.removeThen]
    this.#expectations.expect(
      key,
      plan.create.length,
      leaving.map(pod => pod.metadata.uid),
    )
    const removing = (pods: readonly Pod[]) =>
      pods.map(async pod => {
        try {
          await remove(context, set, pod)
        } catch (error) {
          this.#expectations.deletionObserved(key, pod.metadata.uid)
          if (!isNotFound(error)) throw error
        }
      })
    const results = await Promise.allSettled([
      ...plan.create.map(async ordinal => {
        try {
          await create(context, set, history, ordinal)
        } catch (error) {
          this.#expectations.creationObserved(key)
          if (!isNamespaceTerminating(error)) throw error
        }
      }),
      ...removing(plan.remove),
    ])
    const failed = results.find(result => result.status === 'rejected')
    if (failed) {
      for (const { metadata } of plan.removeThen) this.#expectations.deletionObserved(key, metadata.uid)
      return failed.reason
    }
    const then = await Promise.allSettled(removing(plan.removeThen))
    return then.find(result => result.status === 'rejected')?.reason
  }

  #podChanged({ type, object: pod, old }: Change<Pod>, context: ControllerContext): ObjectRef[] {
    const owner = ownerOf(pod, StatefulSet)
    if (owner) {
      const goes = type === 'deleted' || pod.metadata.deletionTimestamp !== undefined
      if (goes) this.#expectations.deletionObserved(keyOf(owner), pod.metadata.uid)
      else if (type === 'added') this.#expectations.creationObserved(keyOf(owner))
      return [owner]
    }
    const before = old && ownerOf(old, StatefulSet)
    if (before) return [before]
    // Somebody else's is not adopted; once it is gone, its name is free.
    if (type !== 'deleted' && controllerOf(pod)) return []
    const sets = context.lister(StatefulSet).list(pod.metadata.namespace)
    return sets.filter(set => ordinalOf(set, pod) !== undefined).map(({ metadata }) => metadata)
  }
}

/** The name of the revision that a pod was made from: of a StatefulSet, the hash label holds that. */
const revisionOfPod = ({ metadata }: Pod): string => metadata.labels?.[REVISION_HASH] ?? ''

/** Pods below the partition keep the revision that the set had. */
function revisionFor(set: StatefulSet, { current, all }: History, ordinal: number) {
  const { type, rollingUpdate } = set.spec.updateStrategy ?? {}
  const held = type !== 'OnDelete' && ordinal < firstOrdinal(set) + (rollingUpdate?.partition ?? 0)
  const before = held && all.find(({ metadata }) => metadata.name === set.status.currentRevision)
  return before || current
}

const create = (context: ControllerContext, set: StatefulSet, history: History, ordinal: number): Promise<unknown> =>
  tellingOf(
    context,
    set,
    'Create',
    podName(set, ordinal),
    async () => {
      await createClaims(context, set, ordinal)
      const revision = revisionFor(set, history, ordinal)
      const draft = draftPod(set, templateOf(revision) ?? set.spec.template, revision.metadata.name, ordinal)
      await context.client.create(Pod, draft, { signal: context.signal })
    },
    error => isNamespaceTerminating(error) || isAlreadyExists(error),
  )

async function createClaims(context: ControllerContext, set: StatefulSet, ordinal: number): Promise<void> {
  const { client, events, lister, signal } = context
  const stale = staleClaim(context, set, ordinal)
  if (stale) throw new Error(`pvc ${stale.metadata.name} is being deleted`)
  const ownerReferences = claimOwners(set)
  for (const { metadata, ...draft } of draftClaims(set, ordinal)) {
    const { namespace, name = '' } = metadata
    if (lister(PersistentVolumeClaim).get({ ...(namespace ? { namespace } : {}), name })) continue
    try {
      const owned = ownerReferences.length > 0 ? { ...metadata, ownerReferences } : metadata
      await client.create(PersistentVolumeClaim, { ...draft, metadata: owned }, { signal })
    } catch (error) {
      if (isAlreadyExists(error)) continue
      throw error
    }
    const what = `Create Claim ${name} Pod ${podName(set, ordinal)} in StatefulSet ${set.metadata.name} success`
    events.event(set, 'Normal', 'SuccessfulCreate', what)
  }
}

/** A pod that waits may wait for a claim that somebody deleted. One that is still there goes first. */
async function replaceClaims(context: ControllerContext, set: StatefulSet, pods: readonly Pod[]): Promise<void> {
  for (const pod of pods) {
    const ordinal = ordinalOf(set, pod) ?? -1
    const wanted = ordinal >= firstOrdinal(set) && ordinal <= lastOrdinal(set)
    const pending = pod.status.phase === 'Pending' && !pod.metadata.deletionTimestamp
    if (wanted && pending && !staleClaim(context, set, ordinal)) await createClaims(context, set, ordinal)
  }
}

const remove = (context: ControllerContext, set: StatefulSet, { metadata }: Pod): Promise<unknown> => {
  const { namespace, name, uid } = metadata
  const options = { preconditions: { uid }, signal: context.signal }
  return tellingOf(
    context,
    set,
    'Delete',
    name,
    () => context.client.delete(Pod, { namespace, name }, options),
    isNotFound,
  )
}

/** Pods that were adopted, or whose labels somebody took away, are found under their names again, if they are to stay. */
async function restoreLabels(context: ControllerContext, set: StatefulSet, pods: readonly Pod[]): Promise<void> {
  for (const { metadata } of pods) {
    const { namespace, name, uid, deletionTimestamp } = metadata
    const ordinal = ordinalOf(set, { metadata }) ?? -1
    if (ordinal < firstOrdinal(set) || ordinal > lastOrdinal(set)) continue
    const labels = identityLabels(name, ordinal)
    if (deletionTimestamp || metadata.labels?.[POD_NAME] === name) continue
    await tellingOf(context, set, 'Update', name, () =>
      context.client.patch(Pod, { namespace, name }, { metadata: { uid, labels } }, { signal: context.signal }),
    )
  }
}

function statusOf(
  set: StatefulSet,
  pods: readonly Pod[],
  history: History,
  { clock }: ControllerContext,
): StatefulSetStatus {
  const alive = pods.filter(pod => !pod.metadata.deletionTimestamp)
  const updateRevision = history.current.metadata.name
  const known = history.all.some(({ metadata }) => metadata.name === set.status.currentRevision)
  const before = known ? set.status.currentRevision : updateRevision
  // One that is on its way out may still serve.
  const ready = pods.filter(pod => pod.status.phase === 'Running' && isPodReady(pod))
  const updated = alive.filter(pod => revisionOfPod(pod) === updateRevision)
  const replicas = set.spec.replicas ?? 1
  // The update is over when all pods have it and are ready: then it is the current revision.
  const rolls = set.spec.updateStrategy?.type !== 'OnDelete'
  const complete = rolls && updated.length === replicas && ready.length === replicas && pods.length === replicas
  const currentRevision = complete ? updateRevision : before
  const current = complete ? updated : alive.filter(pod => revisionOfPod(pod) === before)
  const minReadySeconds = set.spec.minReadySeconds ?? 0
  return {
    replicas: pods.length,
    availableReplicas: ready.filter(pod => msUntilAvailable(pod, minReadySeconds, clock.now()) === 0).length,
    ...nonZero({
      readyReplicas: ready.length,
      currentReplicas: current.length,
      updatedReplicas: updated.length,
      currentRevision,
      updateRevision,
      observedGeneration: set.metadata.generation,
      conditions: set.status.conditions,
    }),
    collisionCount: set.status.collisionCount ?? 0,
  }
}
