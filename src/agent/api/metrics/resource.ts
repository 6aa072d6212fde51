// /metrics/resource: processor time and memory of the node and its pods, as metrics-server reads them.
import { machineUsage } from '../../kubelet/node/machine.ts'
import type { ContainerReading } from '../../kubelet/stats/collector.ts'
import type { ApiContext } from '../contract.ts'
import { Families, type Labels, ofContainer } from './families.ts'

export async function resourceMetrics(context: ApiContext): Promise<string> {
  const { machine, dataDir, clock, stats, kubelet } = context
  const [host, { containers, atMs }] = await Promise.all([machineUsage(dataDir, () => clock.now()), stats.snapshot()])
  const now = clock.now()
  const used = machine.memoryBytes - host.memoryAvailableBytes
  const all = new Families()
  all.add('node_cpu_usage_seconds_total', 'counter', 'Cumulative cpu time consumed by the node in core-seconds', [[{}, host.cpuNanoseconds / 1e9]], host.cpuAtMs) // prettier-ignore
  all.add('node_memory_working_set_bytes', 'gauge', 'Current working set of the node in bytes', [[{}, used]], now)
  const each = (value: (reading: ContainerReading) => number) =>
    containers.map((reading): [Labels, number] => [ofContainer(reading), value(reading)])
  all.add('container_cpu_usage_seconds_total', 'counter', 'Cumulative cpu time consumed by the container in core-seconds', each(({ stats: s }) => s.cpuNanoseconds / 1e9), atMs) // prettier-ignore
  all.add('container_memory_working_set_bytes', 'gauge', 'Current working set of the container in bytes', each(({ stats: s }) => s.memoryWorkingSetBytes), atMs) // prettier-ignore
  all.add('container_start_time_seconds', 'gauge', 'Start time of the container since unix epoch in seconds', each(({ startedAt }) => Date.parse(startedAt) / 1000), atMs) // prettier-ignore
  const perPod = (value: (reading: ContainerReading) => number) =>
    kubelet.pods.flatMap(({ metadata: { namespace, name, uid } }): [Labels, number][] => {
      const mine = containers.filter(({ pod }) => pod.metadata.uid === uid)
      return mine.length > 0 ? [[{ namespace, pod: name }, mine.reduce((sum, reading) => sum + value(reading), 0)]] : []
    })
  all.add('pod_cpu_usage_seconds_total', 'counter', 'Cumulative cpu time consumed by the pod in core-seconds', perPod(({ stats: s }) => s.cpuNanoseconds / 1e9), atMs) // prettier-ignore
  all.add('pod_memory_working_set_bytes', 'gauge', 'Current working set of the pod in bytes', perPod(({ stats: s }) => s.memoryWorkingSetBytes), atMs) // prettier-ignore
  all.add('resource_scrape_error', 'gauge', '1 if there was an error while getting container metrics, 0 otherwise', [[{}, 0]]) // prettier-ignore
  return all.toString()
}
