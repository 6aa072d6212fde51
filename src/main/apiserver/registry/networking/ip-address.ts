// IPAddresses: which object an address was given to.
import { IPAddress } from '../../../../shared/api/networking/v1.ts'
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

export const ipAddresses = defineResource<IPAddress>({
  type: IPAddress,
  shortNames: ['ip'],
  setDefaults: address => ensureStructs(address, 'spec'),
  validate: validateIPAddress,
  validateUpdate: validateIPAddressUpdate,
  columns: [nameColumn, text('ParentRef', 'Object that has the address.', parent), ageColumn],
})
