// What a Host must look like. What its Node gets of it obeys the rules of Nodes: they would be told too late there.
import type { HostSpec } from '../../../../shared/api/flotilla/v1.ts'
import { type FieldError, invalidValue, required } from '../../../../shared/machinery/field-error.ts'
import { dns1123Label } from '../../../../shared/machinery/names.ts'
import { taintErrors } from '../core/validate-node.ts'
import { each, obey, validateLabels } from '../support/rules.ts'

/** The grammar proper is the SSH client's; here only what must never be stored. */
const ADDRESS = /^[A-Za-z0-9_.@:[\]$-]{1,400}$/

function addressErrors(address: string | undefined): FieldError[] {
  if (!address) return [required('spec.address')]
  if (ADDRESS.test(address) && !address.startsWith('-')) return []
  return [invalidValue('spec.address', address, 'must be user@host[:port] or a name of the SSH configuration')]
}

export const hostErrors = ({ address, nodeName, roles, labels, taints }: HostSpec): FieldError[] => [
  ...addressErrors(address),
  ...(nodeName === undefined ? [] : obey('spec.nodeName', nodeName, dns1123Label)),
  ...each('spec.roles', roles, (at, role) => obey(at, role, dns1123Label)),
  ...validateLabels('spec.labels', labels),
  ...taintErrors('spec.taints', taints),
]
