// What controllers ask about a pod's state.
import type { Pod } from '../../../shared/api/core/v1.ts'
import { conditionOf, isConditionTrue } from '../../../shared/machinery/conditions.ts'

/** Finished for good: its containers will not run again. */
export const isPodTerminal = (pod: Pod): boolean => pod.status.phase === 'Succeeded' || pod.status.phase === 'Failed'

/** Counts towards a replica count: neither finished nor being deleted. */
export const isPodActive = (pod: Pod): boolean => !isPodTerminal(pod) && !pod.metadata.deletionTimestamp

export const isPodTerminating = (pod: Pod): boolean =>
  !isPodTerminal(pod) && pod.metadata.deletionTimestamp !== undefined

export const isPodReady = (pod: Pod): boolean => isConditionTrue(pod.status.conditions, 'Ready')

/** @returns milliseconds until the pod has been ready for `minReadySeconds`: 0 = available, undefined = not ready. */
export function msUntilAvailable(pod: Pod, minReadySeconds: number, nowMs: number): number | undefined {
  const ready = conditionOf(pod.status.conditions, 'Ready')
  if (ready?.status !== 'True') return undefined
  if (minReadySeconds <= 0) return 0
  const since = Date.parse(ready.lastTransitionTime ?? '')
  return Number.isNaN(since) ? undefined : Math.max(0, since + minReadySeconds * 1000 - nowMs)
}

/**
 * Asked before what is decided and told of the pods: one that becomes available meanwhile has to be looked at again.
 *
 * @returns milliseconds until the next of these pods becomes available by the passing of time alone
 */
export function msUntilNextAvailable(pods: readonly Pod[], minReadySeconds = 0, nowMs: number): number | undefined {
  const waits = pods.map(pod => msUntilAvailable(pod, minReadySeconds, nowMs) ?? 0).filter(ms => ms > 0)
  return waits.length > 0 ? Math.min(...waits) : undefined
}

export const isPodAvailable = (pod: Pod, minReadySeconds: number, nowMs: number): boolean =>
  msUntilAvailable(pod, minReadySeconds, nowMs) === 0
