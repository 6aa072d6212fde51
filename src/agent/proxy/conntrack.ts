// UDP has no end of connection: flows that the kernel once sent to an endpoint go there for as long as the client
// keeps sending. After an endpoint left, or the first one came, their conntrack entries are deleted.
import type { Run } from '../network/exec.ts'
import type { Family } from '../network/family.ts'
import { chooseEndpoints, type NodePlace } from './choose-endpoints.ts'
import type { ServicePort } from './service-port.ts'

export interface StaleFlow {
  /** Where the client sends to: an address with the Service's port, or a node port on any address. */
  readonly destination: { readonly ip?: string; readonly port: number }
  /** Endpoint it was redirected to; undefined = not redirected at all. */
  readonly endpoint?: { readonly ip: string; readonly port: number }
}

export function staleFlows(before: readonly ServicePort[], now: readonly ServicePort[], place: NodePlace): StaleFlow[] {
  const current = new Map(now.map(port => [port.id, port]))
  const previous = new Map(before.map(port => [port.id, port]))
  const flows: StaleFlow[] = []
  for (const old of before) {
    if (old.protocol !== 'udp') continue
    const left = endpointsOf(current.get(old.id), place)
    for (const [address, endpoint] of endpointsOf(old, place))
      if (!left.has(address)) flows.push(...destinations(old).map(destination => ({ destination, endpoint })))
  }
  for (const port of now) {
    if (port.protocol !== 'udp' || endpointsOf(port, place).size === 0) continue
    if (endpointsOf(previous.get(port.id), place).size > 0) continue
    flows.push(...destinations(port).map(destination => ({ destination })))
  }
  return flows
}

/** Deletes the entries; hosts without the conntrack tool keep them until they time out. */
export async function deleteFlows(run: Run, family: Family, flows: readonly StaleFlow[]): Promise<void> {
  for (const { destination, endpoint } of flows) {
    const to = destination.ip === undefined ? [] : ['--orig-dst', destination.ip]
    // What it answers from: the same address may serve another port now.
    const via = endpoint ? ['--reply-src', endpoint.ip, '--reply-port-src', String(endpoint.port)] : []
    const argv = [
      '-D',
      '-f',
      family.name.toLowerCase(),
      '-p',
      'udp',
      ...to,
      '--orig-port-dst',
      String(destination.port),
      ...via,
    ]
    // Exit code 1 also means that no entry matched.
    await run(['conntrack', ...argv]).catch(() => undefined)
  }
}

function endpointsOf(port: ServicePort | undefined, place: NodePlace): Map<string, { ip: string; port: number }> {
  if (!port) return new Map()
  const { cluster, local } = chooseEndpoints(port, place)
  return new Map([...cluster, ...local].map(endpoint => [`${endpoint.ip}:${endpoint.port}`, endpoint]))
}

const destinations = (port: ServicePort): { ip?: string; port: number }[] => [
  ...[...port.clusterIPs, ...port.externalIPs, ...port.loadBalancerIPs].map(ip => ({ ip, port: port.port })),
  ...(port.nodePort === undefined ? [] : [{ port: port.nodePort }]),
]
