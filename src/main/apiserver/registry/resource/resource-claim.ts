// ResourceClaims.
import { ResourceClaim } from '../../../../shared/api/resource/v1.ts'
import { ageColumn, nameColumn, text } from '../columns/common.ts'
import { defineResource } from '../resource.ts'
import { list } from '../support/collections.ts'
import { immutable } from '../support/rules.ts'
import { ensureStructs, statusOnly, bareStatusStrategy } from '../support/strategy.ts'
import { setClaimSpecDefaults } from './claim-defaults.ts'
import { validateClaimStatus } from './validate-claim-status.ts'
import { validateDeviceClaim } from './validate-requests.ts'
import { compileErrors, placesOfSelectors } from './validate-selectors.ts'

function state({ metadata, status }: ResourceClaim): string {
  const states: string[] = []
  if (metadata.deletionTimestamp) states.push('deleted')
  if (status.allocation) states.push('allocated')
  else if (!metadata.deletionTimestamp) states.push('pending')
  if (status.allocation && list(status.reservedFor).length > 0) states.push('reserved')
  return states.join(',')
}

export const resourceClaims = defineResource<ResourceClaim>({
  type: ResourceClaim,
  setDefaults: claim => {
    ensureStructs(claim, 'spec', 'status')
    setClaimSpecDefaults(claim.spec)
  },
  ...statusOnly(),
  validate: ({ spec }) => validateDeviceClaim('spec.devices', spec.devices),
  check: async ({ spec }, old) => (old ? [] : compileErrors(placesOfSelectors('spec.devices', spec.devices))),
  validateUpdate: ({ spec }, old) => immutable('spec', spec, old.spec),
  status: bareStatusStrategy<ResourceClaim>(validateClaimStatus),
  columns: [nameColumn, text('State', 'State of the claim.', state), ageColumn],
})
