// What two readings of a node's counters tell about the time between them.
import type { Usage } from '../../../shared/machinery/metrics-types.ts'

/** One container's (or the node's) counters at one time. */
export interface Counters {
  /** A restart starts the counter again. */
  readonly startTime: string
  readonly cpuNanoseconds: number
  readonly memoryBytes: number
}

export interface Reading {
  /** Milliseconds since the epoch, on the control plane's clock. */
  readonly atMs: number
  /** The wall clock may be set; the window must not feel it. */
  readonly monotonicMs: number
  readonly node: Counters | undefined
  /** `<namespace>/<pod>` → container → counters. */
  readonly pods: ReadonlyMap<string, ReadonlyMap<string, Counters>>
}

export interface Measured {
  readonly atMs: number
  readonly windowMs: number
  readonly node: Usage | undefined
  readonly pods: ReadonlyMap<string, readonly { readonly name: string; readonly usage: Usage }[]>
}

const asRecord = (value: unknown): Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
const asList = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : [])
const asText = (value: unknown): string => (typeof value === 'string' ? value : '')
const asCount = (value: unknown): number | undefined =>
  typeof value === 'number' && Number.isFinite(value) && value >= 0 ? value : undefined

function countersOf(value: unknown): Counters | undefined {
  const { cpu, memory, startTime } = asRecord(value)
  const cpuNanoseconds = asCount(asRecord(cpu)['usageCoreNanoSeconds'])
  const memoryBytes = asCount(asRecord(memory)['workingSetBytes'])
  if (cpuNanoseconds === undefined || memoryBytes === undefined) return undefined
  return { startTime: asText(startTime), cpuNanoseconds, memoryBytes }
}

/** @param summary what a kubelet's /stats/summary said; nodes are not believed to say what is expected */
export function readingOf(summary: unknown, { atMs, monotonicMs }: Pick<Reading, 'atMs' | 'monotonicMs'>): Reading {
  const { node, pods } = asRecord(summary)
  const byPod = new Map<string, ReadonlyMap<string, Counters>>()
  for (const pod of asList(pods)) {
    const { podRef, containers } = asRecord(pod)
    const { namespace, name } = asRecord(podRef)
    const own = new Map<string, Counters>()
    for (const container of asList(containers)) {
      const counters = countersOf(container)
      if (counters) own.set(asText(asRecord(container)['name']), counters)
    }
    byPod.set(`${asText(namespace)}/${asText(name)}`, own)
  }
  // The node's own start time is not a start: summaries are made anew each time.
  const own = countersOf(node)
  return { atMs, monotonicMs, node: own && { ...own, startTime: '' }, pods: byPod }
}

/** @returns undefined when the two are not of the same run */
function usageBetween(before: Counters | undefined, now: Counters, windowMs: number): Usage | undefined {
  if (before?.startTime !== now.startTime || now.cpuNanoseconds < before.cpuNanoseconds) return undefined
  const nanoCores = Math.round(((now.cpuNanoseconds - before.cpuNanoseconds) * 1000) / windowMs)
  return { cpu: `${nanoCores}n`, memory: `${Math.round(now.memoryBytes / 1024)}Ki` }
}

export function measure(before: Reading, now: Reading): Measured {
  const windowMs = now.monotonicMs - before.monotonicMs
  const pods = new Map<string, { name: string; usage: Usage }[]>()
  for (const [key, containers] of now.pods) {
    const measured = [...containers].flatMap(([name, counters]) => {
      const usage = usageBetween(before.pods.get(key)?.get(name), counters, windowMs)
      return usage ? [{ name, usage }] : []
    })
    // A pod is shown when all of it is: half of a pod would make an autoscaler see half of its load.
    if (measured.length > 0 && measured.length === containers.size) pods.set(key, measured)
  }
  return { atMs: now.atMs, windowMs, node: now.node && usageBetween(before.node, now.node, windowMs), pods }
}
