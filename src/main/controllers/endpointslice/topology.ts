// Topology aware routing: which zone each endpoint should serve, so that traffic stays in its zone where every zone has
// enough endpoints for its share of the nodes' CPU.
// @see https://kubernetes.io/docs/concepts/services-networking/topology-aware-routing/
import type { Node, Service } from '../../../shared/api/core/v1.ts'
import { isConditionTrue } from '../../../shared/machinery/conditions.ts'
import { parseQuantity } from '../../../shared/machinery/quantity.ts'
import { zoneOf } from '../support/service-pods.ts'

const MODE = 'service.kubernetes.io/topology-mode'
const OLD_MODE = 'service.kubernetes.io/topology-aware-hints'
/** Nodes that carry no ordinary pods do not count. */
const CONTROL_PLANE = ['node-role.kubernetes.io/control-plane', 'node-role.kubernetes.io/master']
/** So much more load than its share an endpoint may get: beyond, even traffic is worth more than near traffic. */
const OVERLOAD = 0.2

export const wantsTopology = ({ metadata: { annotations } }: Service): boolean =>
  ['Auto', 'auto'].includes(annotations?.[OLD_MODE] ?? annotations?.[MODE] ?? '')

/** What zones depend on: a change elsewhere on a node changes no hint. */
export const zoneFacts = (node: Node): string =>
  JSON.stringify([zoneOf(node), node.status.allocatable?.cpu, isConditionTrue(node.status.conditions, 'Ready')])

/** @returns each zone's share of the CPU; undefined when a node does not say enough, or there is one zone only */
function shares(nodes: readonly Node[]): Map<string, number> | undefined {
  const cpus = new Map<string, number>()
  let total = 0
  for (const node of nodes) {
    const { labels } = node.metadata
    if (CONTROL_PLANE.some(role => labels?.[role] !== undefined)) continue
    if (!isConditionTrue(node.status.conditions, 'Ready')) continue
    const zone = zoneOf(node)
    const cpu = node.status.allocatable?.cpu
    if (!zone || cpu === undefined) return undefined
    const milli = parseQuantity(cpu).milli()
    cpus.set(zone, (cpus.get(zone) ?? 0) + milli)
    total += milli
  }
  if (cpus.size < 2 || total === 0) return undefined
  return new Map([...cpus].map(([zone, milli]) => [zone, milli / total]))
}

export interface Located {
  readonly key: string
  readonly zone: string | undefined
}

export type Hints =
  | { readonly zones: ReadonlyMap<string, string> }
  /** As the event says it. */
  | { readonly disabled: string }

/** @param endpoints the ready ones @returns the zone that each serves, or why none is told */
export function topologyHints(endpoints: readonly Located[], nodes: readonly Node[]): Hints {
  const byZone = shares(nodes)
  if (!byZone)
    return { disabled: 'Insufficient Node information: allocatable CPU or zone not specified on one or more nodes' }
  if (endpoints.some(({ zone }) => zone === undefined || !byZone.has(zone)))
    return { disabled: 'One or more endpoints do not have a zone specified' }
  const total = endpoints.length
  if (total < byZone.size)
    return { disabled: `Insufficient number of endpoints (${total}), impossible to safely allocate proportionally` }
  const wanted = allocate(byZone, total)
  const overloaded = [...byZone].some(
    ([zone, share]) => (share * total) / (wanted.get(zone) ?? 0) > 1 + OVERLOAD + 1e-9,
  )
  if (overloaded)
    return {
      disabled: 'Unable to allocate minimum required endpoints to each zone without exceeding overload threshold',
    }
  const zones = new Map<string, string>()
  const left = new Map(wanted)
  const spare: Located[] = []
  for (const endpoint of endpoints) {
    const room = left.get(endpoint.zone ?? '') ?? 0
    if (room <= 0) spare.push(endpoint)
    else {
      zones.set(endpoint.key, endpoint.zone ?? '')
      left.set(endpoint.zone ?? '', room - 1)
    }
  }
  for (const { key } of spare) {
    const [zone] = [...left].find(([, room]) => room > 0) ?? []
    if (zone === undefined) break
    zones.set(key, zone)
    left.set(zone, (left.get(zone) ?? 0) - 1)
  }
  return { zones }
}

/** Whole endpoints by share: the largest remainders get what is left over, and every zone at least one. */
function allocate(byZone: ReadonlyMap<string, number>, total: number): Map<string, number> {
  const exact = [...byZone].map(([zone, share]) => ({ zone, amount: share * total })).sort((a, b) => a.zone.localeCompare(b.zone)) // prettier-ignore
  const whole = new Map(exact.map(({ zone, amount }) => [zone, Math.max(1, Math.floor(amount + 1e-9))]))
  let left = total - [...whole.values()].reduce((sum, count) => sum + count, 0)
  for (const { zone } of [...exact].sort((a, b) => (b.amount % 1) - (a.amount % 1))) {
    if (left <= 0) break
    whole.set(zone, (whole.get(zone) ?? 0) + 1)
    left--
  }
  return whole
}
