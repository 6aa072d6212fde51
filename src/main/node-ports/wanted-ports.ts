// Which ports of the loopback Services ask for: their node ports and, where they are load balancers, their own.
import type { Service } from '../../shared/api/core/v1.ts'
import { keyOf } from '../../shared/client/object-key.ts'

export interface WantedPort {
  /** Here. */
  readonly port: number
  /** On every node. */
  readonly nodePort: number
  readonly service: Service
}

const TYPES = new Set(['NodePort', 'LoadBalancer'])

/** @returns one a port, of the oldest Service that asks for it; and those that came too late */
export function wantedPorts(services: readonly Service[]): { open: Map<number, WantedPort>; late: WantedPort[] } {
  const open = new Map<number, WantedPort>()
  const late: WantedPort[] = []
  const inOrder = services.filter(({ spec }) => TYPES.has(spec.type ?? '')).toSorted(byAge)
  for (const service of inOrder)
    for (const { port, nodePort, protocol = 'TCP' } of service.spec.ports ?? []) {
      if (protocol !== 'TCP' || !nodePort) continue
      for (const here of service.spec.type === 'LoadBalancer' ? [nodePort, port] : [nodePort]) {
        const wanted = { port: here, nodePort, service }
        if (open.has(here)) late.push(wanted)
        else open.set(here, wanted)
      }
    }
  return { open, late }
}

const byAge = (one: Service, other: Service): number =>
  one.metadata.creationTimestamp.localeCompare(other.metadata.creationTimestamp) ||
  keyOf(one.metadata).localeCompare(keyOf(other.metadata))
