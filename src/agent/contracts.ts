// How the agent's parts see each other: kubelet → pod network, node identity.

/** A pod's sandbox, as the network sees it. */
export interface PodSandbox {
  /** `metadata.uid` of the pod */
  readonly uid: string
  readonly namespace: string
  readonly name: string
  /** Of the sandbox's container. */
  readonly sandboxId: string
  /** A process inside the sandbox's network namespace. */
  readonly pid: number
  readonly hostPorts: readonly HostPort[]
  readonly bandwidth: PodBandwidth
}

/** Limits in bits per second; undefined = none. */
export interface PodBandwidth {
  readonly ingress?: number
  readonly egress?: number
}

/** What a pod needs from the node's network. Addresses survive an agent restart: they are read back from the host. */
export interface PodNetwork {
  /** Why no pod can be set up at present; undefined when pods can. */
  readonly problem: string | undefined
  /** Gives the sandbox an interface `eth0` with an address and the way to everything else. Idempotent per sandbox. */
  setUp(sandbox: PodSandbox): Promise<PodAddresses>
  /** Removes interface, route and address. Idempotent; does not need the namespace to exist. */
  tearDown(podUid: string): Promise<void>
  /** @returns the addresses of a pod set up earlier, also by an earlier agent process. */
  addressesOf(podUid: string): PodAddresses | undefined
  /** Tears down what is left of pods that are not among these: they went while no agent was there to see it. */
  retain(podUids: ReadonlySet<string>): Promise<void>
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
  /** The same in IPv6, in a cluster of both, where it has one. */
  readonly nodeIPv6?: string | undefined
  /** Address of the cluster's DNS service, which containers get as nameserver. */
  readonly clusterDNS: string
  /** `cluster.local` */
  readonly clusterDomain: string
}
