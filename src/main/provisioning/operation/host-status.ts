// What an operation writes into its host's status.
import { Host, type HostStatus } from '../../../shared/api/flotilla/v1.ts'
import type { Client } from '../../../shared/client/client.ts'
import type { Facts } from '../preflight/facts.ts'
import type { HostKeyPins } from '../ssh/contract.ts'

/** @param status null takes a field away */
export const patchHostStatus = (
  client: Client,
  name: string,
  status: { readonly [F in keyof HostStatus]?: HostStatus[F] | null },
): Promise<Host> => client.patch(Host, { name }, { status }, { type: 'merge', subresource: 'status' })

/** Host keys live in the host's status: whoever can change them decides whom the cluster trusts. */
export function hostKeyPins(client: Client, host: Host): HostKeyPins {
  const pins = new Map((host.status.hostKeys ?? []).map(({ endpoint, fingerprint }) => [endpoint, fingerprint]))
  return {
    get: endpoint => pins.get(endpoint),
    async pin(endpoint, fingerprint) {
      pins.set(endpoint, fingerprint)
      const hostKeys = [...pins].map(([key, value]) => ({ endpoint: key, fingerprint: value }))
      await patchHostStatus(client, host.metadata.name, { hostKeys })
    },
  }
}

export function inspected(facts: Facts): Pick<HostStatus, 'facts'> {
  const { diskFreeBytes } = facts
  const free = diskFreeBytes['/var/lib'] ?? diskFreeBytes['/']
  return {
    facts: {
      hostname: facts.hostname,
      machineID: facts.machineID,
      osImage: facts.os.name,
      kernel: facts.kernel,
      architecture: facts.architecture,
      address: facts.address,
      dockerVersion: facts.docker.version,
      ...(facts.docker.firewallBackend && { dockerFirewallBackend: facts.docker.firewallBackend }),
      ...(facts.cgroupVersion === undefined ? {} : { cgroupVersion: facts.cgroupVersion }),
      cpus: facts.cpus,
      memoryBytes: facts.memoryBytes,
      ...(free === undefined ? {} : { diskFreeBytes: free }),
    },
  }
}
