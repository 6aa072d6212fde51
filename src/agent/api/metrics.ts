// Prometheus text: /metrics, /metrics/resource, /metrics/cadvisor and /metrics/probes.
import { machineUsage } from '../kubelet/node/machine.ts'
import type { ContainerReading } from '../kubelet/stats/collector.ts'
import type { ApiContext } from './contract.ts'

type Labels = Readonly<Record<string, string>>

const escape = (text: string): string => text.replace(/[\\"\n]/g, c => (c === '\n' ? '\\n' : `\\${c}`))
const show = (labels: Labels): string => {
  const pairs = Object.entries(labels).map(([key, value]) => `${key}="${escape(value)}"`)
  return pairs.length > 0 ? `{${pairs.join(',')}}` : ''
}

/** One family after the other. */
class Families {
  readonly #lines: string[] = []

  add(
    name: string,
    type: 'counter' | 'gauge',
    help: string,
    samples: readonly [Labels, number][],
    nowMs?: number,
  ): void {
    if (samples.length === 0) return
    this.#lines.push(`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`)
    const suffix = nowMs === undefined ? '' : ` ${nowMs}`
    for (const [labels, value] of samples) this.#lines.push(`${name}${show(labels)} ${value}${suffix}`)
  }

  toString(): string {
    return `${this.#lines.join('\n')}\n`
  }
}

const ofContainer = ({ name, pod: { metadata } }: ContainerReading): Labels => ({
  container: name,
  namespace: metadata.namespace,
  pod: metadata.name,
})

/** As metrics-server reads it. */
export async function resourceMetrics(context: ApiContext): Promise<string> {
  const { machine, dataDir, clock, stats, kubelet } = context
  const [host, { containers, atMs }] = await Promise.all([machineUsage(dataDir), stats.snapshot()])
  const now = clock.now()
  const used = machine.memoryBytes - host.memoryAvailableBytes
  const all = new Families()
  all.add('node_cpu_usage_seconds_total', 'counter', 'Cumulative cpu time consumed by the node in core-seconds', [[{}, host.cpuNanoseconds / 1e9]], now) // prettier-ignore
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

/** The basic families, with the labels that dashboards select by. */
export async function cadvisorMetrics({ stats, machine, clock }: ApiContext): Promise<string> {
  const { containers, networks } = await stats.snapshot()
  const now = clock.now()
  const all = new Families()
  const labels = (reading: ContainerReading): Labels => ({
    ...ofContainer(reading),
    id: `/docker/${reading.id}`,
    image: reading.pod.spec.containers.find(({ name }) => name === reading.name)?.image ?? '',
    name: reading.id,
  })
  const family = (name: string, type: 'counter' | 'gauge', help: string, value: (reading: ContainerReading) => number) =>
    all.add(name, type, help, containers.map(reading => [labels(reading), value(reading)]), now) // prettier-ignore
  family('container_cpu_usage_seconds_total', 'counter', 'Cumulative cpu time consumed in seconds.', ({ stats: s }) => s.cpuNanoseconds / 1e9) // prettier-ignore
  family(
    'container_memory_usage_bytes',
    'gauge',
    'Current memory usage in bytes.',
    ({ stats: s }) => s.memoryUsageBytes,
  )
  family('container_memory_working_set_bytes', 'gauge', 'Current working set in bytes.', ({ stats: s }) => s.memoryWorkingSetBytes) // prettier-ignore
  family('container_memory_rss', 'gauge', 'Size of RSS in bytes.', ({ stats: s }) => s.memoryRssBytes)
  family('container_processes', 'gauge', 'Number of processes running inside the container.', ({ stats: s }) => s.pids)
  family('container_start_time_seconds', 'gauge', 'Start time since unix epoch in seconds.', ({ startedAt }) => Date.parse(startedAt) / 1000) // prettier-ignore
  const byUid = new Map(containers.map(({ pod }) => [pod.metadata.uid, pod]))
  const network = (name: string, help: string, pick: 'rxBytes' | 'txBytes' | 'rxErrors' | 'txErrors') =>
    all.add(
      name,
      'counter',
      help,
      [...networks].flatMap(([uid, reading]): [Labels, number][] => {
        const pod = byUid.get(uid)
        if (!pod) return []
        return [[{ interface: 'eth0', namespace: pod.metadata.namespace, pod: pod.metadata.name }, reading[pick]]]
      }),
      now,
    )
  network('container_network_receive_bytes_total', 'Cumulative count of bytes received', 'rxBytes')
  network('container_network_transmit_bytes_total', 'Cumulative count of bytes transmitted', 'txBytes')
  network(
    'container_network_receive_errors_total',
    'Cumulative count of errors encountered while receiving',
    'rxErrors',
  )
  network('container_network_transmit_errors_total', 'Cumulative count of errors encountered while transmitting', 'txErrors') // prettier-ignore
  all.add('machine_cpu_cores', 'gauge', 'Number of logical CPU cores.', [[{}, machine.cpus]])
  all.add('machine_memory_bytes', 'gauge', 'Amount of memory installed on the machine.', [[{}, machine.memoryBytes]])
  return all.toString()
}

export function probeMetrics({ probeCounts }: ApiContext): string {
  const all = new Families()
  const title = { startup: 'Startup', liveness: 'Liveness', readiness: 'Readiness' } as const
  all.add(
    'prober_probe_total',
    'counter',
    'Cumulative number of a liveness, readiness or startup probe for a container by result.',
    [...probeCounts.all()].map(({ namespace, pod, uid, container, kind, healthy, count }) => [
      { container, namespace, pod, pod_uid: uid, probe_type: title[kind], result: healthy ? 'successful' : 'failed' },
      count,
    ]),
  )
  return all.toString()
}

/** The kubelet's own. */
export async function kubeletMetrics({ kubelet, stats, terminations, nodeName }: ApiContext): Promise<string> {
  const { containers } = await stats.snapshot()
  const all = new Families()
  const { rss } = process.memoryUsage()
  const { user, system } = process.cpuUsage()
  const running = kubelet.pods.filter(({ status }) => status.phase === 'Running').length
  all.add('kubelet_node_name', 'gauge', "The node's name. The count is always 1.", [[{ node: nodeName }, 1]])
  all.add('kubelet_running_pods', 'gauge', 'Number of pods that have a running pod sandbox', [[{}, running]])
  all.add('kubelet_running_containers', 'gauge', 'Number of containers currently running', [[{ container_state: 'running' }, containers.length]]) // prettier-ignore
  all.add(
    'kubelet_terminated_containers_total',
    'counter',
    'Cumulative number of container terminations.',
    [...terminations.all()].map(({ containerType, exitCode, reason, count }) => [
      { container_type: containerType, exit_code: String(exitCode), reason },
      count,
    ]),
  )
  all.add('process_cpu_seconds_total', 'counter', 'Total user and system CPU time spent in seconds.', [[{}, (user + system) / 1e6]]) // prettier-ignore
  all.add('process_resident_memory_bytes', 'gauge', 'Resident memory size in bytes.', [[{}, rss]])
  return all.toString()
}
