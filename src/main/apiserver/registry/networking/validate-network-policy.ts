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

function blockErrors(path: string, block: IPBlock): FieldError[] {
  if (!block.cidr) return [required(`${path}.cidr`)]
  const outer = parseRange(block.cidr)
  if (!outer) return cidr(`${path}.cidr`, block.cidr)
  return each(`${path}.except`, block.except, (at, except) => {
    const inner = parseRange(except)
    if (!inner) return cidr(at, except)
    return isStrictPart(inner, outer) ? [] : [invalidValue(at, except, 'must be a strict subset of `cidr`')]
  })
}

function peerErrors(path: string, { podSelector, namespaceSelector, ipBlock }: NetworkPolicyPeer): FieldError[] {
  const errors = [
    ...validateLabelSelector(`${path}.podSelector`, podSelector),
    ...validateLabelSelector(`${path}.namespaceSelector`, namespaceSelector),
    ...(ipBlock ? blockErrors(`${path}.ipBlock`, ipBlock) : []),
  ]
  if (!podSelector && !namespaceSelector && !ipBlock) errors.push(required(path, 'must specify a peer'))
  else if (ipBlock && (podSelector || namespaceSelector))
    errors.push(forbiddenField(path, 'may not specify both ipBlock and another peer'))
  return errors
}

export function validateNetworkPolicy({ spec }: NetworkPolicy): FieldError[] {
  const errors = [
    ...validateLabelSelector('spec.podSelector', spec.podSelector),
    ...each('spec.ingress', spec.ingress, (at, rule) => [
      ...each(`${at}.ports`, rule.ports, portErrors),
      ...each(`${at}.from`, rule.from, peerErrors),
    ]),
    ...each('spec.egress', spec.egress, (at, rule) => [
      ...each(`${at}.ports`, rule.ports, portErrors),
      ...each(`${at}.to`, rule.to, peerErrors),
    ]),
  ]
  if (list(spec.policyTypes).length > 2)
    return [...errors, invalidValue('spec.policyTypes', spec.policyTypes, 'may not specify more than two policyTypes')]
  return [
    ...errors,
    ...each('spec.policyTypes', spec.policyTypes, (at, type) => optionalOneOf(at, type, ['Ingress', 'Egress'])),
  ]
}
