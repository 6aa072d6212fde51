// /metrics: the kubelet's own.
import type { Buckets } from '../../../shared/machinery/buckets.ts'
import type { Disk } from '../../kubelet/stats/claim-volumes.ts'
import type { WorkTimes } from '../../kubelet/stats/work-times.ts'
import type { ApiContext, PodSource } from '../contract.ts'
import { Families } from './families.ts'

export async function kubeletMetrics({
  kubelet,
  stats,
  terminations,
  times,
  nodeName,
  version,
}: ApiContext): Promise<string> {
  const { containers } = await stats.snapshot()
  const all = new Families()
  const { rss } = process.memoryUsage()
  const { user, system } = process.cpuUsage()
  const running = kubelet.pods.filter(({ status }) => status.phase === 'Running').length
  all.add('kubelet_node_name', 'gauge', "The node's name. The count is always 1.", [[{ node: nodeName }, 1]])
  const [major = '', minor = ''] = version.slice(1).split('.')
  all.add('kubernetes_build_info', 'gauge', 'Which version this is; always 1.', [[{ major, minor, git_version: version }, 1]]) // prettier-ignore
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
  addTimes(all, times)
  await addClaims(all, kubelet)
  all.add('process_cpu_seconds_total', 'counter', 'Total user and system CPU time spent in seconds.', [[{}, (user + system) / 1e6]]) // prettier-ignore
  all.add('process_resident_memory_bytes', 'gauge', 'Resident memory size in bytes.', [[{}, rss]])
  return all.toString()
}

function addTimes(all: Families, times: WorkTimes): void {
  const operations = [...times.operations].map(([type, operation]) => [{ operation_type: type }, operation] as const)
  const counted = (name: string, help: string, value: (operation: { count: number; errors: number }) => number) =>
    all.add(
      `kubelet_runtime_operations_${name}`,
      'counter',
      help,
      operations
        .filter(([, operation]) => value(operation) > 0)
        .map(([labels, operation]) => [labels, value(operation)]),
    )
  counted('total', 'Cumulative number of runtime operations by operation type.', ({ count }) => count)
  counted('errors_total', 'Cumulative number of runtime operation errors by operation type.', ({ errors }) => errors)
  all.histogram(
    'kubelet_runtime_operations_duration_seconds',
    'Duration in seconds of runtime operations. Broken down by operation type.',
    operations.map(([labels, { seconds }]) => [labels, seconds]),
  )
  all.histogram(
    'kubelet_pod_worker_duration_seconds',
    'Duration in seconds to sync a single pod. Broken down by operation type: create, update, sync, or kill',
    [...times.passes].map(([kind, seconds]) => [{ operation_type: kind }, seconds]),
  )
  const single = (name: string, help: string, seconds: Buckets) =>
    all.histogram(`kubelet_${name}_seconds`, help, [[{}, seconds]])
  single(
    'pod_start_duration',
    'Duration in seconds from seeing a pod for the first time to its running',
    times.podStarts,
  )
  single('pleg_relist_duration', 'Duration in seconds of looking at all containers of the runtime.', times.relists)
  single('pleg_relist_interval', 'Interval in seconds between those looks.', times.relistIntervals)
  const { lastRelistSeconds } = times
  if (lastRelistSeconds !== undefined)
    all.add('kubelet_pleg_last_seen_seconds', 'gauge', 'Timestamp in seconds of the last look.', [
      [{}, lastRelistSeconds],
    ])
}

/** A claim that several pods of the node use is told once. */
async function addClaims(all: Families, kubelet: PodSource): Promise<void> {
  const ofPods = await Promise.all(
    kubelet.pods.map(async pod =>
      (await kubelet.claimVolumes(pod)).map(({ claim, disk }) => ({ namespace: pod.metadata.namespace, claim, disk })),
    ),
  )
  const claims = new Map(ofPods.flat().map(found => [`${found.namespace}/${found.claim}`, found]))
  const family = (name: string, help: string, value: (disk: Disk) => number) =>
    all.add(
      `kubelet_volume_stats_${name}`,
      'gauge',
      help,
      [...claims.values()].map(({ namespace, claim, disk }) => [
        { namespace, persistentvolumeclaim: claim },
        value(disk),
      ]),
    )
  family('capacity_bytes', 'Capacity in bytes of the volume', disk => disk.blocks * disk.bsize)
  family('available_bytes', 'Number of available bytes in the volume', disk => disk.bavail * disk.bsize)
  family('used_bytes', 'Number of used bytes in the volume', disk => (disk.blocks - disk.bfree) * disk.bsize)
  family('inodes', 'Maximum number of inodes in the volume', disk => disk.files)
  family('inodes_free', 'Number of free inodes in the volume', disk => disk.ffree)
  family('inodes_used', 'Number of used inodes in the volume', disk => disk.files - disk.ffree)
}
