// What may become of a claim: an allocation is made and taken back as a whole, and only what is allocated is reserved.
import type { AllocationResult, ResourceClaim } from '../../../../shared/api/resource/v1.ts'
import { type FieldError, forbiddenField } from '../../../../shared/machinery/field-error.ts'
import { dns1123Label } from '../../../../shared/machinery/names.ts'
import { MOST_CONSUMERS, MOST_DEVICES } from '../../../../shared/machinery/resource-claims.ts'
import { validateNodeSelector } from '../core/pod/validate-affinity.ts'
import { list } from '../support/collections.ts'
import { atMost, each, immutable, obey, oneOf, requiredText, uniqueBy } from '../support/rules.ts'
import { validateDeviceStatuses } from './validate-device-status.ts'
import { MOST_CONFIGS, driverName, refersTo, requestNames, validateConfig } from './validate-requests.ts'

function allocationErrors(path: string, allocation: AllocationResult, names: ReadonlySet<string>): FieldError[] {
  const { results, config } = allocation.devices ?? {}
  const at = `${path}.devices`
  return [
    ...atMost(`${at}.results`, results, MOST_DEVICES),
    ...each(`${at}.results`, results, (p, { request, driver, pool, device }) => [
      ...refersTo(names, `${p}.request`, request),
      ...driverName(`${p}.driver`, driver),
      ...requiredText(`${p}.pool`, pool),
      ...obey(`${p}.device`, device ?? '', dns1123Label),
    ]),
    // Those of the class and those of the claim.
    ...validateConfig(`${at}.config`, config, 2 * MOST_CONFIGS),
    ...each(`${at}.config`, config, (p, { source }) => oneOf(`${p}.source`, source, ['FromClaim', 'FromClass'])),
    ...validateNodeSelector(`${path}.nodeSelector`, allocation.nodeSelector),
  ]
}

export function validateClaimStatus(claim: ResourceClaim, old: ResourceClaim): FieldError[] {
  const { allocation, reservedFor } = claim.status
  const path = 'status.reservedFor'
  const errors = [
    ...atMost(path, reservedFor, MOST_CONSUMERS),
    ...each(path, reservedFor, (at, { resource, name, uid }) => [
      ...requiredText(`${at}.resource`, resource),
      ...requiredText(`${at}.name`, name),
      ...requiredText(`${at}.uid`, uid),
    ]),
    ...uniqueBy(path, reservedFor, ({ uid }) => uid),
    ...validateDeviceStatuses('status.devices', claim.status),
  ]
  const before = new Set(list(old.status.reservedFor).map(({ uid }) => uid))
  if (list(reservedFor).length > 0 && !allocation)
    errors.push(forbiddenField(path, 'may not be specified when `allocated` is not set'))
  else if (claim.metadata.deletionTimestamp && list(reservedFor).some(({ uid }) => !before.has(uid)))
    errors.push(
      forbiddenField(path, 'new entries may not be added while `deallocationRequested` or `deletionTimestamp` are set'),
    )
  if (!allocation) return errors
  return [
    ...errors,
    ...(old.status.allocation
      ? immutable('status.allocation', allocation, old.status.allocation)
      : allocationErrors('status.allocation', allocation, requestNames(claim.spec.devices))),
  ]
}
