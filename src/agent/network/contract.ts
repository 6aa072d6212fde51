// What the agent gives its network, and what it gets.
import type { Duplex } from 'node:stream'
import type { Pod } from '../../shared/api/core/v1.ts'
import type { Client } from '../../shared/client/client.ts'
import type { InformerFactory } from '../../shared/client/informer-factory.ts'
import type { Clock } from '../../shared/machinery/clock.ts'
import type { ConnectionSummary } from '../../shared/machinery/connection-summary.ts'
import type { Log } from '../../shared/machinery/log.ts'
import type { NetworkBackend } from '../../shared/machinery/node-network.ts'
import type { HostPort, NodeIdentity, PodNetwork } from '../contracts.ts'
import type { IngressPorts } from '../ingress/routing.ts'
import type { ApiServerAddress } from './api-forwarder.ts'
import type { CniFolders } from './cni/cni-pod-network.ts'
import type { Run } from './exec.ts'
import type { IPv6Ranges } from './ipv6.ts'

export interface PreflightProblem {
  /** `tool/ip`, `kernel/nftables`: stable, for programs. */
  readonly id: string
  /** What is wrong and what helps, for people. */
  readonly message: string
  /** Whether the network cannot work at all. */
  readonly fatal: boolean
}

export interface NetworkOptions {
  readonly identity: NodeIdentity
  /** Folder of the network's own files; created when missing. */
  readonly stateDir: string
  /** Reads the certificates of Ingresses, one by one. */
  readonly client: Client
  /** Shared with the agent's other parts; the caller starts it. */
  readonly informers: InformerFactory
  /** Addresses of all pods, such as `10.244.0.0/16`. */
  readonly clusterCIDR: string
  /** Addresses of all Services, such as `10.96.0.0/16`. */
  readonly serviceCIDR: string
  /** The cluster's IPv6, beside its IPv4: pods get both where this host can carry it. */
  readonly ipv6?: IPv6Ranges
  /** Address of the Service `default/kubernetes`, such as `10.96.0.1`. */
  readonly kubernetesServiceIP: string
  /** @returns the API servers as reachable from this node, the best first; asked for each new connection */
  readonly apiServers: () => readonly ApiServerAddress[]
  /** Range of this node's pods. Default: the Node object's, once known, or the one of the last run. */
  readonly podCIDR?: string
  /** Where Ingresses are served, while this node serves any. Default 80 and 443. */
  readonly ingressPorts?: IngressPorts
  /** A configuration there has CNI plugins connect pods instead of our own links. */
  readonly cni: CniFolders
  /** Ranges of the node's own addresses that answer for node ports; `primary` = its addresses. Default: every one. */
  readonly nodePortAddresses?: readonly string[]
  /** Where kube-proxy tells whether it keeps up. Default: port 10256 where node ports answer. '' = nowhere. */
  readonly healthzBindAddress?: string
  /** Where it tells its metrics and settings. Default `127.0.0.1:10249`. '' = nowhere. */
  readonly metricsBindAddress?: string
  /** How pods' packets travel between nodes. Default `auto`. */
  readonly backend?: NetworkBackend
  /** Opens a stream to the agent of another node over the control plane. Default: there is no such way. */
  readonly dialNode?: (nodeName: string) => Promise<Duplex>
  readonly log: Log
  readonly clock?: Clock
  readonly run?: Run
  /** Ends the wait for a pod range. */
  readonly signal?: AbortSignal
}

export interface WireguardState {
  /** What the Node object tells others of this node's end. */
  readonly annotation: string
  /** Names of nodes that told no key of their own: their pods are not reached. */
  readonly withoutKey: readonly string[]
}

/** Ended by dispose, which leaves links, routes and rules in place: pods keep their network without the agent. */
export interface Network extends AsyncDisposable {
  readonly podNetwork: PodNetwork
  /** Range of this node's pods. */
  readonly podCIDR: string
  /** Replaces the host ports of a pod; an empty list removes them. Resolves when they work. Kept until tear-down. */
  hostPorts(podUid: string, podIPs: readonly string[], ports: readonly HostPort[]): Promise<void>
  /** Resolves when the network policies that select a pod hold for it: after its set-up, before its containers start. */
  isolate(pod: Pod): Promise<void>
  /** @returns who speaks with whom through this node */
  connections(): Promise<ConnectionSummary>
  /** @returns what kube-proxy and the DNS server count, as Prometheus reads it */
  metrics(): Promise<string>
  /**
   * Sends UDP packets to a machine, to the port of the nodes' tunnels, for some seconds at most.
   * @param from its IPv4 address
   * @returns whether some came from there to that port here meanwhile
   * @throws TooManyArrivalsError
   */
  arrivals(from: string): Promise<boolean>
  /** Why pods have IPv4 only although the cluster has both; undefined when they have what it has. */
  readonly ipv6Problem: string | undefined
  /** Where the cluster has the traffic between nodes encrypted. */
  readonly wireguard: WireguardState | undefined
  /** Names of nodes whose pods are reached over the control plane only. */
  relayed(): readonly string[]
  /** Takes the stream that another node's agent opened with its `dialNode`. */
  acceptRelay(nodeName: string, stream: Duplex): void
}
