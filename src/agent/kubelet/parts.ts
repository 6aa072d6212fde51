// What every pod's worker shares: the node's runtime, network, clients and folders.
import type { Duplex } from 'node:stream'
import type { Pod, Service } from '../../shared/api/core/v1.ts'
import type { RuntimeClass } from '../../shared/api/node/v1.ts'
import type { Client } from '../../shared/client/client.ts'
import type { EventRecorder } from '../../shared/client/events.ts'
import type { Clock } from '../../shared/machinery/clock.ts'
import type { Log } from '../../shared/machinery/log.ts'
import type { ConnectionSummary } from '../../shared/machinery/connection-summary.ts'
import type { HostPort, NodeIdentity, PodNetwork } from '../contracts.ts'
import type { WireguardState } from '../network/contract.ts'
import type { NodeFacts } from './admission/admit.ts'
import type { PodCgroups } from './cgroups/contract.ts'
import type { DeviceManager } from './devices/device-manager.ts'
import type { ImagePuller } from './images/image-puller.ts'
import type { ProbeCounts } from './probes/probe-counts.ts'
import type { LogLinks } from './log-links.ts'
import { podDirOf } from './pod-dir.ts'
import type { Removals } from './removals.ts'
import type { ContainerRuntime } from './runtime/contract.ts'
import type { ObjectSource } from './spec/env.ts'
import type { NodeLimits } from './spec/resources.ts'
import type { WorkTimes } from './stats/work-times.ts'
import type { TerminationCounts } from './status/termination-counts.ts'
import type { CsiVolumes } from './csi/csi-volumes.ts'
import type { CrashBackoff } from './sync/crash-backoff.ts'
import type { PreparedClaims, ResourceClaimSource } from './devices/prepared-claims.ts'
import type { Written } from './volumes/atomic-writer.ts'
import type { ClaimSource } from './volumes/claims.ts'
import { takeAlone } from './volumes/exclusive.ts'
import type { LocalVolumes } from './volumes/local-volumes.ts'
import type { HostTools } from './volumes/mounts.ts'
import type { TokenSource } from './volumes/projected.ts'
import type { ClearOptions, PrepareOptions } from './volumes/volumes.ts'

/** The network as the kubelet uses it. */
export interface NodeNetwork {
  readonly podNetwork: PodNetwork
  /** Replaces the host ports of a pod; an empty list removes them. */
  hostPorts(podUid: string, podIPs: readonly string[], ports: readonly HostPort[]): Promise<void>
  /** Resolves when the network policies that select a pod hold for it; called before its containers start. */
  isolate(pod: Pod): Promise<void>
  /** @returns who speaks with whom through this node */
  connections(): Promise<ConnectionSummary>
  /** @returns what the network counts, as Prometheus reads it */
  metrics(): Promise<string>
  /** @returns whether packets come to the tunnel's port from a machine that may become a node */
  arrivals(from: string): Promise<boolean>
  /** Why pods have IPv4 only although the cluster has both; undefined when they have what it has. */
  readonly ipv6Problem?: string | undefined
  /** Where the cluster has the traffic between nodes encrypted. */
  readonly wireguard?: WireguardState | undefined
  /** Names of nodes whose pods are reached over the control plane only. */
  relayed(): readonly string[]
  /** Takes the stream of another node's agent that this node is not reached by otherwise. */
  acceptRelay(nodeName: string, stream: Duplex): void
}

export interface RuntimeClassSource {
  /** @returns undefined when it does not exist */
  runtimeClass(name: string): Promise<RuntimeClass | undefined>
}

export interface KubeletParts {
  readonly node: NodeIdentity
  readonly nodeMemoryBytes: number
  /** What pods may use of the node in all, as in its Node object. */
  readonly allocatable: Readonly<Record<string, string>>
  readonly podPidsLimit: number
  /** This node as its own pods must match it. */
  readonly nodeFacts: () => NodeFacts
  /** Looks at the Node object again, for `nodeFacts`; what was seen last stands when the API does not answer. */
  readonly refreshNode: () => Promise<void>
  /** The Node object, once it is known. */
  readonly nodeReference: () => { readonly name: string; readonly uid: string } | undefined
  /** Folder of manifests. */
  readonly staticPodDir: string
  /** How often manifests are looked at. */
  readonly manifestsMs: number
  readonly dataDir: string
  readonly runtime: ContainerRuntime
  readonly removals: Removals
  readonly logLinks: LogLinks
  readonly network: NodeNetwork
  readonly cgroups: PodCgroups
  readonly client: Client
  readonly recorder: EventRecorder
  readonly images: ImagePuller
  readonly objects: ObjectSource & ClaimSource & ResourceClaimSource & RuntimeClassSource
  /** Of RuntimeClasses that the engine knows. */
  readonly handlers: readonly string[]
  /** Whether the engine can make a read-only mount cover those below it. */
  readonly recursiveReadOnlyMounts: boolean
  /** Whether the engine reads what the Container Device Interface says of devices. */
  readonly engineReadsCdi: boolean
  readonly devices: DeviceManager
  readonly claims: PreparedClaims
  readonly localVolumes: LocalVolumes
  readonly csi: CsiVolumes
  /** How soon a changed ConfigMap, Secret or an ageing token reaches its files. */
  readonly volumeRefreshMs: number
  readonly tokens: TokenSource
  /** Services known now, for variables. */
  readonly services: () => readonly Service[]
  readonly backoff: CrashBackoff
  readonly probeCounts: ProbeCounts
  readonly terminations: TerminationCounts
  readonly times: WorkTimes
  readonly tools: HostTools
  readonly clock: Clock
  readonly log: Log
}

/** @returns how all that a pod has of volumes is given back */
export const clearOptions = ({ dataDir, tools, csi }: KubeletParts, podUid: string): ClearOptions => ({
  podDir: podDirOf(dataDir, podUid),
  tools,
  release: () => csi.release(podUid),
})

/** @param signal gives up pulling images, and waiting for volumes */
export const volumeOptions = (
  parts: KubeletParts,
  pod: Pod,
  { written, signal }: { readonly written: Written; readonly signal: AbortSignal },
): PrepareOptions => ({
  podDir: podDirOf(parts.dataDir, pod.metadata.uid),
  dataDir: parts.dataDir,
  tools: parts.tools,
  claims: parts.objects,
  images: {
    runtime: parts.runtime,
    ensureImage: (owner, container) => parts.images.ensure(owner, container, signal),
  },
  ensureLocal: volume => parts.localVolumes.ensure(volume),
  csi: parts.csi,
  signal,
  takeAlone: volume => takeAlone(volume, { dataDir: parts.dataDir, uid: pod.metadata.uid, podDirOf }),
  written,
})

export const nodeLimitsOf = ({ nodeMemoryBytes, podPidsLimit }: KubeletParts): NodeLimits => ({
  memoryBytes: nodeMemoryBytes,
  podPidsLimit,
})

/** @returns the node's addresses, which pods on its network have as well */
export const nodeIPsOf = ({ nodeIP, nodeIPv6 }: NodeIdentity): string[] => (nodeIPv6 ? [nodeIP, nodeIPv6] : [nodeIP])

/** What the pod may learn about itself. */
export const factsOf = (parts: KubeletParts, podIPs: readonly string[]) => ({
  nodeName: parts.node.nodeName,
  hostIPs: nodeIPsOf(parts.node),
  podIPs,
  allocatable: parts.allocatable,
})
