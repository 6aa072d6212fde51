// IPAddresses: which object an address was given to.
import { isIP } from 'node:net'
import { IPAddress } from '../../../../shared/api/networking/v1.ts'
import { canonicalIP } from '../../../../shared/machinery/ip-address.ts'
import { NONE, ageColumn, nameColumn, text } from '../columns/common.ts'
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
  if (isIP(name) === 0) return ['must be a valid IP address']
  const canonical = canonicalIP(name.replace(/%.*/, ''))
  return name === canonical ? [] : [`must be in canonical form (${JSON.stringify(canonical)})`]
}

export const ipAddresses = defineResource<IPAddress>({
  type: IPAddress,
  validateName: addressName,
  shortNames: ['ip'],
  setDefaults: address => ensureStructs(address, 'spec'),
  validate: validateIPAddress,
  validateUpdate: validateIPAddressUpdate,
  columns: [nameColumn, text('ParentRef', 'Object that has the address.', parent), ageColumn],
})
