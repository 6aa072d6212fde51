// How many replicas would bring a metric to its target. Pure: what was measured goes in, a number comes out.
// @see https://kubernetes.io/docs/tasks/run-application/horizontal-pod-autoscale/#algorithm-details
import type { Pod } from '../../../shared/api/core/v1.ts'
import type { PodMetric, PodMetricValues } from './metrics-client.ts'
import { type PodGroups, groupPods, podRequests } from './pod-groups.ts'

export interface Tolerances {
  readonly up: number
  readonly down: number
}

export interface Proposal {
  readonly replicas: number
  /** In percent of the request. */
  readonly utilization?: number
  /** Per pod, in thousandths. */
  readonly averageMilli?: number
}

const within = ({ up, down }: Tolerances, ratio: number) => 1 - down <= ratio && ratio <= 1 + up

export interface PodQuestion {
  readonly current: number
  readonly pods: readonly Pod[]
  readonly metrics: PodMetricValues
  readonly tolerances: Tolerances
  readonly nowMs: number
}

/** `ratio` of what is used to what is wanted, over the pods that are left. */
type Ratio = (values: ReadonlyMap<string, number>) => number

/**
 * Pods without metrics count as idle when the target grows and as busy when it shrinks, so that neither goes too far;
 * pods that just started count as idle.
 */
function countReplicas(
  { current, tolerances }: PodQuestion,
  { readyCount, unready, missing }: PodGroups,
  values: Map<string, number>,
  ratioOf: Ratio,
  busy: (pod: string) => number,
): number {
  const ratio = ratioOf(values)
  const growsWithUnready = unready.size > 0 && ratio > 1
  if (!growsWithUnready && missing.size === 0)
    return within(tolerances, ratio) ? current : Math.ceil(round(ratio * readyCount))
  // Exactly at its target, they say nothing either way.
  if (ratio !== 1) for (const name of missing) values.set(name, ratio < 1 ? busy(name) : 0)
  if (growsWithUnready) for (const name of unready) values.set(name, 0)
  const careful = ratioOf(values)
  if (within(tolerances, careful) || (ratio < 1 && careful > 1) || (ratio > 1 && careful < 1)) return current
  const replicas = Math.ceil(round(careful * values.size))
  if ((careful < 1 && replicas > current) || (careful > 1 && replicas < current)) return current
  return replicas
}

/** Binary fractions must not turn an exact 3 into 4. */
const round = (value: number) => Math.round(value * 1e9) / 1e9

function prepare(question: PodQuestion, resource: string): { groups: PodGroups; values: Map<string, number> } {
  const { pods, metrics, nowMs } = question
  if (pods.length === 0) throw new Error('no pods returned by selector while calculating replica count')
  const groups = groupPods(pods, metrics, resource, nowMs)
  const known = new Set(pods.map(({ metadata }) => metadata.name))
  const counts = ([name]: [string, PodMetric]) =>
    known.has(name) && !groups.ignored.has(name) && !groups.unready.has(name)
  const values = new Map([...metrics].filter(counts).map(([name, { milli }]) => [name, milli]))
  if (values.size === 0) throw new Error('did not receive metrics for targeted pods (pods might be unready)')
  return { groups, values }
}

const total = (values: Iterable<number>) => [...values].reduce((sum, value) => sum + value, 0)

/** @param target in percent of what the pods request @throws Error */
export function byUtilization(
  question: PodQuestion,
  resource: string,
  container: string | undefined,
  target: number,
): Proposal {
  const { groups, values } = prepare(question, resource)
  const requests = podRequests(question.pods, container, resource)
  const requestOf = (pod: string) => requests.get(pod) ?? 0
  const utilizationOf = (used: ReadonlyMap<string, number>) => {
    const requested = total([...used.keys()].map(requestOf))
    if (requested === 0) throw new Error('no metrics returned matched known pods')
    return Math.trunc((total(used.values()) * 100) / requested)
  }
  const utilization = utilizationOf(values)
  const averageMilli = Math.trunc(total(values.values()) / values.size)
  const busy = (pod: string) => (requestOf(pod) * Math.max(100, target)) / 100
  const replicas = countReplicas(question, groups, values, used => utilizationOf(used) / target, busy)
  return { replicas, utilization, averageMilli }
}

/** @param targetMilli per pod @throws Error */
export function byAverage(question: PodQuestion, resource: string, targetMilli: number): Proposal {
  const { groups, values } = prepare(question, resource)
  const average = (used: ReadonlyMap<string, number>) => total(used.values()) / used.size
  const averageMilli = Math.trunc(average(values))
  const replicas = countReplicas(
    question,
    groups,
    values,
    used => average(used) / targetMilli,
    () => targetMilli,
  )
  return { replicas, averageMilli }
}

/** One value for all pods together. @param readyCount pods that are ready */
export function byValue(
  current: number,
  usedMilli: number,
  targetMilli: number,
  readyCount: number,
  tolerances: Tolerances,
): number {
  const ratio = usedMilli / targetMilli
  // From zero there is nothing to multiply: the value itself says how many.
  if (current === 0) return Math.ceil(round(ratio))
  return within(tolerances, ratio) ? current : Math.ceil(round(ratio * readyCount))
}

/** One value that is meant to be shared evenly. @param statusReplicas pods that there are */
export function byValuePerPod(
  usedMilli: number,
  targetMilli: number,
  statusReplicas: number,
  tolerances: Tolerances,
): Proposal {
  const ratio = usedMilli / (targetMilli * statusReplicas)
  const keeps = statusReplicas > 0 && within(tolerances, ratio)
  const replicas = keeps ? statusReplicas : Math.ceil(round(usedMilli / targetMilli))
  return { replicas, averageMilli: Math.ceil(usedMilli / Math.max(1, statusReplicas)) }
}
