// Docker's usage numbers in the kubelet's terms, on cgroup v1 and v2.
import type Docker from 'dockerode'
import type { ContainerStats } from '../contract.ts'

export function toStats(raw: Docker.ContainerStats): ContainerStats {
  const memory = raw.memory_stats as { usage?: number; stats?: Record<string, number> } | undefined
  const usage = memory?.usage ?? 0
  const detail = memory?.stats ?? {}
  // Working set = usage without the file pages that the kernel would drop first.
  const inactive = detail.total_inactive_file ?? detail.inactive_file ?? 0
  return {
    cpuNanoseconds: raw.cpu_stats?.cpu_usage?.total_usage ?? 0,
    memoryUsageBytes: usage,
    memoryWorkingSetBytes: Math.max(0, usage - inactive),
    memoryRssBytes: detail.total_rss ?? detail.anon ?? 0,
    pageFaults: detail.total_pgfault ?? detail.pgfault ?? 0,
    majorPageFaults: detail.total_pgmajfault ?? detail.pgmajfault ?? 0,
  }
}
