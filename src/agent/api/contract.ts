// What the kubelet's HTTP handlers see.
import type { Clock } from '../../shared/machinery/clock.ts'
import type { Log } from '../../shared/machinery/log.ts'
import type { Pod } from '../../shared/api/core/v1.ts'
import type { NodeNetwork } from '../kubelet/parts.ts'
import type { MachineFacts } from '../kubelet/node/machine.ts'
import type { ProbeCounts } from '../kubelet/probes/probe-counts.ts'
import type { WorkTimes } from '../kubelet/stats/work-times.ts'
import type { TerminationCounts } from '../kubelet/status/termination-counts.ts'
import type { ClaimVolume } from '../kubelet/stats/claim-volumes.ts'
import type { StatsCollector } from '../kubelet/stats/collector.ts'
import type { PodDiskUsage } from '../kubelet/stats/disk-usage.ts'
import type { ContainerRuntime, RuntimeContainer } from '../kubelet/runtime/contract.ts'

/** The pods that this node looks after. */
export interface PodSource {
  readonly pods: readonly Pod[]
  pod(namespace: string, name: string): Pod | undefined
  diskUsage(pod: Pod): Promise<PodDiskUsage>
  claimVolumes(pod: Pod): Promise<ClaimVolume[]>
}

export interface ApiContext {
  readonly kubelet: PodSource
  readonly runtime: ContainerRuntime
  readonly machine: MachineFacts
  readonly network: Pick<NodeNetwork, 'connections' | 'metrics' | 'arrivals'>
  readonly dataDir: string
  /** Of the node's own log files. */
  readonly logFolder: string
  /** The engine's own folder. */
  readonly imageDir: string
  readonly stats: StatsCollector
  readonly probeCounts: ProbeCounts
  readonly terminations: TerminationCounts
  readonly times: WorkTimes
  readonly startedAtMs: number
  /** What the kubelet was configured with, as /configz tells. */
  readonly configuration: Readonly<Record<string, unknown>>
  readonly nodeName: string
  /** Of Kubernetes, as the Node tells it. */
  readonly version: string
  readonly clock: Clock
  readonly log: Log
}

/** An answer that is not 200. */
export class HttpError extends Error {
  override readonly name = 'HttpError'
  readonly code: number
  constructor(code: number, message: string) {
    super(message)
    this.code = code
  }
}

/** @throws HttpError 404 */
export function findPod({ kubelet }: ApiContext, namespace: string, name: string): Pod {
  const pod = kubelet.pod(namespace, name)
  if (!pod) throw new HttpError(404, `pod "${name}" not found in namespace "${namespace}"`)
  return pod
}

/** @returns the containers of this name, newest first */
export async function containersNamed({ runtime }: ApiContext, pod: Pod, name: string): Promise<RuntimeContainer[]> {
  const { containers } = await runtime.pod(pod.metadata.uid)
  return containers.filter(container => container.name === name && container.state !== 'created')
}

/** @throws HttpError when it does not run */
export async function runningContainer(context: ApiContext, pod: Pod, name: string): Promise<RuntimeContainer> {
  const [container] = await containersNamed(context, pod, name)
  if (container?.state === 'running') return container
  throw new HttpError(404, `container not found ("${name}")`)
}
