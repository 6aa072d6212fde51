// Every firewall that this agent knows how to open.
import type { Log } from '../../../shared/machinery/log.ts'
import type { Run } from '../exec.ts'
import { IPV4, IPV6 } from '../family.ts'
import { Firewalld } from './firewalld.ts'
import { Iptables } from './iptables.ts'
import { NativeNft } from './native-nft.ts'
import type { FirewallBackend, FirewallNeeds } from './needs.ts'

const backends = (run: Run): FirewallBackend[] => [
  ...[IPV4, IPV6].flatMap(family => [new Iptables(run, 'nft', family), new Iptables(run, 'legacy', family)]),
  new Firewalld(run),
  new NativeNft(run),
]

/** @param needs of each family that pods have. One backend's failure does not keep the others from being opened. */
export async function openFirewalls(run: Run, needs: readonly FirewallNeeds[], log: Log): Promise<void> {
  for (const backend of backends(run)) {
    try {
      await backend.open(needs)
    } catch (error) {
      log.warn({ err: error, firewall: backend.name }, 'cannot open the host firewall for pods')
    }
  }
}

export async function closeFirewalls(run: Run): Promise<void> {
  const results = await Promise.allSettled(backends(run).map(backend => backend.close()))
  for (const result of results) if (result.status === 'rejected') throw result.reason
}
