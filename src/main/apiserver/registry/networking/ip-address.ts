// IPAddresses: which object an address was given to.
import { IPAddress } from '../../../../shared/api/networking/v1.ts'
import { formatIP, parseIP } from '../../../../shared/machinery/ip-address.ts'
import { NONE, nameColumn, text } from '../columns/common.ts'
import { defineResource } from '../resource.ts'
import { validateIPAddress, validateIPAddressUpdate } from './validate-service-cidr.ts'
import { ensureStructs } from '../support/strategy.ts'

function parent({ spec: { parentRef } }: IPAddress): string {
  if (!parentRef) return NONE
  const { group, resource, namespace, name } = parentRef
  const kind = (group ? `${resource}.${group}` : resource).toLowerCase()
  return [kind, ...(namespace ? [namespace] : []), name].join('/')
}

/** The address in its canonical form is the name. */
function addressName(name: string): string[] {
  const ip = parseIP(name)
  if (!ip) return ['must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)']
  const canonical = formatIP(ip)
  return name === canonical ? [] : [`must be in canonical form (${JSON.stringify(canonical)})`]
}

export const ipAddresses = defineResource<IPAddress>({
  type: IPAddress,
  validateName: addressName,
  shortNames: ['ip'],
  setDefaults: address => ensureStructs(address, 'spec'),
  validate: validateIPAddress,
  validateUpdate: validateIPAddressUpdate,
  columns: [nameColumn, text('ParentRef', 'Object that has the address.', parent)],
})
