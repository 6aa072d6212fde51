// What Endpoints must look like.
import type { EndpointAddress, EndpointPort, Endpoints } from '../../../../shared/api/core/v1.ts'
import { type FieldError, required } from '../../../../shared/machinery/field-error.ts'
import { dns1123Label, dns1123Subdomain, portNumber, qualifiedName } from '../../../../shared/machinery/names.ts'
import { list } from '../support/collections.ts'
import { each, ipAddress, obey, oneOf } from '../support/rules.ts'
import { endpointIP } from './endpoint-ip.ts'
import { PROTOCOLS } from './pod/validate-ports.ts'

function addressErrors(path: string, address: EndpointAddress): FieldError[] {
  const errors = ipAddress(`${path}.ip`, address.ip ?? '')
  if (address.hostname) errors.push(...obey(`${path}.hostname`, address.hostname, dns1123Label))
  if (address.nodeName !== undefined) errors.push(...obey(`${path}.nodeName`, address.nodeName, dns1123Subdomain))
  return [...errors, ...endpointIP(`${path}.ip`, address.ip ?? '')]
}

function portErrors(path: string, port: EndpointPort, needsName: boolean): FieldError[] {
  return [
    ...(port.name ? obey(`${path}.name`, port.name, dns1123Label) : needsName ? [required(`${path}.name`)] : []),
    ...obey(`${path}.port`, port.port ?? 0, portNumber),
    ...oneOf(`${path}.protocol`, port.protocol, PROTOCOLS),
    ...(port.appProtocol === undefined ? [] : obey(`${path}.appProtocol`, port.appProtocol, qualifiedName)),
  ]
}

export const validateEndpoints = ({ subsets }: Endpoints): FieldError[] =>
  each('subsets', subsets, (at, { addresses, notReadyAddresses, ports }) => [
    ...(list(addresses).length + list(notReadyAddresses).length === 0
      ? [required(at, 'must specify `addresses` or `notReadyAddresses`')]
      : []),
    ...each(`${at}.addresses`, addresses, addressErrors),
    ...each(`${at}.notReadyAddresses`, notReadyAddresses, addressErrors),
    ...each(`${at}.ports`, ports, (p, port) => portErrors(p, port, list(ports).length > 1)),
  ])
