// The part of the ruleset that belongs to one Service: chains, dynamic sets, and elements of the shared maps.
// base-rules.ts says where traffic enters these chains.
import { createHash } from 'node:crypto'
import type { Family } from '../network/family.ts'
import { SHARED_BALANCERS, sharedBalancer } from './base-rules.ts'
import { chooseEndpoints, type NodePlace } from './choose-endpoints.ts'
import type { ServiceEndpoint, ServicePort } from './service-port.ts'

export interface Element {
  /** A map or set: of base-rules.ts, or of some owner's `sets`. */
  readonly set: string
  readonly key: string
  /** What a map gives for the key; '' for plain sets. */
  readonly value: string
}

/** What one owner (a Service, a pod with host ports, a network policy) adds to the table. */
export interface Rules {
  /** Chain → its rules, chains that others jump to first. */
  readonly chains: ReadonlyMap<string, readonly string[]>
  /** Set → its definition. */
  readonly sets: ReadonlyMap<string, string>
  readonly elements: readonly Element[]
}

export const noRules: Rules = { chains: new Map(), sets: new Map(), elements: [] }

export interface RulesContext extends NodePlace {
  readonly family: Family
  readonly clusterCIDR: string
}

/**
 * Chains of a port, by prefix: `svc` sends to any endpoint, `loc` to one on this node, `ext` is where traffic from
 * outside enters, `lbs` drops sources that a load balancer must not serve, `ep` is one endpoint (affinity only). A port
 * that is reached by its cluster IP alone has none: base-rules.ts has chains for such ports, by number of endpoints.
 */
export function rulesOf(ports: readonly ServicePort[], context: RulesContext): Rules {
  const chains = new Map<string, readonly string[]>()
  const sets = new Map<string, string>()
  const elements: Element[] = []
  for (const port of ports) addPort(port, context, { chains, sets, elements })
  return { chains, sets, elements }
}

interface Draft {
  chains: Map<string, readonly string[]>
  sets: Map<string, string>
  elements: Element[]
}

function addPort(port: ServicePort, context: RulesContext, draft: Draft): void {
  const { cluster, local } = chooseEndpoints(port, context)
  const suffix = chainSuffix(port.id, port.id)
  const svc = `svc-${suffix}`
  const loc = `loc-${suffix}`
  const ext = `ext-${suffix}`
  const { family, clusterCIDR } = context
  const outsideIPs = [...port.externalIPs, ...port.loadBalancerIPs]
  const isExternal = outsideIPs.length > 0 || port.nodePort !== undefined

  for (const endpoint of port.endpoints)
    if (endpoint.local) draft.elements.push({ set: 'hairpin', key: `${endpoint.ip} . ${endpoint.ip}`, value: '' })

  if (!isExternal && !port.internalLocal && port.affinitySeconds === undefined && cluster.length <= SHARED_BALANCERS)
    return addShared(draft, port, cluster)

  const usesLocal = port.internalLocal || (isExternal && port.externalLocal)
  if (cluster.length > 0) {
    addBalancer(draft, family, svc, port, cluster, [
      ...port.clusterIPs.map(
        ip => `${family.ip} daddr ${ip} ${family.ip} saddr != ${clusterCIDR} jump mark-masquerade`,
      ),
    ])
  }
  if (usesLocal && local.length > 0) addBalancer(draft, family, loc, port, local, [])

  const inside = port.internalLocal ? local : cluster
  const insideVerdict = inside.length > 0 ? `goto ${port.internalLocal ? loc : svc}` : undefined
  for (const ip of port.clusterIPs) addEntry(draft, port, ip, insideVerdict, cluster.length > 0)
  if (!isExternal) return

  if (cluster.length > 0) draft.chains.set(ext, externalRules(port, context, svc, local.length > 0 ? loc : undefined))
  const outsideVerdict = cluster.length > 0 ? `goto ${ext}` : undefined
  // Traffic that a local-only policy leaves without an endpoint here is dropped, so that a balancer in front tries
  // another node; without any endpoint at all it is refused.
  const dropsOutside = port.externalLocal && local.length === 0 && cluster.length > 0
  for (const ip of outsideIPs) {
    addEntry(draft, port, ip, outsideVerdict, false)
    if (dropsOutside) draft.elements.push({ set: 'unserved', key: addressKey(port, ip), value: 'drop' })
  }
  if (port.nodePort !== undefined) {
    const key = `${port.protocol} . ${port.nodePort}`
    if (outsideVerdict) draft.elements.push({ set: 'nodeports', key, value: outsideVerdict })
    if (!outsideVerdict || dropsOutside)
      draft.elements.push({ set: 'unserved-nodeports', key, value: dropsOutside ? 'drop' : 'goto refuse' })
  }
  addFirewall(draft, family, port, `lbs-${suffix}`)
}

/** Most Services are of this kind: elements alone, so that changing one is quick however many there are. */
function addShared(draft: Draft, port: ServicePort, endpoints: readonly ServiceEndpoint[]): void {
  for (const clusterIP of port.clusterIPs) {
    const key = addressKey(port, clusterIP)
    addEntry(
      draft,
      port,
      clusterIP,
      endpoints.length > 0 ? `goto ${sharedBalancer(endpoints.length)}` : undefined,
      false,
    )
    for (const [i, { ip, port: number }] of endpoints.entries())
      draft.elements.push({ set: 'endpoints', key: `${key} . ${i}`, value: `${ip} . ${number}` })
  }
}

const addressKey = ({ protocol, port }: ServicePort, ip: string): string => `${ip} . ${protocol} . ${port}`

function addEntry(draft: Draft, port: ServicePort, ip: string, verdict: string | undefined, drops: boolean): void {
  const key = addressKey(port, ip)
  if (verdict) draft.elements.push({ set: 'services', key, value: verdict })
  else draft.elements.push({ set: 'unserved', key, value: drops ? 'drop' : 'goto refuse' })
}

/** Pods and the node itself may use every endpoint even where the policy is local: only outside traffic needs it. */
function externalRules(
  port: ServicePort,
  { family, clusterCIDR }: RulesContext,
  svc: string,
  loc: string | undefined,
): string[] {
  if (!port.externalLocal) return ['jump mark-masquerade', `goto ${svc}`]
  return [
    `${family.ip} saddr ${clusterCIDR} goto ${svc}`,
    'fib saddr type local jump mark-masquerade',
    `fib saddr type local goto ${svc}`,
    ...(loc ? [`goto ${loc}`] : []),
  ]
}

function addFirewall(draft: Draft, { ip: name }: Family, port: ServicePort, chain: string): void {
  if (port.sourceRanges.length === 0 || port.loadBalancerIPs.length === 0) return
  draft.chains.set(chain, [...port.sourceRanges.map(range => `${name} saddr ${range} return`), 'drop'])
  for (const ip of port.loadBalancerIPs)
    draft.elements.push({ set: 'firewall', key: addressKey(port, ip), value: `goto ${chain}` })
}

function addBalancer(
  draft: Draft,
  family: Family,
  chain: string,
  port: ServicePort,
  endpoints: readonly ServiceEndpoint[],
  first: readonly string[],
): void {
  if (port.affinitySeconds === undefined) {
    draft.chains.set(chain, [...first, balance(family, port, endpoints)])
    return
  }
  const members = endpoints.map(endpoint => addSticky(draft, family, port, endpoint, port.affinitySeconds ?? 0))
  const verdicts = members.map(({ chain: member }, i) => `${i} : goto ${member}`)
  draft.chains.set(chain, [
    ...first,
    ...members.map(member => `${family.ip} saddr @${member.set} goto ${member.chain}`),
    `numgen random mod ${members.length} vmap { ${verdicts.join(', ')} }`,
  ])
}

/** An endpoint with the set of clients that were sent to it. */
function addSticky(draft: Draft, family: Family, port: ServicePort, endpoint: ServiceEndpoint, seconds: number) {
  const identity = `${port.id}/${endpoint.ip}/${endpoint.port}`
  const chain = `ep-${chainSuffix(identity, port.id)}`
  // The timeout is part of the name: a set's definition cannot change.
  const set = `aff-${seconds}-${hash(identity)}`
  draft.sets.set(set, `type ${family.addressType}; size 65535; flags dynamic,timeout; timeout ${seconds}s;`)
  draft.chains.set(chain, [`update @${set} { ${family.ip} saddr }`, balance(family, port, [endpoint])])
  return { chain, set }
}

function balance({ ip: name }: Family, { protocol }: ServicePort, endpoints: readonly ServiceEndpoint[]): string {
  const [only] = endpoints
  if (endpoints.length === 1 && only)
    return `meta l4proto ${protocol} dnat to ${name === 'ip6' ? `[${only.ip}]` : only.ip}:${only.port}`
  const choices = endpoints.map(({ ip, port }, i) => `${i} : ${ip} . ${port}`).join(', ')
  return `meta l4proto ${protocol} dnat ${name} addr . port to numgen random mod ${endpoints.length} map { ${choices} }`
}

/** The hash tells chains apart, the rest tells people what they are for; nft allows 127 characters. */
const chainSuffix = (identity: string, id: string): string => `${hash(identity)}-${id}`.slice(0, 120)

const hash = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 16)
