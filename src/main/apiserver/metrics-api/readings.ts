// What two readings of a node's counters tell about the time between them.
import type { Usage } from '../../../shared/machinery/metrics-types.ts'

/** One container's (or the node's) counters at one time. */
export interface Counters {
  /** A restart starts the counter again. */
  readonly startTime: string
  readonly cpuNanoseconds: number
  readonly memoryBytes: number
  /** Milliseconds since the epoch, when they were read, on the node's clock; undefined where it tells whole seconds. */
  readonly atMs: number | undefined
}

export interface Reading {
  /** Milliseconds since the epoch, on the control plane's clock. */
  readonly atMs: number
  /** When the node was asked, and when it had answered. The wall clock may be set; the window must not feel it. */
  readonly askedMs: number
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

const exactMs = (time: string): number | undefined =>
  /\d\.\d+Z$/.test(time) ? Date.parse(time) || undefined : undefined

function countersOf(value: unknown): Counters | undefined {
  const { cpu, memory, startTime } = asRecord(value)
  const cpuNanoseconds = asCount(asRecord(cpu)['usageCoreNanoSeconds'])
  const memoryBytes = asCount(asRecord(memory)['workingSetBytes'])
  if (cpuNanoseconds === undefined || memoryBytes === undefined) return undefined
  return { startTime: asText(startTime), cpuNanoseconds, memoryBytes, atMs: exactMs(asText(asRecord(cpu)['time'])) }
}

/** @param summary what a kubelet's /stats/summary said; nodes are not believed to say what is expected */
export function readingOf(summary: unknown, times: Omit<Reading, 'node' | 'pods'>): Reading {
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
  return { ...times, node: own && { ...own, startTime: '' }, pods: byPod }
}

/** A node answers again with what it has read so shortly before. */
const KEPT_MS = 1_000

/**
 * How long it was between two readings of counters: as the node says, as far as that can be, since an answer may have
 * taken any part of a second; else from answer to answer.
 */
function betweenOf(before: Reading, now: Reading): (from: Counters, to: Counters) => number {
  const shortest = now.askedMs - before.monotonicMs - KEPT_MS
  const longest = now.monotonicMs - before.askedMs + KEPT_MS
  return (from, to) => {
    const told = (to.atMs ?? NaN) - (from.atMs ?? NaN)
    return told > 0 && told >= shortest && told <= longest ? told : now.monotonicMs - before.monotonicMs
  }
}

/** @returns undefined when the two are not of the same run */
function usageBetween(
  before: Counters | undefined,
  now: Counters,
  between: ReturnType<typeof betweenOf>,
): Usage | undefined {
  if (before?.startTime !== now.startTime || now.cpuNanoseconds < before.cpuNanoseconds) return undefined
  const nanoCores = Math.round(((now.cpuNanoseconds - before.cpuNanoseconds) * 1000) / between(before, now))
  return { cpu: `${nanoCores}n`, memory: `${Math.round(now.memoryBytes / 1024)}Ki` }
}

export function measure(before: Reading, now: Reading): Measured {
  const windowMs = now.monotonicMs - before.monotonicMs
  const between = betweenOf(before, now)
  const pods = new Map<string, { name: string; usage: Usage }[]>()
  for (const [key, containers] of now.pods) {
    const measured = [...containers].flatMap(([name, counters]) => {
      const usage = usageBetween(before.pods.get(key)?.get(name), counters, between)
      return usage ? [{ name, usage }] : []
    })
    // A pod is shown when all of it is: half of a pod would make an autoscaler see half of its load.
    if (measured.length > 0 && measured.length === containers.size) pods.set(key, measured)
  }
  return { atMs: now.atMs, windowMs, node: now.node && usageBetween(before.node, now.node, between), pods }
}
