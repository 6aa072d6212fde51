// /stats/summary and /metrics/resource: what the node and its containers use.
import type { Pod } from '../../shared/api/core/v1.ts'
import { formatTime } from '../../shared/machinery/clock.ts'
import { machineUsage } from '../kubelet/node/machine.ts'
import type { ContainerStats, RuntimePod } from '../kubelet/runtime/contract.ts'
import type { ApiContext } from './contract.ts'

interface Sample {
  readonly at: number
  readonly cpuNanoseconds: number
}

/** The last reading of every container and of the node: a rate needs two. */
const samples = new Map<string, Sample>()
const MAX_SAMPLES = 2_000

function nanoCores(key: string, cpuNanoseconds: number, nowMs: number): number | undefined {
  const before = samples.get(key)
  if (samples.size > MAX_SAMPLES) samples.clear()
  samples.set(key, { at: nowMs, cpuNanoseconds })
  if (!before || nowMs <= before.at) return undefined
  return Math.max(0, Math.round(((cpuNanoseconds - before.cpuNanoseconds) * 1000) / (nowMs - before.at)))
}

interface Reading {
  readonly pod: Pod
  readonly name: string
  readonly id: string
  readonly startedAt: string
  readonly stats: ContainerStats
}

async function readings({ kubelet, runtime }: ApiContext): Promise<Reading[]> {
  const byUid = new Map<string, RuntimePod>((await runtime.pods()).map(pod => [pod.uid, pod]))
  const running = kubelet.pods.flatMap(pod =>
    (byUid.get(pod.metadata.uid)?.containers ?? [])
      .filter(({ state }) => state === 'running')
      .map(container => ({ pod, container })),
  )
  const found = await Promise.all(
    running.map(async ({ pod, container }) => {
      const stats = await runtime.stats(container.id).catch(() => undefined) // ended meanwhile
      return stats && { pod, name: container.name, id: container.id, startedAt: container.startedAt ?? '', stats }
    }),
  )
  return found.filter(reading => reading !== undefined)
}

const usage = (key: string, stats: ContainerStats, nowMs: number) => {
  const time = formatTime(nowMs)
  const rate = nanoCores(key, stats.cpuNanoseconds, nowMs)
  return {
    cpu: { time, ...(rate === undefined ? {} : { usageNanoCores: rate }), usageCoreNanoSeconds: stats.cpuNanoseconds },
    memory: {
      time,
      usageBytes: stats.memoryUsageBytes,
      workingSetBytes: stats.memoryWorkingSetBytes,
      rssBytes: stats.memoryRssBytes,
      pageFaults: stats.pageFaults,
      majorPageFaults: stats.majorPageFaults,
    },
  }
}

export async function statsSummary(context: ApiContext): Promise<object> {
  const { machine, diskPath, nodeName, clock, kubelet } = context
  const [host, containers] = await Promise.all([machineUsage(diskPath), readings(context)])
  const now = clock.now()
  const time = formatTime(now)
  const rate = nanoCores('node', host.cpuNanoseconds, now)
  const disk = {
    time,
    availableBytes: host.diskAvailableBytes,
    capacityBytes: host.diskTotalBytes,
    usedBytes: host.diskTotalBytes - host.diskAvailableBytes,
    inodesFree: host.inodesAvailable,
    inodes: host.inodesTotal,
  }
  return {
    node: {
      nodeName,
      startTime: time,
      cpu: { time, ...(rate === undefined ? {} : { usageNanoCores: rate }), usageCoreNanoSeconds: host.cpuNanoseconds },
      memory: {
        time,
        availableBytes: host.memoryAvailableBytes,
        usageBytes: machine.memoryBytes - host.memoryAvailableBytes,
        workingSetBytes: machine.memoryBytes - host.memoryAvailableBytes,
      },
      fs: disk,
      runtime: { imageFs: disk },
      rlimit: { time, maxpid: host.maxPids, curproc: host.pids },
    },
    pods: kubelet.pods.map(({ metadata, status }) => {
      const mine = containers.filter(({ pod }) => pod.metadata.uid === metadata.uid)
      const sum = (pick: (stats: ContainerStats) => number) => mine.reduce((all, { stats }) => all + pick(stats), 0)
      const total: ContainerStats = {
        cpuNanoseconds: sum(s => s.cpuNanoseconds),
        memoryUsageBytes: sum(s => s.memoryUsageBytes),
        memoryWorkingSetBytes: sum(s => s.memoryWorkingSetBytes),
        memoryRssBytes: sum(s => s.memoryRssBytes),
        pageFaults: sum(s => s.pageFaults),
        majorPageFaults: sum(s => s.majorPageFaults),
      }
      return {
        podRef: { name: metadata.name, namespace: metadata.namespace, uid: metadata.uid },
        startTime: status.startTime,
        containers: mine.map(({ name, id, startedAt, stats }) => ({
          name,
          startTime: startedAt,
          ...usage(id, stats, now),
        })),
        ...usage(metadata.uid, total, now),
      }
    }),
  }
}

const label = (text: string): string => text.replace(/["\\\n]/g, '_')

/** Prometheus text, as metrics-server reads it. */
export async function resourceMetrics(context: ApiContext): Promise<string> {
  const { machine, diskPath, clock } = context
  const [host, containers] = await Promise.all([machineUsage(diskPath), readings(context)])
  const now = clock.now()
  const lines = [
    '# TYPE node_cpu_usage_seconds_total counter',
    `node_cpu_usage_seconds_total ${host.cpuNanoseconds / 1e9} ${now}`,
    '# TYPE node_memory_working_set_bytes gauge',
    `node_memory_working_set_bytes ${machine.memoryBytes - host.memoryAvailableBytes} ${now}`,
  ]
  const perContainer = (metric: string, type: string, value: (reading: Reading) => number) => {
    lines.push(`# TYPE ${metric} ${type}`)
    for (const reading of containers) {
      const { pod, name } = reading
      const labels = `container="${label(name)}",namespace="${label(pod.metadata.namespace)}",pod="${label(pod.metadata.name)}"`
      lines.push(`${metric}{${labels}} ${value(reading)} ${now}`)
    }
  }
  perContainer('container_cpu_usage_seconds_total', 'counter', ({ stats }) => stats.cpuNanoseconds / 1e9)
  perContainer('container_memory_working_set_bytes', 'gauge', ({ stats }) => stats.memoryWorkingSetBytes)
  perContainer('container_start_time_seconds', 'gauge', ({ startedAt }) => Date.parse(startedAt) / 1000)
  return `${lines.join('\n')}\n`
}
