// /metrics: the kubelet's own.
import type { Disk } from '../../kubelet/stats/claim-volumes.ts'
import type { ApiContext, PodSource } from '../contract.ts'
import { Families } from './families.ts'

export async function kubeletMetrics({ kubelet, stats, terminations, nodeName, version }: ApiContext): Promise<string> {
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
  await addClaims(all, kubelet)
  all.add('process_cpu_seconds_total', 'counter', 'Total user and system CPU time spent in seconds.', [[{}, (user + system) / 1e6]]) // prettier-ignore
  all.add('process_resident_memory_bytes', 'gauge', 'Resident memory size in bytes.', [[{}, rss]])
  return all.toString()
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
