// Leases.
import { Lease } from '../../../../shared/api/coordination/v1.ts'
import { ageColumn, nameColumn, text } from '../columns/common.ts'
import { defineResource } from '../resource.ts'
import { ensureStructs } from '../support/strategy.ts'
import { validateLease } from './validate-lease.ts'

export const leases = defineResource<Lease>({
  type: Lease,
  createdByUpdates: true,
  updatesNeedVersion: true,
  setDefaults: lease => {
    ensureStructs(lease, 'spec')
    // Nobody coordinates who leads.
    delete lease.spec.strategy
    delete lease.spec.preferredHolder
  },
  validate: validateLease,
  columns: [nameColumn, text('Holder', 'Who holds the lease.', lease => lease.spec.holderIdentity ?? ''), ageColumn],
})
