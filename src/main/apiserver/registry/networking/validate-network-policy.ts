// What a NetworkPolicy must look like.
import type {
  IPBlock,
  NetworkPolicy,
  NetworkPolicyPeer,
  NetworkPolicyPort,
} from '../../../../shared/api/networking/v1.ts'
import { type CidrRange, parseRange } from '../../../../shared/machinery/cidr.ts'
import { type FieldError, forbiddenField, invalidValue, required } from '../../../../shared/machinery/field-error.ts'
import { portName, portNumber } from '../../../../shared/machinery/names.ts'
import { list } from '../support/collections.ts'
import { cidr, each, obey, optionalOneOf, validateLabelSelector } from '../support/rules.ts'

function portErrors(path: string, { protocol, port, endPort }: NetworkPolicyPort): FieldError[] {
  const errors = optionalOneOf(`${path}.protocol`, protocol, ['TCP', 'UDP', 'SCTP'])
  if (typeof port === 'number') {
    errors.push(...obey(`${path}.port`, port, portNumber))
    if (endPort !== undefined) {
      if (endPort < port) errors.push(invalidValue(`${path}.endPort`, port, 'must be greater than or equal to `port`'))
      errors.push(...obey(`${path}.endPort`, endPort, portNumber))
    }
    return errors
  }
  if (endPort !== undefined)
    errors.push(
      invalidValue(
        `${path}.endPort`,
        endPort,
        port === undefined
          ? 'may not be specified when `port` is not specified'
          : 'may not be specified when `port` is non-numeric',
      ),
    )
  if (port !== undefined) errors.push(...obey(`${path}.port`, port, portName))
  return errors
}

/** Whether the inner range is a strict part of the outer one. */
function isStrictPart(inner: CidrRange, outer: CidrRange): boolean {
  return (
    inner.family === outer.family && inner.bits > outer.bits && inner.first >= outer.first && inner.last <= outer.last
  )
}

/** Ranges that the policy had already, wherever: rules come and go, so that no one of them can be told from another. */
const rangesOf = ({ spec }: NetworkPolicy): string[] =>
  [...list(spec.ingress).flatMap(({ from }) => list(from)), ...list(spec.egress).flatMap(({ to }) => list(to))].flatMap(
    ({ ipBlock }) => (ipBlock ? [ipBlock.cidr, ...list(ipBlock.except)] : []),
  )

function blockErrors(path: string, block: IPBlock, known: ReadonlySet<string>): FieldError[] {
  if (!block.cidr) return [required(`${path}.cidr`)]
  const check = (at: string, range: string) => (known.has(range) ? [] : cidr(at, range))
  const errors = check(`${path}.cidr`, block.cidr)
  const outer = parseRange(block.cidr)
  if (!outer) return errors
  return [
    ...errors,
    ...each(`${path}.except`, block.except, (at, except) => {
      const inner = parseRange(except)
      if (!inner || isStrictPart(inner, outer)) return check(at, except)
      return [...check(at, except), invalidValue(at, except, 'must be a strict subset of `cidr`')]
    }),
  ]
}

function peerErrors(path: string, peer: NetworkPolicyPeer, known: ReadonlySet<string>): FieldError[] {
  const { podSelector, namespaceSelector, ipBlock } = peer
  const errors = [
    ...validateLabelSelector(`${path}.podSelector`, podSelector),
    ...validateLabelSelector(`${path}.namespaceSelector`, namespaceSelector),
    ...(ipBlock ? blockErrors(`${path}.ipBlock`, ipBlock, known) : []),
  ]
  if (!podSelector && !namespaceSelector && !ipBlock) errors.push(required(path, 'must specify a peer'))
  else if (ipBlock && (podSelector || namespaceSelector))
    errors.push(forbiddenField(path, 'may not specify both ipBlock and another peer'))
  return errors
}

export function validateNetworkPolicy({ spec }: NetworkPolicy, old?: NetworkPolicy): FieldError[] {
  const known = new Set(old && rangesOf(old))
  const peer = (at: string, one: NetworkPolicyPeer) => peerErrors(at, one, known)
  const errors = [
    ...validateLabelSelector('spec.podSelector', spec.podSelector),
    ...each('spec.ingress', spec.ingress, (at, rule) => [
      ...each(`${at}.ports`, rule.ports, portErrors),
      ...each(`${at}.from`, rule.from, peer),
    ]),
    ...each('spec.egress', spec.egress, (at, rule) => [
      ...each(`${at}.ports`, rule.ports, portErrors),
      ...each(`${at}.to`, rule.to, peer),
    ]),
  ]
  if (list(spec.policyTypes).length > 2)
    return [...errors, invalidValue('spec.policyTypes', spec.policyTypes, 'may not specify more than two policyTypes')]
  return [
    ...errors,
    ...each('spec.policyTypes', spec.policyTypes, (at, type) => optionalOneOf(at, type, ['Ingress', 'Egress'])),
  ]
}
