// disruption: keeps count, for every PodDisruptionBudget, of how many of its pods may be evicted right now.
import { Deployment, ReplicaSet, StatefulSet } from '../../../shared/api/apps/v1.ts'
import { Pod, ReplicationController } from '../../../shared/api/core/v1.ts'
import { PodDisruptionBudget, type PodDisruptionBudgetStatus } from '../../../shared/api/policy/v1.ts'
import type { ObjectRef } from '../../../shared/client/client.ts'
import { byNamespace } from '../../../shared/client/lister.ts'
import {
  type Change,
  type ControllerContext,
  type Reconciler,
  type Result,
  type Watch,
  done,
  mapped,
  own,
  requeueAfter,
} from '../../../shared/client/reconciler.ts'
import { Selectors, selectedBy } from '../../../shared/client/selection.ts'
import { formatTime } from '../../../shared/machinery/clock.ts'
import { setCondition } from '../../../shared/machinery/conditions.ts'
import { semanticEqual } from '../../../shared/machinery/deep-equal.ts'
import { scaledValue } from '../../../shared/machinery/int-or-string.ts'
import type { KubeObject } from '../../../shared/machinery/object.ts'
import type { ResourceType } from '../../../shared/machinery/resource-type.ts'
import { fromLabelSelector } from '../../../shared/machinery/selectors.ts'
import { isConflict } from '../../../shared/machinery/status.ts'
import { isPodReady } from '../support/pod-state.ts'
import { expectedScale } from './expected-scale.ts'

/** An evicted pod counts as gone for this long; if it still lives then, it counts again. */
const DELETION_TIMEOUT_MS = 120_000
const DISRUPTION_ALLOWED = 'DisruptionAllowed'

const selectors = new Selectors<PodDisruptionBudget>(({ spec }) => fromLabelSelector(spec.selector))

export class DisruptionController implements Reconciler<PodDisruptionBudget> {
  readonly name = 'disruption'
  readonly eventSource = 'controllermanager'
  readonly type = PodDisruptionBudget
  readonly watches: readonly Watch[] = [
    own(PodDisruptionBudget),
    mapped(Pod, budgetsOfPod),
    scaled(ReplicaSet),
    scaled(Deployment),
    scaled(StatefulSet),
    scaled(ReplicationController),
  ]

  async reconcile(budget: PodDisruptionBudget, context: ControllerContext): Promise<Result> {
    try {
      return await sync(budget, context)
    } catch (error) {
      if (!isConflict(error) && !context.signal.aborted) await failSafe(budget, context, error)
      throw error
    }
  }
}

async function sync(budget: PodDisruptionBudget, context: ControllerContext): Promise<Result> {
  const { events, lister } = context
  const pods = selectedBy(lister(Pod), budget.metadata.namespace, selectors.of(budget))
  if (pods.length === 0) events.event(budget, 'Normal', 'NoPods', 'No matching pods found')
  const { expectedPods, desiredHealthy } = await wanted(budget, pods, context)
  const { disruptedPods, recheckMs } = stillDisrupted(budget, pods, context)
  const currentHealthy = pods.filter(
    pod => !pod.metadata.deletionTimestamp && !Object.hasOwn(disruptedPods, pod.metadata.name) && isPodReady(pod),
  ).length
  const disruptionsAllowed = expectedPods > 0 ? Math.max(0, currentHealthy - desiredHealthy) : 0
  await write(budget, context, { currentHealthy, desiredHealthy, expectedPods, disruptionsAllowed, disruptedPods })
  return recheckMs === undefined ? done : requeueAfter(recheckMs)
}

async function wanted(
  budget: PodDisruptionBudget,
  pods: readonly Pod[],
  context: ControllerContext,
): Promise<{ expectedPods: number; desiredHealthy: number }> {
  const { minAvailable, maxUnavailable } = budget.spec
  if (maxUnavailable === undefined && typeof minAvailable === 'number')
    return { expectedPods: pods.length, desiredHealthy: minAvailable }
  if (maxUnavailable === undefined && minAvailable === undefined) return { expectedPods: 0, desiredHealthy: 0 }
  try {
    const { expected, unmanaged } = await expectedScale(pods, context)
    if (unmanaged.length > 0) {
      const message = `Pods selected by this PodDisruptionBudget were found to be unmanaged: ${[...unmanaged].sort().join(', ')}. As a result, the status of the PDB cannot be calculated correctly, which may result in undefined behavior. To account for these pods please set ".spec.minAvailable" field of the PDB to an integer value.`
      context.events.event(budget, 'Warning', 'UnmanagedPods', message)
    }
    const desiredHealthy =
      maxUnavailable === undefined
        ? scaledValue(minAvailable ?? 0, expected, true)
        : Math.max(0, expected - scaledValue(maxUnavailable, expected, true))
    return { expectedPods: expected, desiredHealthy }
  } catch (error) {
    const message = `Failed to calculate the number of expected pods: ${describe(error)}`
    context.events.event(budget, 'Warning', 'CalculateExpectedPodCountFailed', message)
    throw error
  }
}

/** Evictions that were granted, but whose deletion has not been seen yet. */
function stillDisrupted(
  { metadata, status }: PodDisruptionBudget,
  pods: readonly Pod[],
  { clock, events }: ControllerContext,
): { disruptedPods: Record<string, string>; recheckMs: number | undefined } {
  const granted = new Map(Object.entries(status.disruptedPods ?? {}))
  const kept: [string, string][] = []
  const waits: number[] = []
  for (const pod of pods) {
    const since = granted.get(pod.metadata.name)
    if (since === undefined || pod.metadata.deletionTimestamp) continue
    const leftMs = Date.parse(since) + DELETION_TIMEOUT_MS - clock.now()
    if (leftMs > 0) {
      kept.push([pod.metadata.name, since])
      waits.push(leftMs)
    } else {
      const message = `Pod was expected by PDB ${metadata.namespace}/${metadata.name} to be deleted but it wasn't`
      events.event(pod, 'Warning', 'NotDeleted', message)
    }
  }
  return { disruptedPods: Object.fromEntries(kept), recheckMs: waits.length ? Math.min(...waits) : undefined }
}

/**
 * Never on a newer object than the one counted from: evictions change the same status, and one that this count has
 * not seen would be forgotten. A conflict counts again.
 */
async function write(
  budget: PodDisruptionBudget,
  { client, clock, signal }: ControllerContext,
  counted: Omit<PodDisruptionBudgetStatus, 'conditions' | 'observedGeneration'>,
  failure?: string,
): Promise<void> {
  const { generation } = budget.metadata
  const allowed = (counted.disruptionsAllowed ?? 0) > 0
  const condition = {
    type: DISRUPTION_ALLOWED,
    status: allowed ? 'True' : 'False',
    reason: failure !== undefined ? 'SyncFailed' : allowed ? 'SufficientPods' : 'InsufficientPods',
    message: failure ?? '',
    ...(generation === undefined ? {} : { observedGeneration: generation }),
  }
  const status = {
    ...counted,
    ...(generation === undefined ? {} : { observedGeneration: generation }),
    conditions: setCondition(budget.status.conditions, condition, formatTime(clock.now())),
  }
  if (semanticEqual(budget.status, status)) return
  await client.updateStatus(PodDisruptionBudget, { ...budget, status }, { signal })
}

/** What cannot be counted must not be disrupted. */
async function failSafe(budget: PodDisruptionBudget, context: ControllerContext, error: unknown): Promise<void> {
  const { conditions: _conditions, observedGeneration: _generation, ...counted } = budget.status
  try {
    await write(budget, context, { ...counted, disruptionsAllowed: 0 }, describe(error))
  } catch (failure) {
    if (!isConflict(failure)) throw failure
  }
}

const describe = (error: unknown): string => (error instanceof Error ? error.message : String(error))

function budgetsOfPod({ object: pod, old, type }: Change<Pod>, { lister, events }: ControllerContext): ObjectRef[] {
  const { namespace, name, labels } = pod.metadata
  const labelsBefore = old ? [old.metadata.labels] : []
  const found = selectors.selecting(lister(PodDisruptionBudget), namespace, labels, ...labelsBefore)
  const [first] = found
  // Nobody can evict it.
  if (first && found.length > 1 && type === 'added')
    events.event(
      pod,
      'Warning',
      'MultiplePodDisruptionBudgets',
      `Pod "${namespace}"/"${name}" matches multiple PodDisruptionBudgets.  Chose "${first.metadata.name}" arbitrarily.`,
    )
  return found.map(({ metadata }) => metadata)
}

/** An owner that is scaled changes what percentages are taken of, before any pod changes. */
function scaled<T extends KubeObject & { spec: { replicas?: number } }>(type: ResourceType<T>): Watch {
  return mapped<T>(type, ({ object, old }, { lister }) =>
    old && old.spec.replicas === object.spec.replicas
      ? []
      : lister(PodDisruptionBudget)
          .by(byNamespace, object.metadata.namespace ?? '')
          .map(({ metadata }) => metadata),
  )
}
