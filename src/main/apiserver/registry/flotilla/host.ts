// Hosts: machines that are reached over SSH and become nodes.
import { Host } from '../../../../shared/api/flotilla/v1.ts'
import { forbiddenField } from '../../../../shared/machinery/field-error.ts'
import { NONE, ageColumn, nameColumn, text, wide } from '../columns/common.ts'
import { defineResource } from '../resource.ts'
import { ensureStructs, specAndStatus, statusStrategy } from '../support/strategy.ts'
import { hostErrors } from './validate-host.ts'

export const hosts = defineResource<Host>({
  type: Host,
  setDefaults: host => ensureStructs(host, 'spec', 'status'),
  ...specAndStatus(),
  status: statusStrategy<Host>(),
  validate: ({ spec }) => hostErrors(spec),
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
