// A step changes one thing on a host. It looks before it acts, so running it again does what is left, and it says
// beforehand what it will change.
import type { HostOperation, Host } from '../../../shared/api/flotilla/v1.ts'
import type { Client } from '../../../shared/client/client.ts'
import type { Clock } from '../../../shared/machinery/clock.ts'
import type { NetworkBackend } from '../../../shared/machinery/node-network.ts'
import type { AgentFiles } from '../agent-files.ts'
import type { OwnKey } from '../own-key.ts'
import type { Facts } from '../preflight/facts.ts'
import type { Said } from '../say.ts'
import type { SshConnection } from '../ssh/connection.ts'
import type { Sudo } from '../ssh/sudo.ts'

/** Where an agent keeps what it has. */
export const AGENT_FOLDER = '/var/lib/flotilla/agent'
/** Where drivers and plugins look for it: a link. */
export const KUBELET_LINK = '/var/lib/kubelet'
/** Of a script. */
export const UNLINK_KUBELET = `[ "$(readlink ${KUBELET_LINK})" != ${AGENT_FOLDER} ] || rm ${KUBELET_LINK}`

/** What every agent of this cluster is told. */
export interface ClusterSettings {
  readonly caPem: string
  /** URLs of the API server that hosts may reach without SSH. */
  readonly servers: readonly string[]
  readonly clusterCIDR: string
  readonly serviceCIDR: string
  /** The same of each of the cluster's families. */
  readonly clusterCIDRs: readonly string[]
  readonly serviceCIDRs: readonly string[]
  readonly clusterDNSs: readonly string[]
  readonly kubernetesServiceIP: string
  readonly clusterDNS: string
  readonly clusterDomain: string
  /** Ranges of the hosts' addresses that answer for node ports, or `primary`. Default: all. */
  readonly nodePortAddresses?: readonly string[]
  /** How pods' packets travel between nodes. */
  readonly networkBackend: NetworkBackend
}

export interface Progress {
  output(text: string): void
  percent(percent: number): void
  /** Bytes that went to the host. */
  sent(bytes: number): void
}

export interface StepContext {
  readonly ssh: SshConnection
  readonly sudo: Sudo
  readonly facts: Facts
  readonly host: Host
  readonly operation: HostOperation
  readonly nodeName: string
  /** Port on the host's loopback that leads to the API server. */
  readonly apiPort: number
  readonly cluster: ClusterSettings
  readonly files: AgentFiles
  readonly ownKey: OwnKey
  readonly client: Client
  readonly clock: Clock
  readonly signal: AbortSignal
  readonly progress: Progress
  /** Opens the way from the host's loopback to the API server, and keeps it open. */
  openLink(): Promise<void>
  /** Ends it. */
  closeLink(): Promise<void>
}

export type ContextWithoutProgress = Omit<StepContext, 'progress'>

export interface Step {
  /** Stable: `push-runtime`. */
  readonly name: string
  /**
   * Looks, changes nothing.
   * @returns what the step will change, one text each; none = nothing to do
   */
  plan(context: ContextWithoutProgress): Promise<Said[]> | Said[]
  apply(context: StepContext): Promise<void>
}

/** Runs a constant script as root, its output shown as progress. @throws SshError */
export const asRoot = (
  { ssh, sudo, signal, progress }: StepContext,
  what: string,
  script: string,
  input?: Parameters<SshConnection['run']>[1] extends infer O ? (O extends { input?: infer I } ? I : never) : never,
): Promise<string> =>
  ssh.must(script, {
    what,
    sudo,
    signal,
    onOutput: text => progress.output(text),
    ...(input === undefined ? {} : { input }),
  })
