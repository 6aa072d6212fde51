// One direction of one NetworkPolicy as nft rules: each accepts what a rule of the policy allows, the rest falls through.
import type { CidrRange } from '../../shared/machinery/cidr.ts'
import { formatIP } from '../../shared/machinery/ip-address.ts'
import type {
  AddressBlock,
  Direction,
  PodSelection,
  PolicyPeer,
  PolicyPort,
  PolicyRule,
} from '../../shared/machinery/network-policy/policy-rules.ts'
import { fromMatchLabels } from '../../shared/machinery/selectors.ts'
import type { Family } from '../network/family.ts'
import type { PortName } from './pod-sets.ts'

export interface ChainContext {
  readonly family: Family
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

function peerMatch(peer: PolicyPeer, { family, direction, setOf }: ChainContext): string[] {
  const address = `${family.ip} ${direction === 'Ingress' ? 'saddr' : 'daddr'}`
  if ('selection' in peer) return [`${address} @${setOf(peer.selection)}`]
  // A block of the other family holds no address of this one.
  const ranges = peer.block?.cidr.family === family.name ? rangesOf(peer.block) : []
  return ranges.length > 0 ? [`${address} { ${ranges.map(range => showRange(family, range)).join(', ')} }`] : []
}

function portMatch(ports: readonly PolicyPort[], { family, direction, subjects, setOf }: ChainContext): string[] {
  const matches: string[] = []
  const numbers = new Map<string, string[]>()
  for (const { protocol, port, endPort } of ports) {
    const l4proto = protocol.toLowerCase()
    if (port === undefined) matches.push(`meta l4proto ${l4proto}`)
    else if (typeof port === 'string') {
      // A name is the destination's: of a subject for ingress; for egress the peer is matched besides.
      const set = setOf(direction === 'Ingress' ? subjects : EVERY_POD, { name: port, protocol })
      matches.push(`${family.ip} daddr . meta l4proto . th dport @${set}`)
    } else {
      const last = endPort ?? port
      numbers.set(l4proto, [...(numbers.get(l4proto) ?? []), last === port ? `${port}` : `${port}-${last}`])
    }
  }
  // One match a number: nft refuses ranges of one list that overlap.
  for (const [l4proto, list] of numbers) for (const number of new Set(list)) matches.push(`${l4proto} dport ${number}`)
  return matches
}

type Range = readonly [first: bigint, last: bigint]

/** @returns what is left of the block without its exceptions, in order */
function rangesOf({ cidr, except }: AddressBlock): Range[] {
  const [first, last] = rangeOf(cidr)
  const holes = except.map(rangeOf).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
  const ranges: Range[] = []
  let next = first
  for (const [holeFirst, holeLast] of holes) {
    if (holeFirst > next) ranges.push([next, holeFirst - 1n])
    if (holeLast >= next) next = holeLast + 1n
  }
  if (next <= last) ranges.push([next, last])
  return ranges
}

const rangeOf = ({ first, last }: CidrRange): Range => [first, last]

function showRange({ name: family }: Family, [first, last]: Range): string {
  const show = (value: bigint) => formatIP({ family, value })
  return first === last ? show(first) : `${show(first)}-${show(last)}`
}
