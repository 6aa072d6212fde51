// Which of a target's pods count: a pod that just started says nothing about the load yet.
// @see https://kubernetes.io/docs/tasks/run-application/horizontal-pod-autoscale/#algorithm-details
import type { Pod } from '../../../shared/api/core/v1.ts'
import { conditionOf } from '../../../shared/machinery/conditions.ts'
import { parseQuantity } from '../../../shared/machinery/quantity.ts'
import type { PodMetric, PodMetricValues } from './metrics-client.ts'

/** While a pod is so young, its CPU counts only when it is ready and was measured since. */
const CPU_INITIALIZATION_MS = 5 * 60_000
/** A pod that was never ready for longer than this after its start is still starting. */
const INITIAL_READINESS_MS = 30_000

export interface PodGroups {
  readonly readyCount: number
  readonly unready: ReadonlySet<string>
  readonly missing: ReadonlySet<string>
  readonly ignored: ReadonlySet<string>
}

function isStarting({ status }: Pod, metric: PodMetric, nowMs: number): boolean {
  const ready = conditionOf(status.conditions, 'Ready')
  if (!ready || !status.startTime) return true
  const startMs = Date.parse(status.startTime)
  const changedMs = Date.parse(ready.lastTransitionTime ?? '')
  if (startMs + CPU_INITIALIZATION_MS > nowMs)
    return ready.status === 'False' || metric.timestampMs < changedMs + metric.windowMs
  return ready.status === 'False' && startMs + INITIAL_READINESS_MS > changedMs
}

export function groupPods(pods: readonly Pod[], metrics: PodMetricValues, resource: string, nowMs: number): PodGroups {
  const unready = new Set<string>()
  const missing = new Set<string>()
  const ignored = new Set<string>()
  let readyCount = 0
  for (const pod of pods) {
    const { name, deletionTimestamp } = pod.metadata
    const metric = metrics.get(name)
    if (deletionTimestamp || pod.status.phase === 'Failed') ignored.add(name)
    else if (pod.status.phase === 'Pending') unready.add(name)
    else if (!metric) missing.add(name)
    else if (resource === 'cpu' && isStarting(pod, metric, nowMs)) unready.add(name)
    else readyCount++
  }
  return { readyCount, unready, missing, ignored }
}

/** @returns what each pod requests of the resource, in thousandths @throws Error when a container requests nothing */
export function podRequests(
  pods: readonly Pod[],
  container: string | undefined,
  resource: string,
): Map<string, number> {
  const found = new Map<string, number>()
  for (const { metadata, spec } of pods) {
    const whole = container === undefined ? spec.resources?.requests?.[resource] : undefined
    if (whole !== undefined) {
      found.set(metadata.name, parseQuantity(whole).milli())
      continue
    }
    const sidecars = (spec.initContainers ?? []).filter(({ restartPolicy }) => restartPolicy === 'Always')
    let sum = 0
    const all = [...spec.containers, ...sidecars]
    const wanted = container === undefined ? all : all.filter(({ name }) => name === container)
    if (wanted.length === 0) throw new Error(`container ${container} not found in Pod ${metadata.name}`)
    for (const { name, resources } of wanted) {
      const request = resources?.requests?.[resource]
      if (request === undefined)
        throw new Error(`missing request for ${resource} in container ${name} of Pod ${metadata.name}`)
      sum += parseQuantity(request).milli()
    }
    found.set(metadata.name, sum)
  }
  return found
}
