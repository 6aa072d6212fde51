// One direction of one NetworkPolicy as nft rules: each accepts what a rule of the policy allows, the rest falls through.
import { type Cidr, formatIPv4, sizeOf } from '../../shared/machinery/ipv4.ts'
import type {
  AddressBlock,
  Direction,
  PodSelection,
  PolicyPeer,
  PolicyPort,
  PolicyRule,
} from '../../shared/machinery/network-policy/policy-rules.ts'
import { fromMatchLabels } from '../../shared/machinery/selectors.ts'
import type { PortName } from './pod-sets.ts'

export interface ChainContext {
  readonly direction: Direction
  /** The pods that the policy is about. */
  readonly subjects: PodSelection
  /** @returns the name of the set of these pods, or of their numbers for a port name */
  readonly setOf: (selection: PodSelection, port?: PortName) => string
}

const EVERY_POD: PodSelection = { namespace: undefined, namespaces: undefined, pods: fromMatchLabels(undefined) }

export function chainRules(rules: readonly PolicyRule[], context: ChainContext): string[] {
  return rules.flatMap(({ peers, ports }) => {
    const peerMatches = peers ? peers.flatMap(peer => peerMatch(peer, context)) : ['']
    const portMatches = ports ? portMatch(ports, context) : ['']
    return peerMatches.flatMap(peer => portMatches.map(port => [peer, port, 'accept'].filter(Boolean).join(' ')))
  })
}

function peerMatch(peer: PolicyPeer, { direction, setOf }: ChainContext): string[] {
  const address = direction === 'Ingress' ? 'ip saddr' : 'ip daddr'
  if ('selection' in peer) return [`${address} @${setOf(peer.selection)}`]
  const ranges = peer.block ? rangesOf(peer.block) : [] // a block of the other address family holds no address of ours
  return ranges.length > 0 ? [`${address} { ${ranges.map(showRange).join(', ')} }`] : []
}

function portMatch(ports: readonly PolicyPort[], { direction, subjects, setOf }: ChainContext): string[] {
  const matches: string[] = []
  const numbers = new Map<string, string[]>()
  for (const { protocol, port, endPort } of ports) {
    const l4proto = protocol.toLowerCase()
    if (port === undefined) matches.push(`meta l4proto ${l4proto}`)
    else if (typeof port === 'string') {
      // A name is the destination's: of a subject for ingress; for egress the peer is matched besides.
      const set = setOf(direction === 'Ingress' ? subjects : EVERY_POD, { name: port, protocol })
      matches.push(`ip daddr . meta l4proto . th dport @${set}`)
    } else {
      const last = endPort ?? port
      numbers.set(l4proto, [...(numbers.get(l4proto) ?? []), last === port ? `${port}` : `${port}-${last}`])
    }
  }
  // One match a number: nft refuses ranges of one list that overlap.
  for (const [l4proto, list] of numbers) for (const number of new Set(list)) matches.push(`${l4proto} dport ${number}`)
  return matches
}

type Range = readonly [first: number, last: number]

/** @returns what is left of the block without its exceptions, in order */
function rangesOf({ cidr, except }: AddressBlock): Range[] {
  const [first, last] = rangeOf(cidr)
  const holes = except.map(rangeOf).sort(([a], [b]) => a - b)
  const ranges: Range[] = []
  let next = first
  for (const [holeFirst, holeLast] of holes) {
    if (holeFirst > next) ranges.push([next, holeFirst - 1])
    next = Math.max(next, holeLast + 1)
  }
  if (next <= last) ranges.push([next, last])
  return ranges
}

const rangeOf = (cidr: Cidr): Range => [cidr.base, cidr.base + sizeOf(cidr) - 1]

const showRange = ([first, last]: Range): string =>
  first === last ? formatIPv4(first) : `${formatIPv4(first)}-${formatIPv4(last)}`
