// Access to devices that others use, for monitoring, is asked for only in namespaces that an administrator marked.
// @see https://kubernetes.io/docs/concepts/scheduling-eviction/dynamic-resource-allocation/#admin-access
import { type DeviceClaim, ResourceClaim, ResourceClaimTemplate } from '../../../shared/api/resource/v1.ts'
import { forbiddenField } from '../../../shared/machinery/field-error.ts'
import { invalid } from '../../../shared/machinery/status.ts'
import type { ObjectStore } from '../../store/contract.ts'
import type { AdmissionPlugin, AdmissionRequest } from './contract.ts'
import { isCreateOf } from './is-type.ts'
import { namespaceOf } from './matching/selectors.ts'

const LABEL = 'resource.kubernetes.io/admin-access'

function claimIn(request: AdmissionRequest): { path: string; devices: DeviceClaim | undefined } | undefined {
  if (isCreateOf(request, ResourceClaim))
    return { path: 'spec', devices: (request.object as unknown as ResourceClaim).spec.devices }
  if (isCreateOf(request, ResourceClaimTemplate))
    return { path: 'spec.spec', devices: (request.object as unknown as ResourceClaimTemplate).spec.spec.devices }
  return undefined
}

/** It has no name of its own upstream, where the two kinds check it when they are written. */
export function deviceAdminAccess(store: ObjectStore): AdmissionPlugin {
  return {
    name: 'DeviceAdminAccess',
    kinds: [ResourceClaim, ResourceClaimTemplate],
    validate(request) {
      const claim = claimIn(request)
      const index = claim?.devices?.requests?.findIndex(({ exactly }) => exactly?.adminAccess === true) ?? -1
      if (!claim || index < 0) return
      if (namespaceOf(request, store)?.metadata.labels?.[LABEL] === 'true') return
      const path = `${claim.path}.devices.requests[${index}].adminAccess`
      const why = `admin access to devices requires the \`${LABEL}: true\` label on the containing namespace`
      throw invalid(request.resource.type, request.name, [forbiddenField(path, why)])
    },
  }
}
