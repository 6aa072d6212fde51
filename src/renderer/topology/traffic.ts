// What agents see of connections, as lines between the cards of the map. Pure: summaries in, lines out.
import { Node, Pod, Service } from '../../shared/api/core/v1.ts'
import type {
  ConnectionEdge,
  ConnectionEndpoint,
  ConnectionSummary,
  DeniedEdge,
} from '../../shared/machinery/connection-summary.ts'
import { type World, refId, refTo } from '../world/world.ts'

export interface TrafficLine {
  /** Cards. */
  readonly from: string
  readonly to: string
  readonly bytesPerSecond: number
  /** Open now. */
  readonly connections: number
  /** Turned away by network policies, in packets. */
  readonly denied: number
}

export interface Traffic {
  /** Most first, denied ones before all. */
  readonly lines: readonly TrafficLine[]
  /** With addresses outside of the cluster. */
  readonly outside: { readonly bytesPerSecond: number; readonly connections: number }
  /** What agents say is missing. */
  readonly problems: readonly string[]
}

/** Pods and nodes by their addresses; pods in their node's network have none of their own. */
function addressBook(world: World): ReadonlyMap<string, string> {
  const book = new Map<string, string>()
  for (const node of world.all(Node))
    for (const { address } of node.status.addresses ?? []) book.set(address, refId(refTo(Node, node)))
  for (const pod of world.all(Pod)) {
    if (pod.spec.hostNetwork || pod.status.phase === 'Succeeded' || pod.status.phase === 'Failed') continue
    for (const { ip } of pod.status.podIPs ?? []) book.set(ip, refId(refTo(Pod, pod)))
  }
  return book
}

/** @param cardOf the card that stands for an object; undefined when none is drawn */
export function observe(
  summaries: readonly ConnectionSummary[],
  world: World,
  cardOf: (id: string) => string | undefined,
): Traffic {
  const book = addressBook(world)
  const lines = new Map<string, TrafficLine>()
  const outside = { bytesPerSecond: 0, connections: 0 }
  const cardAt = ({ kind, namespace, name, ip = '' }: ConnectionEndpoint) => {
    if (kind === 'pod' && name !== undefined) return cardOf(refId({ type: Pod, namespace, name }))
    if (kind === 'node' && name !== undefined) return cardOf(refId({ type: Node, name }))
    return cardOf(book.get(ip) ?? '')
  }
  const add = (from: string | undefined, to: string | undefined, change: Omit<TrafficLine, 'from' | 'to'>) => {
    if (from === undefined || to === undefined || from === to) return
    const key = `${from}>${to}`
    const line = lines.get(key) ?? { from, to, bytesPerSecond: 0, connections: 0, denied: 0 }
    lines.set(key, {
      from,
      to,
      bytesPerSecond: line.bytesPerSecond + change.bytesPerSecond,
      connections: line.connections + change.connections,
      denied: line.denied + change.denied,
    })
  }
  const addEdge = ({ from, to, service, bytesPerSecond = 0, connections }: ConnectionEdge) => {
    const amount = { bytesPerSecond, connections, denied: 0 }
    if (from.kind === 'outside' || to.kind === 'outside') {
      outside.bytesPerSecond += bytesPerSecond
      outside.connections += connections
    }
    const [namespace, name = ''] = service?.split('/') ?? []
    const asked = service === undefined ? undefined : cardOf(refId({ type: Service, namespace, name }))
    if (asked === undefined) return add(cardAt(from), cardAt(to), amount)
    add(cardAt(from), asked, amount)
    add(asked, cardAt(to), amount)
  }
  const addDenied = ({ from, to, packets }: DeniedEdge) =>
    add(cardAt(from), cardAt(to), { bytesPerSecond: 0, connections: 0, denied: packets })

  for (const { edges, denied } of summaries) {
    edges.forEach(addEdge)
    denied.forEach(addDenied)
  }
  return {
    lines: [...lines.values()]
      .filter(({ connections, bytesPerSecond, denied }) => connections > 0 || bytesPerSecond > 0 || denied > 0)
      .sort((a, b) => b.denied - a.denied || b.bytesPerSecond - a.bytesPerSecond || b.connections - a.connections),
    outside,
    problems: [...new Set(summaries.flatMap(({ problem }) => problem ?? []))],
  }
}

/** From hardly anything to a full gigabit, each step of ten a bit wider. */
export const lineWidth = (bytesPerSecond: number): number => 1.5 + Math.min(8, Math.log10(1 + bytesPerSecond))
