// daemonset: one pod on every node that fits.
import { ControllerRevision, DaemonSet, type DaemonSetStatus } from '../../../shared/api/apps/v1.ts'
import { Node, Pod } from '../../../shared/api/core/v1.ts'
import type { ObjectRef } from '../../../shared/client/client.ts'
import { Expectations } from '../../../shared/client/expectations.ts'
import { keyOf } from '../../../shared/client/object-key.ts'
import {
  type Change,
  type ControllerContext,
  type Reconciler,
  type Result,
  type Watch,
  done,
  mapped,
  own,
  owned,
  ownerOf,
  requeueAfter,
} from '../../../shared/client/reconciler.ts'
import { Selectors } from '../../../shared/client/selection.ts'
import type { Clock } from '../../../shared/machinery/clock.ts'
import { deepEqual } from '../../../shared/machinery/deep-equal.ts'
import { controllerOf } from '../../../shared/machinery/owner.ts'
import type { Draft } from '../../../shared/machinery/object.ts'
import { fromLabelSelector } from '../../../shared/machinery/selectors.ts'
import { isNamespaceTerminating, isNotFound } from '../../../shared/machinery/status.ts'
import { claim, claimCandidates } from '../support/claim.ts'
import { nonZero } from '../support/non-zero.ts'
import { createPod, deletePod, podFromTemplate } from '../support/pod-control.ts'
import { isPodReady, msUntilAvailable, msUntilNextAvailable } from '../support/pod-state.ts'
import { POD_TEMPLATE_GENERATION, TEMPLATE_GENERATION } from '../../../shared/machinery/template-generation.ts'
import { type History, REVISION_HASH, hashOf, syncRevisions, truncateHistory } from '../support/revisions.ts'
import { slowStartBatch } from '../support/slow-start.ts'
import { writeStatus } from '../support/write-status.ts'
import { daemonTolerations, eligibility } from './eligible.ts'
import { FailedPods } from './failed-pods.ts'
import { byScheduledThenAge, nodeOf, planNodes, planUpdate, podsPerNode } from './plan.ts'

const MAX_BATCH = 250

const selectors = new Selectors<DaemonSet>(({ spec }) => fromLabelSelector(spec.selector))

export class DaemonSetController implements Reconciler<DaemonSet> {
  readonly name = 'daemonset'
  readonly identity = 'daemon-set-controller'
  readonly eventSource = 'daemonset-controller'
  readonly type = DaemonSet
  readonly watches: readonly Watch[] = [
    own(DaemonSet),
    owned(ControllerRevision, DaemonSet),
    mapped<Pod>(Pod, (change, context) => this.#podChanged(change, context)),
    mapped(Node, nodeChanged),
  ]
  readonly #expectations: Expectations
  readonly #failedPods: FailedPods

  constructor(clock: Clock) {
    this.#expectations = new Expectations(clock)
    this.#failedPods = new FailedPods(clock)
  }

  async reconcile(daemonSet: DaemonSet, context: ControllerContext): Promise<Result> {
    const selector = selectors.of(daemonSet)
    if (selector.everything) {
      const message = 'This daemon set is selecting all pods. A non-empty selector is required.'
      context.events.event(daemonSet, 'Warning', 'SelectingAll', message)
      return done
    }
    if (daemonSet.metadata.deletionTimestamp) return done
    const key = keyOf(daemonSet.metadata)
    const history = await syncRevisions(context, DaemonSet, daemonSet, selector)
    const pods = await claim(context, {
      type: Pod,
      candidates: claimCandidates(context.lister(Pod), daemonSet, selector),
      ownerType: DaemonSet,
      owner: daemonSet,
      selector,
    })
    const untilAvailableMs = msUntilNextAvailable(pods, daemonSet.spec.minReadySeconds, context.clock.now()) ?? 0
    const { failure, waitMs = 0 } = this.#expectations.satisfied(key)
      ? await this.#manage(context, daemonSet, pods, history)
      : {}
    const used = new Set(pods.map(pod => pod.metadata.labels?.[REVISION_HASH] ?? ''))
    await truncateHistory(context, daemonSet, history, revision => used.has(hashOf(revision)))
    await writeStatus(context, DaemonSet, daemonSet, statusOf(daemonSet, pods, history, context))
    if (failure !== undefined) throw failure
    const waits = [waitMs, untilAvailableMs].filter(ms => ms > 0)
    return waits.length ? requeueAfter(Math.min(...waits)) : done
  }

  gone(ref: ObjectRef): undefined {
    this.#expectations.forget(keyOf(ref))
  }

  /** @returns the first failure, and in how many milliseconds a failed pod may be replaced */
  async #manage(
    context: ControllerContext,
    daemonSet: DaemonSet,
    pods: readonly Pod[],
    { current }: History,
  ): Promise<{ failure?: unknown; waitMs?: number }> {
    const hash = hashOf(current)
    const isCurrent = (pod: Pod) => pod.metadata.labels?.[REVISION_HASH] === hash
    const nodes = context.lister(Node).list()
    const perNode = podsPerNode(pods)
    const plan = planNodes(daemonSet, nodes, perNode, isCurrent)
    const waits = new Map(plan.ended.map(pod => [pod, this.#msToWait(daemonSet, pod)]))
    const ended = plan.ended.filter(pod => waits.get(pod) === 0)
    const idle = plan.create.length + plan.remove.length + ended.length === 0
    if (idle && daemonSet.spec.updateStrategy?.type !== 'OnDelete') {
      const wanted = nodes.filter(node => eligibility(daemonSet, node).shouldRun).map(node => node.metadata.name)
      const step = planUpdate(daemonSet, wanted, perNode, isCurrent, context.clock.now())
      plan.create.push(...step.create)
      plan.remove.push(...step.remove)
    }
    for (const pod of ended) tellEnded(context, daemonSet, pod)
    const failure = await this.#apply(context, daemonSet, hash, plan.create.slice(0, MAX_BATCH), [...plan.remove, ...ended]) // prettier-ignore
    const longer = [...waits.values()].filter(ms => ms > 0)
    return { failure, ...(longer.length > 0 && { waitMs: Math.min(...longer) }) }
  }

  /** One that succeeded is replaced at once. */
  #msToWait(daemonSet: DaemonSet, pod: Pod): number {
    return pod.status.phase === 'Failed' ? this.#failedPods.msToWait(daemonSet, nodeOf(pod) ?? '') : 0
  }

  async #apply(
    context: ControllerContext,
    daemonSet: DaemonSet,
    hash: string,
    create: readonly string[],
    remove: readonly Pod[],
  ): Promise<unknown> {
    const key = keyOf(daemonSet.metadata)
    // Creations and deletions of one round are seen together: the later call must not void the earlier one.
    this.#expectations.expect(
      key,
      create.length,
      remove.map(pod => keyOf(pod.metadata)),
    )
    const { succeeded, error } = await slowStartBatch(create.length, 1, index =>
      createPod(context, daemonSet, draftPod(daemonSet, hash, create[index] ?? '')),
    )
    for (let skipped = create.length - succeeded; skipped > 0; skipped--) this.#expectations.creationObserved(key)
    const results = await Promise.allSettled(
      remove.map(async pod => {
        try {
          await deletePod(context, daemonSet, pod)
        } catch (failed) {
          this.#expectations.deletionObserved(key, keyOf(pod.metadata))
          if (!isNotFound(failed)) throw failed
        }
      }),
    )
    if (error !== undefined && !isNamespaceTerminating(error)) return error
    return results.find(result => result.status === 'rejected')?.reason
  }

  #podChanged({ type, object: pod, old }: Change<Pod>, context: ControllerContext): ObjectRef[] {
    const owner = ownerOf(pod, DaemonSet)
    if (owner) {
      const goes = type === 'deleted' || pod.metadata.deletionTimestamp !== undefined
      if (goes) this.#expectations.deletionObserved(keyOf(owner), keyOf(pod.metadata))
      else if (type === 'added') this.#expectations.creationObserved(keyOf(owner))
      return [owner]
    }
    const before = old && ownerOf(old, DaemonSet)
    if (before) return [before]
    if (type === 'deleted' || controllerOf(pod)) return []
    if (old && !controllerOf(old) && deepEqual(old.metadata.labels, pod.metadata.labels)) return []
    const { namespace, labels } = pod.metadata
    return selectors.selecting(context.lister(DaemonSet), namespace, labels).map(({ metadata }) => metadata)
  }
}

/** The scheduler places it like any pod, but only this node will do. */
function draftPod(daemonSet: DaemonSet, hash: string, nodeName: string): Draft<Pod> {
  const pod = podFromTemplate(daemonSet.spec.template, DaemonSet, daemonSet)
  const generation = daemonSet.metadata.annotations?.[TEMPLATE_GENERATION]
  const { affinity } = pod.spec
  const required = affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution
  const matchFields = [{ key: 'metadata.name', operator: 'In', values: [nodeName] }]
  const terms = required?.nodeSelectorTerms.length
    ? required.nodeSelectorTerms.map(term => ({ ...term, matchFields }))
    : [{ matchFields }]
  return {
    metadata: {
      ...pod.metadata,
      labels: {
        ...pod.metadata.labels,
        [REVISION_HASH]: hash,
        ...(generation !== undefined && { [POD_TEMPLATE_GENERATION]: generation }),
      },
    },
    spec: {
      ...pod.spec,
      affinity: {
        ...affinity,
        nodeAffinity: {
          ...affinity?.nodeAffinity,
          requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: terms },
        },
      },
      tolerations: [...(pod.spec.tolerations ?? []), ...daemonTolerations(pod.spec)],
    },
  }
}

function tellEnded({ events }: ControllerContext, daemonSet: DaemonSet, pod: Pod): void {
  const { namespace, name } = pod.metadata
  const found = (how: string) => `Found ${how} daemon pod ${namespace}/${name} on node ${nodeOf(pod)}`
  if (pod.status.phase === 'Failed')
    events.event(daemonSet, 'Warning', 'FailedDaemonPod', `${found('failed')}, will try to kill it`)
  else events.event(daemonSet, 'Normal', 'SucceededDaemonPod', `${found('succeeded')}, will try to delete it`)
}

function statusOf(
  daemonSet: DaemonSet,
  pods: readonly Pod[],
  { current }: History,
  { lister, clock }: ControllerContext,
): DaemonSetStatus {
  const perNode = podsPerNode(pods.filter(pod => !pod.metadata.deletionTimestamp))
  const counts = { desired: 0, scheduled: 0, misscheduled: 0, ready: 0, available: 0, updated: 0 }
  for (const node of lister(Node).list()) {
    const here = perNode.get(node.metadata.name) ?? []
    if (!eligibility(daemonSet, node).shouldRun) {
      if (here.length > 0) counts.misscheduled += 1
      continue
    }
    counts.desired += 1
    const [pod] = [...here].sort(byScheduledThenAge)
    if (!pod) continue
    counts.scheduled += 1
    if (isPodReady(pod)) counts.ready += 1
    const minReadySeconds = daemonSet.spec.minReadySeconds ?? 0
    if (isPodReady(pod) && msUntilAvailable(pod, minReadySeconds, clock.now()) === 0) counts.available += 1
    if (pod.metadata.labels?.[REVISION_HASH] === hashOf(current)) counts.updated += 1
  }
  const { collisionCount, conditions } = daemonSet.status
  return {
    currentNumberScheduled: counts.scheduled,
    desiredNumberScheduled: counts.desired,
    numberMisscheduled: counts.misscheduled,
    numberReady: counts.ready,
    ...nonZero({
      numberAvailable: counts.available,
      numberUnavailable: counts.desired - counts.available,
      updatedNumberScheduled: counts.updated,
      observedGeneration: daemonSet.metadata.generation,
      collisionCount,
      conditions,
    }),
  }
}

/** Only what decides about eligibility; nodes report every few seconds. */
function nodeChanged({ type, object, old }: Change<Node>, { lister }: ControllerContext): ObjectRef[] {
  const same =
    type === 'updated' &&
    deepEqual(object.metadata.labels, old.metadata.labels) &&
    deepEqual(object.spec.taints, old.spec.taints)
  return same
    ? []
    : lister(DaemonSet)
        .list()
        .map(({ metadata }) => metadata)
}
