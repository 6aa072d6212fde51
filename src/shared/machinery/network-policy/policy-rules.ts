// What a NetworkPolicy says, read once: directions, peers and ports, with the defaults that the documentation gives.
// @see https://kubernetes.io/docs/concepts/services-networking/network-policies/
import type { NetworkPolicy, NetworkPolicyPeer, NetworkPolicyPort } from '../../api/networking/v1.ts'
import { type CidrRange, parseRange, rangeContains } from '../cidr.ts'
import { parseIP } from '../ip-address.ts'
import { fromLabelSelector, type LabelMatcher, type Labels } from '../selectors.ts'
import type { PolicyPod } from './policy-pod.ts'

export type Direction = 'Ingress' | 'Egress'
export const DIRECTIONS: readonly Direction[] = ['Egress', 'Ingress']

/** Pods by their labels and those of their namespaces. */
export interface PodSelection {
  /** Undefined = every namespace that `namespaces` matches. */
  readonly namespace: string | undefined
  readonly namespaces: LabelMatcher | undefined
  readonly pods: LabelMatcher
}

export interface AddressBlock {
  readonly cidr: CidrRange
  readonly except: readonly CidrRange[]
}

export type PolicyPeer = { readonly selection: PodSelection } | { readonly block: AddressBlock | undefined }

export interface PolicyPort {
  readonly protocol: string
  /** Undefined = every port of the protocol; a text is the name of a container port of the pod that is connected to. */
  readonly port: number | string | undefined
  /** Last of a range that starts at `port`. */
  readonly endPort: number | undefined
}

export interface PolicyRule {
  /** `ingress[0]` */
  readonly path: string
  /** Undefined = everyone. */
  readonly peers: readonly PolicyPeer[] | undefined
  /** Undefined = every port of every protocol. */
  readonly ports: readonly PolicyPort[] | undefined
}

/** Ingress unless only Egress is named; Egress also without being named when there are rules for it. */
export function directionsOf({ spec }: NetworkPolicy): readonly Direction[] {
  const { policyTypes = [], egress = [] } = spec
  if (policyTypes.length > 0) return DIRECTIONS.filter(direction => policyTypes.includes(direction))
  return egress.length > 0 ? DIRECTIONS : ['Ingress']
}

/** @returns the pods that a policy is about */
export const subjectsOf = ({ metadata, spec }: NetworkPolicy): PodSelection => ({
  namespace: metadata.namespace,
  namespaces: undefined,
  pods: fromLabelSelector(spec.podSelector ?? {}),
})

export function rulesOf({ metadata, spec }: NetworkPolicy, direction: Direction): readonly PolicyRule[] {
  const rules =
    direction === 'Ingress'
      ? (spec.ingress ?? []).map(({ from, ports }) => ({ peers: from, ports }))
      : (spec.egress ?? []).map(({ to, ports }) => ({ peers: to, ports }))
  return rules.map(({ peers = [], ports = [] }, i) => ({
    path: `${direction.toLowerCase()}[${i}]`,
    // An empty list says the same as none: it restricts nothing.
    peers: peers.length > 0 ? peers.map(peer => peerOf(peer, metadata.namespace)) : undefined,
    ports: ports.length > 0 ? ports.map(portOf) : undefined,
  }))
}

function peerOf({ ipBlock, podSelector, namespaceSelector }: NetworkPolicyPeer, namespace: string): PolicyPeer {
  if (ipBlock) {
    const cidr = parseRange(ipBlock.cidr)
    return { block: cidr && { cidr, except: (ipBlock.except ?? []).flatMap(text => parseRange(text) ?? []) } }
  }
  return {
    selection: {
      namespace: namespaceSelector ? undefined : namespace,
      namespaces: namespaceSelector && fromLabelSelector(namespaceSelector),
      pods: fromLabelSelector(podSelector ?? {}),
    },
  }
}

const portOf = ({ protocol = 'TCP', port, endPort }: NetworkPolicyPort): PolicyPort => ({
  protocol,
  port,
  endPort: typeof port === 'number' ? endPort : undefined,
})

/** @param namespaceLabels those of the pod's namespace; undefined = nobody knows it yet */
export function selects(selection: PodSelection, pod: PolicyPod, namespaceLabels: Labels): boolean {
  if (pod.hostNetwork) return false
  if (selection.namespace !== undefined && selection.namespace !== pod.namespace) return false
  if (selection.namespaces && !(namespaceLabels && selection.namespaces.matches(namespaceLabels))) return false
  return selection.pods.matches(pod.labels)
}

export function blockContains({ cidr, except }: AddressBlock, ip: string): boolean {
  const address = parseIP(ip)
  if (!address || !rangeContains(cidr, address)) return false
  return !except.some(hole => rangeContains(hole, address))
}

/** @param destination the pod that is connected to, whose container ports give names their numbers */
export function portMatches(
  { protocol, port, endPort }: PolicyPort,
  connection: { readonly protocol: string; readonly port: number },
  destination: PolicyPod | undefined,
): boolean {
  if (protocol !== connection.protocol) return false
  if (port === undefined) return true
  if (typeof port === 'number') return connection.port >= port && connection.port <= (endPort ?? port)
  return (destination?.ports ?? []).some(
    named => named.name === port && named.protocol === protocol && named.port === connection.port,
  )
}
