// How the agent's parts see each other: kubelet → pod network, node identity.

/** What a pod needs from the node's network. Addresses survive an agent restart: they are read back from the host. */
export interface PodNetwork {
  /**
   * Gives the network namespace of a process an interface `eth0` with an address out of the node's pod CIDR and a
   * default route, and routes that address on the host. Idempotent per pod.
   * @param podUid `metadata.uid`
   * @param pid a process inside the sandbox's network namespace
   */
  setUp(podUid: string, pid: number): Promise<PodAddresses>
  /** Removes interface, route and address. Idempotent; does not need the namespace to exist. */
  tearDown(podUid: string): Promise<void>
  /** @returns the addresses of a pod set up earlier, also by an earlier agent process. */
  addressesOf(podUid: string): PodAddresses | undefined
}

export interface PodAddresses {
  /** Primary first, e.g. `10.244.0.5`. */
  readonly ips: readonly string[]
}

/** A hostPort of a pod: traffic to the node's port goes to the pod. */
export interface HostPort {
  readonly protocol: 'TCP' | 'UDP' | 'SCTP'
  readonly hostPort: number
  readonly containerPort: number
  /** Undefined = every address of the node. */
  readonly hostIP?: string
}

export interface NodeIdentity {
  /** The Node object's name. */
  readonly nodeName: string
  /** Address by which other nodes reach this one. */
  readonly nodeIP: string
  /** Address of the cluster's DNS service, which containers get as nameserver. */
  readonly clusterDNS: string
  /** `cluster.local` */
  readonly clusterDomain: string
}
