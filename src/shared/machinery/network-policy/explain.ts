// Why a connection is allowed or denied: the same reading of the policies that the nodes turn into rules, for people.
import type { NetworkPolicy } from '../../api/networking/v1.ts'
import type { Labels } from '../selectors.ts'
import type { PolicyPod } from './policy-pod.ts'
import {
  blockContains,
  type Direction,
  directionsOf,
  type PolicyPort,
  type PolicyRule,
  portMatches,
  rulesOf,
  selects,
  subjectsOf,
} from './policy-rules.ts'

/** One end of a connection, as it is on the wire: behind a Service, the endpoint. */
export interface ConnectionEnd {
  readonly ip: string
  /** Undefined = no pod: a node, or something outside of the cluster. */
  readonly pod: PolicyPod | undefined
  /** The node that has the address. */
  readonly nodeName?: string | undefined
}

export interface Connection {
  readonly from: ConnectionEnd
  readonly to: ConnectionEnd
  /** `TCP`, `UDP` or `SCTP` */
  readonly protocol: string
  readonly port: number
}

export interface PolicyKnowledge {
  readonly policies: Iterable<NetworkPolicy>
  /** @returns the labels of a namespace; undefined when it is not known */
  readonly labelsOfNamespace: (name: string) => Labels
}

export interface DirectionVerdict {
  readonly direction: Direction
  readonly allowed: boolean
  /** A sentence. */
  readonly reason: string
  /** `namespace/name` of each policy that had a say. */
  readonly policies: readonly string[]
}

export interface ConnectionVerdict {
  readonly allowed: boolean
  /** Egress of the client first, then ingress of the server. */
  readonly steps: readonly DirectionVerdict[]
}

export function explainConnection(connection: Connection, knowledge: PolicyKnowledge): ConnectionVerdict {
  const steps = [judge('Egress', connection, knowledge), judge('Ingress', connection, knowledge)]
  return { allowed: steps.every(({ allowed }) => allowed), steps }
}

function judge(direction: Direction, connection: Connection, knowledge: PolicyKnowledge): DirectionVerdict {
  const [own, other] = direction === 'Egress' ? [connection.from, connection.to] : [connection.to, connection.from]
  const verdict = (allowed: boolean, reason: string, policies: readonly NetworkPolicy[] = []): DirectionVerdict => ({
    direction,
    allowed,
    reason,
    policies: policies.map(keyOf),
  })
  const { pod } = own
  if (!pod) return verdict(true, `${own.ip} is not a pod: policies do not limit it.`)
  const name = `${pod.namespace}/${pod.name}`
  if (pod.hostNetwork) return verdict(true, `${name} uses the network of its node: policies do not limit it.`)
  if (other.pod?.uid === pod.uid) return verdict(true, `${name} always reaches itself.`)
  const isNode = !other.pod || other.pod.hostNetwork
  if (isNode && other.nodeName !== undefined && other.nodeName === pod.nodeName)
    return verdict(true, `${other.ip} is the node that ${name} runs on: its traffic is always allowed.`)

  const namespaceLabels = knowledge.labelsOfNamespace(pod.namespace)
  const policies = [...knowledge.policies].filter(
    policy => directionsOf(policy).includes(direction) && selects(subjectsOf(policy), pod, namespaceLabels),
  )
  if (policies.length === 0)
    return verdict(true, `No policy selects ${name} for ${direction.toLowerCase()}: everything is allowed.`)

  const near: string[] = []
  for (const policy of policies)
    for (const rule of rulesOf(policy, direction)) {
      const hasPeer = peerAllowed(rule, other, knowledge)
      const hasPort = portAllowed(rule, connection)
      if (hasPeer && hasPort) return verdict(true, `${keyOf(policy)} allows it: ${rule.path}.`, [policy])
      if (hasPeer) near.push(`${keyOf(policy)} ${rule.path} allows ${nameOf(other)}, but only ${showPorts(rule)}`)
      if (hasPort && !hasPeer) near.push(`${keyOf(policy)} ${rule.path} allows the port, but not ${nameOf(other)}`)
    }
  const which = policies.map(keyOf).join(', ')
  const reason = `${which} ${policies.length > 1 ? 'select' : 'selects'} ${name} for ${direction.toLowerCase()}, and no rule allows ${direction === 'Egress' ? 'connections to' : 'connections from'} ${nameOf(other)} on ${connection.protocol} ${connection.port}.`
  return verdict(false, [reason, ...near.map(text => `${text}.`)].join(' '), policies)
}

function peerAllowed({ peers }: PolicyRule, { ip, pod }: ConnectionEnd, knowledge: PolicyKnowledge): boolean {
  if (!peers) return true
  return peers.some(peer => {
    if ('block' in peer) return peer.block !== undefined && blockContains(peer.block, ip)
    return pod !== undefined && selects(peer.selection, pod, knowledge.labelsOfNamespace(pod.namespace))
  })
}

const portAllowed = ({ ports }: PolicyRule, connection: Connection): boolean =>
  !ports || ports.some(port => portMatches(port, connection, connection.to.pod))

const keyOf = ({ metadata }: NetworkPolicy): string => `${metadata.namespace}/${metadata.name}`

const nameOf = ({ ip, pod }: ConnectionEnd): string => (pod ? `${pod.namespace}/${pod.name}` : ip)

const showPorts = ({ ports = [] }: PolicyRule): string => ports.map(showPort).join(', ')

function showPort({ protocol, port, endPort }: PolicyPort): string {
  if (port === undefined) return protocol
  return `${protocol} ${port}${endPort === undefined ? '' : `–${endPort}`}`
}
