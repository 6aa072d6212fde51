// What other firewalls on the host must let through for the pod network to work. An accept in our own table never
// overrides a drop elsewhere, so each backend puts these where its packets are decided.
import type { Family } from '../family.ts'

export interface FirewallNeeds {
  /** Of all that is named here, but for the tunnel, which is IPv4. */
  readonly family: Family
  /** Forwarded to and from these addresses: pods. */
  readonly clusterCIDR: string
  /** Addresses on this node that pods talk to: DNS and the API server's. */
  readonly ownAddresses: readonly string[]
  /** Nodes whose tunnelled packets arrive here. */
  readonly tunnelPeers: readonly string[]
  /** UDP; where they arrive. */
  readonly tunnelPort: number
  /** Where other nodes ask whether their pods' packets get here. */
  readonly probeAddress?: string
}

export interface FirewallBackend {
  readonly name: string
  /**
   * Opens what is needed where this firewall is active on the host; does nothing where it is not. One for each family.
   * Idempotent.
   */
  open(needs: readonly FirewallNeeds[]): Promise<void>
  /** Takes back what `open` did, also when done by an earlier process. */
  close(): Promise<void>
}
