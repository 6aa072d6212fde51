// The status that a set of pods amounts to.
import type { ReplicaSetCondition, ReplicaSetStatus } from '../../../shared/api/apps/v1.ts'
import type { Pod } from '../../../shared/api/core/v1.ts'
import { type Clock, formatTime } from '../../../shared/machinery/clock.ts'
import { conditionOf, removeCondition, setCondition } from '../../../shared/machinery/conditions.ts'
import { fromMatchLabels } from '../../../shared/machinery/selectors.ts'
import { nonZero } from '../support/non-zero.ts'
import { isPodAvailable, isPodReady } from '../support/pod-state.ts'
import type { ReplicaOwner } from './replica-owner.ts'

const REPLICA_FAILURE = 'ReplicaFailure'

/** @param pods the active pods @param failure of creating or deleting pods; undefined = it went well */
export function replicaStatus(
  owner: ReplicaOwner,
  pods: readonly Pod[],
  terminating: number,
  failure: unknown,
  clock: Clock,
): ReplicaSetStatus {
  const templateLabels = fromMatchLabels(owner.spec.template?.metadata?.labels)
  const ready = pods.filter(isPodReady)
  const minReadySeconds = owner.spec.minReadySeconds ?? 0
  const now = clock.now()
  const available = minReadySeconds === 0 ? ready : ready.filter(pod => isPodAvailable(pod, minReadySeconds, now))
  return {
    replicas: pods.length,
    terminatingReplicas: terminating,
    ...nonZero({
      fullyLabeledReplicas: pods.filter(pod => templateLabels.matches(pod.metadata.labels)).length,
      readyReplicas: ready.length,
      availableReplicas: available.length,
      observedGeneration: owner.metadata.generation,
      conditions: conditions(owner, pods.length, failure, clock),
    }),
  } as ReplicaSetStatus
}

function conditions(owner: ReplicaOwner, podCount: number, failure: unknown, clock: Clock): ReplicaSetCondition[] {
  if (failure === undefined) return removeCondition(owner.status.conditions, REPLICA_FAILURE)
  const reason = (owner.spec.replicas ?? 1) > podCount ? 'FailedCreate' : 'FailedDelete'
  const message = failure instanceof Error ? failure.message : String(failure)
  const condition = { type: REPLICA_FAILURE, status: 'True', reason, message }
  // The message names another pod each time: as upstream, it stays until the reason is another one.
  const old = conditionOf(owner.status.conditions, REPLICA_FAILURE)
  if (old?.status === 'True' && old.reason === reason) return [...(owner.status.conditions ?? [])]
  return setCondition<ReplicaSetCondition>(owner.status.conditions, condition, formatTime(clock.now()))
}
