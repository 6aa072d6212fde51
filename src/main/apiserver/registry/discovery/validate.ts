// What an EndpointSlice must look like.
import type { Endpoint, EndpointPort, EndpointSlice } from '../../../../shared/api/discovery/v1.ts'
import {
  type FieldError,
  duplicate,
  invalidValue,
  required,
  tooMany,
} from '../../../../shared/machinery/field-error.ts'
import { canonicalIP, familyOf } from '../../../../shared/machinery/ip-address.ts'
import { dns1123Label, dns1123Subdomain, labelValue, qualifiedName } from '../../../../shared/machinery/names.ts'
import { endpointIP } from '../core/endpoint-ip.ts'
import { list } from '../support/collections.ts'
import { type Rule, each, immutable, ipAddress, obey, oneOf, optionalOneOf } from '../support/rules.ts'

const ADDRESS_TYPES = ['FQDN', 'IPv4', 'IPv6']
const MAX_ENDPOINTS = 1000
const MAX_ADDRESSES = 100
const MAX_PORTS = 20_000

/** @param all where the list is, which is named where the family is wrong */
function addressErrors(path: string, address: string, type: string, all: string): FieldError[] {
  if (type === 'FQDN') return obey(path, address, dns1123Subdomain)
  const wrong = ipAddress(path, address)
  if (wrong.length > 0) return wrong
  // Slices of IPv4 are older than the rule.
  if (type === 'IPv6' && canonicalIP(address) !== address)
    return [invalidValue(path, address, `must be in canonical form ("${canonicalIP(address)}")`)]
  const kind = familyOf(address) === type ? [] : [invalidValue(all, address, `must be an ${type} address`)]
  return [...kind, ...endpointIP(path, address)]
}

function endpointErrors(path: string, endpoint: Endpoint, type: string): FieldError[] {
  const addresses = list(endpoint.addresses)
  const errors: FieldError[] = []
  if (addresses.length === 0) errors.push(required(`${path}.addresses`, 'must contain at least 1 address'))
  else if (addresses.length > MAX_ADDRESSES) errors.push(tooMany(`${path}.addresses`, addresses.length, MAX_ADDRESSES))
  if (ADDRESS_TYPES.includes(type))
    errors.push(
      ...each(`${path}.addresses`, addresses, (at, address) => addressErrors(at, address, type, `${path}.addresses`)),
    )
  if (endpoint.nodeName !== undefined) errors.push(...obey(`${path}.nodeName`, endpoint.nodeName, dns1123Subdomain))
  if (endpoint.hostname !== undefined) errors.push(...obey(`${path}.hostname`, endpoint.hostname, dns1123Label))
  const hints = (field: 'forZones' | 'forNodes', rule: Rule<string>) =>
    each(`${path}.hints.${field}`, endpoint.hints?.[field], (at, { name = '' }) => obey(`${at}.name`, name, rule))
  const twice = (field: 'forZones' | 'forNodes') => {
    const names = list(endpoint.hints?.[field]).map(({ name }) => name)
    return names.flatMap((name, i) =>
      names.indexOf(name) < i ? [duplicate(`${path}.hints.${field}[${i}].name`, name)] : [],
    )
  }
  errors.push(...hints('forZones', labelValue), ...twice('forZones'))
  errors.push(...hints('forNodes', dns1123Subdomain), ...twice('forNodes'))
  return errors
}

function portErrors(path: string, port: EndpointPort, names: Set<string>): FieldError[] {
  const { name = '' } = port
  const errors = name ? obey(`${path}.name`, name, dns1123Label) : []
  if (names.has(name)) errors.push(duplicate(`${path}.name`, name))
  names.add(name)
  return [
    ...errors,
    ...optionalOneOf(`${path}.protocol`, port.protocol, ['SCTP', 'TCP', 'UDP']),
    ...(port.appProtocol === undefined ? [] : obey(`${path}.appProtocol`, port.appProtocol, qualifiedName)),
  ]
}

export function validateEndpointSlice({ addressType, endpoints, ports }: EndpointSlice): FieldError[] {
  const errors = oneOf('addressType', addressType, ADDRESS_TYPES)
  if (list(endpoints).length > MAX_ENDPOINTS)
    return [...errors, tooMany('endpoints', list(endpoints).length, MAX_ENDPOINTS)]
  if (list(ports).length > MAX_PORTS) return [...errors, tooMany('ports', list(ports).length, MAX_PORTS)]
  const names = new Set<string>()
  return [
    ...errors,
    ...each('endpoints', endpoints, (at, endpoint) => endpointErrors(at, endpoint, addressType)),
    ...each('ports', ports, (at, port) => portErrors(at, port, names)),
  ]
}

export const validateEndpointSliceUpdate = (slice: EndpointSlice, old: EndpointSlice): FieldError[] =>
  immutable('addressType', slice.addressType || '', old.addressType)
