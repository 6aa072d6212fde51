// /metrics/cadvisor: what dashboards and alerts read of containers, under cAdvisor's names and labels.
import type { ContainerDetail, ContainerStats, DiskTraffic } from '../../kubelet/runtime/contract.ts'
import type { Pressure, Pressures } from '../../kubelet/runtime/pressure.ts'
import { amountsOf } from '../../kubelet/spec/resources.ts'
import { allContainers } from '../../kubelet/spec/containers.ts'
import type { ContainerReading } from '../../kubelet/stats/collector.ts'
import type { NetworkReading } from '../../kubelet/stats/interfaces.ts'
import type { ApiContext } from '../contract.ts'
import { Families, type Labels, ofContainer } from './families.ts'

type Type = 'counter' | 'gauge'

const SECOND = 1e9

const OF_STATS: readonly (readonly [string, Type, string, (stats: ContainerStats) => number])[] = [
  ['container_cpu_usage_seconds_total', 'counter', 'Cumulative cpu time consumed in seconds.', s => s.cpuNanoseconds / SECOND],
  ['container_memory_usage_bytes', 'gauge', 'Current memory usage in bytes.', s => s.memoryUsageBytes],
  ['container_memory_working_set_bytes', 'gauge', 'Current working set in bytes.', s => s.memoryWorkingSetBytes],
  ['container_memory_rss', 'gauge', 'Size of RSS in bytes.', s => s.memoryRssBytes],
  ['container_processes', 'gauge', 'Number of processes running inside the container.', s => s.pids],
] // prettier-ignore

const OF_DETAIL: readonly (readonly [string, Type, string, (detail: ContainerDetail) => number])[] = [
  ['container_cpu_user_seconds_total', 'counter', 'Cumulative user cpu time consumed in seconds.', d => d.cpuUserNanoseconds / SECOND],
  ['container_cpu_system_seconds_total', 'counter', 'Cumulative system cpu time consumed in seconds.', d => d.cpuSystemNanoseconds / SECOND],
  ['container_cpu_cfs_periods_total', 'counter', 'Number of elapsed enforcement period intervals.', d => d.cpuPeriods],
  ['container_cpu_cfs_throttled_periods_total', 'counter', 'Number of throttled period intervals.', d => d.cpuThrottledPeriods],
  ['container_cpu_cfs_throttled_seconds_total', 'counter', 'Total time duration the container has been throttled.', d => d.cpuThrottledNanoseconds / SECOND],
  ['container_memory_cache', 'gauge', 'Number of bytes of page cache memory.', d => d.memoryCacheBytes],
  ['container_memory_mapped_file', 'gauge', 'Size of memory mapped files in bytes.', d => d.memoryMappedBytes],
  ['container_memory_swap', 'gauge', 'Container swap usage in bytes.', d => d.memorySwapBytes],
  ['container_memory_failcnt', 'counter', 'Number of memory usage hits limits', d => d.memoryLimitHits],
] // prettier-ignore

const OF_DISK: readonly (readonly [string, string, (disk: DiskTraffic) => number])[] = [
  ['container_fs_reads_total', 'Cumulative count of reads completed', d => d.reads],
  ['container_fs_reads_bytes_total', 'Cumulative count of bytes read', d => d.readBytes],
  ['container_fs_writes_total', 'Cumulative count of writes completed', d => d.writes],
  ['container_fs_writes_bytes_total', 'Cumulative count of bytes written', d => d.writtenBytes],
]

const OF_NETWORK: readonly (readonly [string, string, keyof NetworkReading])[] = [
  ['receive_bytes', 'bytes received', 'rxBytes'],
  ['receive_packets', 'packets received', 'rxPackets'],
  ['receive_errors', 'errors encountered while receiving', 'rxErrors'],
  ['receive_packets_dropped', 'packets dropped while receiving', 'rxDropped'],
  ['transmit_bytes', 'bytes transmitted', 'txBytes'],
  ['transmit_packets', 'packets transmitted', 'txPackets'],
  ['transmit_errors', 'errors encountered while transmitting', 'txErrors'],
  ['transmit_packets_dropped', 'packets dropped while transmitting', 'txDropped'],
]

const OF_PRESSURE: readonly (readonly [string, string, string, keyof Pressures, keyof Pressure])[] = (
  [
    ['cpu', 'CPU'],
    ['memory', 'memory'],
    ['io', 'IO'],
  ] as const
).flatMap(([resource, name]) => [
  [`container_pressure_${resource}_stalled_seconds_total`, 'no tasks in the container could make progress', name, resource, 'full'],
  [`container_pressure_${resource}_waiting_seconds_total`, 'tasks in the container have waited', name, resource, 'some'],
]) // prettier-ignore

/** @see https://kubernetes.io/docs/reference/instrumentation/understand-psi-metrics/ */
export async function cadvisorMetrics({ stats, machine, clock }: ApiContext): Promise<string> {
  const snapshot = await stats.snapshot()
  const { containers } = snapshot
  const details = await stats.details(snapshot)
  const now = clock.now()
  const all = new Families()
  const each = (name: string, type: Type, help: string, value: (reading: ContainerReading) => number | undefined) =>
    all.add(name, type, help, samplesOf(containers, value), now)
  for (const [name, type, help, value] of OF_STATS) each(name, type, help, reading => value(reading.stats))
  for (const [name, type, help, value] of OF_DETAIL)
    each(name, type, help, ({ id }) => {
      const detail = details.get(id)
      return detail && value(detail)
    })
  for (const [name, what, congestion, resource, kind] of OF_PRESSURE)
    each(name, 'counter', `Total time duration ${what} due to ${congestion} congestion.`, ({ id }) => {
      const pressure = details.get(id)?.pressures?.[resource]
      return pressure && pressure[kind].totalNanoseconds / SECOND
    })
  addFaults(all, containers, now)
  addSpecs(all, containers, now)
  for (const [name, help, value] of OF_DISK) {
    const samples = containers.flatMap(reading =>
      (details.get(reading.id)?.disks ?? []).map((disk): [Labels, number] => [
        { ...labelsOf(reading), device: disk.device },
        value(disk),
      ]),
    )
    all.add(name, 'counter', help, samples, now)
  }
  const podOf = new Map(containers.map(({ pod }) => [pod.metadata.uid, pod.metadata]))
  for (const [name, what, field] of OF_NETWORK) {
    const samples = [...snapshot.networks].flatMap(([uid, reading]): [Labels, number][] => {
      const pod = podOf.get(uid)
      return pod ? [[{ interface: 'eth0', namespace: pod.namespace, pod: pod.name }, reading[field]]] : []
    })
    all.add(`container_network_${name}_total`, 'counter', `Cumulative count of ${what}`, samples, now)
  }
  all.add('machine_cpu_cores', 'gauge', 'Number of logical CPU cores.', [[{}, machine.cpus]])
  all.add('machine_memory_bytes', 'gauge', 'Amount of memory installed on the machine.', [[{}, machine.memoryBytes]])
  return all.toString()
}

const labelsOf = (reading: ContainerReading): Labels => ({
  ...ofContainer(reading),
  id: `/docker/${reading.id}`,
  image: specOf(reading)?.image ?? '',
  name: reading.id,
})

const specOf = ({ name, pod }: ContainerReading) => allContainers(pod).find(container => container.name === name)

const samplesOf = (
  containers: readonly ContainerReading[],
  value: (reading: ContainerReading) => number | undefined,
): [Labels, number][] =>
  containers.flatMap(reading => {
    const found = value(reading)
    return found === undefined ? [] : [[labelsOf(reading), found] as [Labels, number]]
  })

function addFaults(all: Families, containers: readonly ContainerReading[], now: number): void {
  const samples = containers.flatMap((reading): [Labels, number][] => {
    const labels = { ...labelsOf(reading), scope: 'container' }
    return [
      [{ ...labels, failure_type: 'pgfault' }, reading.stats.pageFaults],
      [{ ...labels, failure_type: 'pgmajfault' }, reading.stats.majorPageFaults],
    ]
  })
  all.add('container_memory_failures_total', 'counter', 'Cumulative count of memory allocation failures.', samples, now)
}

/** What a container may use: as its cgroup was told. */
function addSpecs(all: Families, containers: readonly ContainerReading[], now: number): void {
  type Amounts = ReturnType<typeof amountsOf>
  const each = (name: string, help: string, value: (amounts: Amounts) => number | undefined) => {
    const valueOf = (reading: ContainerReading) => {
      const container = specOf(reading)
      return container && value(amountsOf(reading.pod, container))
    }
    all.add(name, 'gauge', help, samplesOf(containers, valueOf), now)
  }
  each('container_spec_cpu_period', 'CPU period of the container.', ({ cpuPeriod }) => cpuPeriod)
  each('container_spec_cpu_quota', 'CPU quota of the container.', ({ cpuQuota }) => cpuQuota || undefined)
  each('container_spec_cpu_shares', 'CPU share of the container.', ({ cpuShares }) => cpuShares)
  each('container_spec_memory_limit_bytes', 'Memory limit for the container.', ({ memoryBytes }) => memoryBytes)
  const started = samplesOf(containers, ({ startedAt }) => Date.parse(startedAt) / 1000)
  all.add('container_start_time_seconds', 'gauge', 'Start time of the container since unix epoch in seconds.', started, now)
} // prettier-ignore
