// A pod as network policies see it: addresses, labels and named ports.
import type { Pod } from '../../api/core/v1.ts'

export interface NamedPort {
  readonly name: string
  readonly protocol: string
  readonly port: number
}

export interface PolicyPod {
  readonly uid: string
  readonly namespace: string
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  /** Empty while it has none, and once it ended: an address of the past may be another pod's by now. */
  readonly ips: readonly string[]
  /** Undefined until it is bound. */
  readonly nodeName?: string | undefined
  /** Its traffic is its node's: no selector means it. */
  readonly hostNetwork: boolean
  readonly ports: readonly NamedPort[]
}

export function policyPodOf({ metadata, spec, status }: Pod): PolicyPod {
  const hasEnded = status.phase === 'Succeeded' || status.phase === 'Failed'
  const ips = (status.podIPs ?? []).flatMap(({ ip }) => (ip ? [ip] : []))
  // Sidecars are init containers that stay: theirs count as well.
  const containers = [...(spec.initContainers ?? []), ...spec.containers]
  return {
    uid: metadata.uid,
    namespace: metadata.namespace,
    name: metadata.name,
    labels: metadata.labels ?? {},
    ips: hasEnded ? [] : ips,
    nodeName: spec.nodeName || undefined,
    hostNetwork: spec.hostNetwork ?? false,
    ports: containers.flatMap(({ ports = [] }) =>
      ports.flatMap(({ name, protocol = 'TCP', containerPort }) =>
        name ? [{ name, protocol, port: containerPort }] : [],
      ),
    ),
  }
}
