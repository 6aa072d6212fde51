// Defaults of resource claims and of their templates.
import type { DeviceSubRequest, ExactDeviceRequest, ResourceClaimSpec } from '../../../../shared/api/resource/v1.ts'
import { list } from '../support/collections.ts'

function setRequestDefaults(request: ExactDeviceRequest | DeviceSubRequest): void {
  request.allocationMode ||= 'ExactCount'
  if (request.allocationMode === 'ExactCount') request.count ||= 1
  for (const toleration of list(request.tolerations)) toleration.operator ||= 'Equal'
}

export function setClaimSpecDefaults(spec: ResourceClaimSpec | undefined): void {
  for (const request of list(spec?.devices?.requests)) {
    if (request.exactly) setRequestDefaults(request.exactly)
    list(request.firstAvailable).forEach(setRequestDefaults)
  }
}
