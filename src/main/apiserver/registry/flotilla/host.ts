// Hosts: machines that are reached over SSH and become nodes.
import { Host } from '../../../../shared/api/flotilla/v1.ts'
import { type FieldError, forbiddenField, invalidValue, required } from '../../../../shared/machinery/field-error.ts'
import { dns1123Label, qualifiedName } from '../../../../shared/machinery/names.ts'
import { NONE, ageColumn, nameColumn, text, wide } from '../columns/common.ts'
import { defineResource } from '../resource.ts'
import { list } from '../support/collections.ts'
import { ensureStructs, specAndStatus, statusStrategy } from '../support/strategy.ts'

/** The grammar proper is the SSH client's; here only what must never be stored. */
const ADDRESS = /^[A-Za-z0-9_.@:[\]$-]{1,400}$/

function validateHost({ spec }: Host): FieldError[] {
  const errors: FieldError[] = []
  if (!spec.address) errors.push(required('spec.address'))
  else if (!ADDRESS.test(spec.address) || spec.address.startsWith('-'))
    errors.push(
      invalidValue('spec.address', spec.address, 'must be user@host[:port] or a name of the SSH configuration'),
    )
  if (spec.nodeName !== undefined)
    for (const why of dns1123Label(spec.nodeName)) errors.push(invalidValue('spec.nodeName', spec.nodeName, why))
  for (const [i, role] of list(spec.roles).entries())
    for (const why of dns1123Label(role)) errors.push(invalidValue(`spec.roles[${i}]`, role, why))
  for (const key of Object.keys(spec.labels ?? {}))
    for (const why of qualifiedName(key)) errors.push(invalidValue('spec.labels', key, why))
  return errors
}

export const hosts = defineResource<Host>({
  type: Host,
  setDefaults: host => ensureStructs(host, 'spec', 'status'),
  ...specAndStatus(),
  status: statusStrategy<Host>(),
  validate: validateHost,
  validateUpdate: (host, old) =>
    host.spec.address === old.spec.address ? [] : [forbiddenField('spec.address', 'field is immutable')],
  columns: [
    nameColumn,
    text('Address', 'Where it is and who logs in.', host => host.spec.address),
    text('Phase', 'Where it stands.', host => host.status.phase ?? 'Pending'),
    text('Node', 'The Node that it became.', host => host.status.nodeName ?? NONE),
    wide(text('OS', 'Its operating system.', host => host.status.facts?.osImage ?? NONE)),
    wide(text('Docker', 'Its container engine.', host => host.status.facts?.dockerVersion ?? NONE)),
    ageColumn,
  ],
})
