// What was used at one moment, out of what servers tell: metrics.k8s.io of now, usage.flotilla.dev of the hours before.
import type { NodeUsage, PodUsage, UsageSample } from '../../shared/api/flotilla/usage-v1.ts'
import type { NodeMetrics, PodMetrics } from '../../shared/machinery/metrics-types.ts'
import type { Labels } from '../../shared/machinery/selectors.ts'
import type { Sample, Usage } from '../../shared/machinery/usage-series.ts'
import { rowKey } from '../api/sources.ts'
import { parseQuantity } from '../kinds/quantity.ts'

export interface UsedPod {
  readonly key: string
  readonly namespace: string
  /** Told of what runs now. */
  readonly labels?: Labels
  readonly usage: Usage
}

export interface Moment {
  readonly nodes: (readonly [key: string, usage: Usage])[]
  readonly pods: UsedPod[]
}

export const NONE: Usage = { cpu: 0, memory: 0 }
export const plus = (a: Usage, b: Usage): Usage => ({ cpu: a.cpu + b.cpu, memory: a.memory + b.memory })
const usageOf = ({ cpu, memory }: Pick<UsageSample, 'cpu' | 'memory'> | Readonly<Record<string, string>>): Usage => ({
  cpu: parseQuantity(cpu),
  memory: parseQuantity(memory),
})

export const momentOf = (nodes: readonly NodeMetrics[], pods: readonly PodMetrics[]): Moment => ({
  nodes: nodes.map(({ metadata, usage }) => [metadata.name, usageOf(usage)]),
  pods: pods.map(({ metadata: { name, namespace, labels }, containers }) => ({
    key: rowKey(namespace, name),
    namespace,
    labels,
    usage: containers.map(({ usage }) => usageOf(usage)).reduce(plus, NONE),
  })),
})

/** @returns moments by their time in milliseconds since the epoch, oldest first */
export function momentsBefore(nodes: readonly NodeUsage[], pods: readonly PodUsage[]): [at: number, Moment][] {
  const moments = new Map<number, Moment>()
  const at = ({ timestamp }: UsageSample): Moment => {
    const time = Date.parse(timestamp)
    const known = moments.get(time)
    if (known) return known
    const fresh: Moment = { nodes: [], pods: [] }
    moments.set(time, fresh)
    return fresh
  }
  for (const { metadata, samples } of nodes)
    for (const sample of samples) at(sample).nodes.push([metadata.name, usageOf(sample)])
  for (const {
    metadata: { name, namespace },
    samples,
  } of pods) {
    const key = rowKey(namespace, name)
    for (const sample of samples) at(sample).pods.push({ key, namespace, usage: usageOf(sample) })
  }
  return [...moments].toSorted(([a], [b]) => a - b)
}

export function namespacesOf(pods: readonly UsedPod[]): [namespace: string, usage: Usage][] {
  const all = new Map<string, Usage>()
  for (const { namespace, usage } of pods) all.set(namespace, plus(all.get(namespace) ?? NONE, usage))
  return [...all]
}

/** Together, at each moment at which one of them was measured. @param lists each oldest first */
export function together(lists: readonly (readonly Sample[])[]): readonly Sample[] {
  const [only] = lists
  if (!only || lists.length === 1) return only ?? []
  const sums = new Map<number, Sample>()
  for (const { at, ...usage } of lists.flat()) sums.set(at, { at, ...plus(sums.get(at) ?? NONE, usage) })
  return [...sums.values()].toSorted((a, b) => a.at - b.at)
}
