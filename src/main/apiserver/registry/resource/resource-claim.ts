// ResourceClaims.
import { ResourceClaim } from '../../../../shared/api/resource/v1.ts'
import { ageColumn, nameColumn, text } from '../columns/common.ts'
import { defineResource } from '../resource.ts'
import { list } from '../support/collections.ts'
import { immutable } from '../support/rules.ts'
import { ensureStructs, statusOnly, bareStatusStrategy } from '../support/strategy.ts'
import { setClaimSpecDefaults } from './claim-defaults.ts'
import { validateClaimStatus } from './validate-claim-status.ts'
import { identity } from './validate-device-status.ts'
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

/** A driver's word about a device goes with the device. */
function dropGivenBack(claim: ResourceClaim, old: ResourceClaim): void {
  const idsOf = ({ allocation }: ResourceClaim['status']) => new Set(list(allocation?.devices?.results).map(identity))
  const [now, before] = [idsOf(claim.status), idsOf(old.status)]
  const kept = list(claim.status.devices).filter(each => now.has(identity(each)) || !before.has(identity(each)))
  if (kept.length === 0) delete claim.status.devices
  else claim.status.devices = kept
}

const statusStrategy = bareStatusStrategy<ResourceClaim>(validateClaimStatus)

export const resourceClaims = defineResource<ResourceClaim>({
  type: ResourceClaim,
  setDefaults: claim => {
    ensureStructs(claim, 'spec', 'status')
    setClaimSpecDefaults(claim.spec)
  },
  ...statusOnly(),
  checkedWhenNew: true,
  validate: ({ spec }) => validateDeviceClaim('spec.devices', spec.devices),
  check: async ({ spec }, old) => (old ? [] : compileErrors(placesOfSelectors('spec.devices', spec.devices))),
  validateUpdate: ({ spec }, old) => immutable('spec', spec, old.spec),
  status: {
    ...statusStrategy,
    prepareForUpdate(claim, old) {
      statusStrategy.prepareForUpdate?.(claim, old)
      dropGivenBack(claim, old)
    },
  },
  columns: [nameColumn, text('State', 'State of the claim.', state), ageColumn],
})
