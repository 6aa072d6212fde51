// Which ports of the loopback Services ask for: their node ports and, where they are load balancers, their own.
import type { Service } from '../../shared/api/core/v1.ts'
import { keyOf } from '../../shared/client/object-key.ts'

export type Protocol = 'TCP' | 'UDP'

export interface WantedPort {
  /** Here. */
  readonly port: number
  readonly protocol: Protocol
  /** On every node. */
  readonly nodePort: number
  readonly service: Service
}

const TYPES = new Set(['NodePort', 'LoadBalancer'])
const isCarried = (protocol: string): protocol is Protocol => protocol === 'TCP' || protocol === 'UDP'

/** @returns `30053/UDP`: both protocols have ports of their own */
export const portName = ({ port, protocol }: WantedPort): string => `${port}/${protocol}`

/** @returns one a port, by its name, of the oldest Service that asks for it; and those that came too late */
export function wantedPorts(services: readonly Service[]): { open: Map<string, WantedPort>; late: WantedPort[] } {
  const open = new Map<string, WantedPort>()
  const late: WantedPort[] = []
  const inOrder = services.filter(({ spec }) => TYPES.has(spec.type ?? '')).toSorted(byAge)
  for (const service of inOrder)
    for (const { port, nodePort, protocol = 'TCP' } of service.spec.ports ?? []) {
      if (!isCarried(protocol) || !nodePort) continue
      for (const here of service.spec.type === 'LoadBalancer' ? [nodePort, port] : [nodePort]) {
        const wanted = { port: here, protocol, nodePort, service }
        if (open.has(portName(wanted))) late.push(wanted)
        else open.set(portName(wanted), wanted)
      }
    }
  return { open, late }
}

const byAge = (one: Service, other: Service): number =>
  one.metadata.creationTimestamp.localeCompare(other.metadata.creationTimestamp) ||
  keyOf(one.metadata).localeCompare(keyOf(other.metadata))
