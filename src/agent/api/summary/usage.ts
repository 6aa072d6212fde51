// What something uses of the processor, of memory and of disks' time, as /stats/summary shows it.
import { formatMicroTime } from '../../../shared/machinery/clock.ts'
import type { ContainerDetail, ContainerStats } from '../../kubelet/runtime/contract.ts'
import type { Pressure, Pressures, StallTime } from '../../kubelet/runtime/pressure.ts'
import type { NetworkReading } from '../../kubelet/stats/interfaces.ts'

export const NONE: ContainerStats = {
  cpuNanoseconds: 0, memoryUsageBytes: 0, memoryWorkingSetBytes: 0, memoryRssBytes: 0, pageFaults: 0,
  majorPageFaults: 0, pids: 0,
} // prettier-ignore

export const plus = (a: ContainerStats, b: ContainerStats): ContainerStats => ({
  cpuNanoseconds: a.cpuNanoseconds + b.cpuNanoseconds,
  memoryUsageBytes: a.memoryUsageBytes + b.memoryUsageBytes,
  memoryWorkingSetBytes: a.memoryWorkingSetBytes + b.memoryWorkingSetBytes,
  memoryRssBytes: a.memoryRssBytes + b.memoryRssBytes,
  pageFaults: a.pageFaults + b.pageFaults,
  majorPageFaults: a.majorPageFaults + b.majorPageFaults,
  pids: a.pids + b.pids,
})

export interface UsageInput {
  readonly stats: ContainerStats
  readonly atMs: number
  /** Billionths of a core; undefined at the first look. */
  readonly nanoCores: number | undefined
  /** Bytes; 0 = none. */
  readonly memoryLimit: number
  readonly swapBytes?: number
  readonly pressures?: Pressures | undefined
}

export function usageOf({ stats, atMs, nanoCores, memoryLimit, swapBytes, pressures }: UsageInput): object {
  // Over a short while, a second more or less would be another rate.
  const time = formatMicroTime(atMs)
  return {
    cpu: {
      time,
      ...(nanoCores === undefined ? {} : { usageNanoCores: nanoCores }),
      usageCoreNanoSeconds: stats.cpuNanoseconds,
      ...pressureOf(pressures?.cpu),
    },
    memory: {
      time,
      ...(memoryLimit > 0 ? { availableBytes: Math.max(0, memoryLimit - stats.memoryWorkingSetBytes) } : {}),
      usageBytes: stats.memoryUsageBytes,
      workingSetBytes: stats.memoryWorkingSetBytes,
      rssBytes: stats.memoryRssBytes,
      pageFaults: stats.pageFaults,
      majorPageFaults: stats.majorPageFaults,
      ...pressureOf(pressures?.memory),
    },
    ...ioOf(time, pressures),
    ...(swapBytes === undefined ? {} : { swap: { time, swapUsageBytes: swapBytes } }),
  }
}

export const pressureOf = (pressure: Pressure | undefined): object =>
  pressure ? { psi: { full: stallOf(pressure.full), some: stallOf(pressure.some) } } : {}

const stallOf = ({ totalNanoseconds, avg10, avg60, avg300 }: StallTime) => ({
  total: totalNanoseconds, avg10, avg60, avg300,
}) // prettier-ignore

export const ioOf = (time: string, pressures: Pressures | undefined): object =>
  pressures ? { io: { time, ...pressureOf(pressures.io) } } : {}

export const swapOf = (details: readonly ContainerDetail[]): number =>
  details.reduce((sum, { memorySwapBytes }) => sum + memorySwapBytes, 0)

export const interfaceOf = (name: string, { rxBytes, rxErrors, txBytes, txErrors }: NetworkReading) => ({
  name, rxBytes, rxErrors, txBytes, txErrors,
}) // prettier-ignore
