// What a claim asks for, in one shape: a request is a list of alternatives, of which the first that can be had is taken.
import type {
  DeviceClass,
  DeviceSelector,
  DeviceSubRequest,
  DeviceToleration,
  ExactDeviceRequest,
  ResourceClaim,
} from '../../../../shared/api/resource/v1.ts'

export interface Alternative {
  /** As results name it: `gpu`, or `gpu/large` for one of several. */
  readonly name: string
  /** Of the request that it is an alternative of. */
  readonly request: string
  readonly deviceClass: DeviceClass
  readonly selectors: readonly DeviceSelector[]
  /** Every device that the selectors take, rather than `count` of them. */
  readonly all: boolean
  readonly count: number
  /** Devices in use are given as well, and stay with whoever has them. */
  readonly adminAccess: boolean
  readonly tolerations: readonly DeviceToleration[]
  /** The least that a device must have of these. */
  readonly capacity: Readonly<Record<string, string | number>>
}

export interface WantedClaim {
  readonly claim: ResourceClaim
  /** A request each. */
  readonly requests: readonly (readonly Alternative[])[]
}

export type FindClass = (name: string) => DeviceClass | undefined

/** @returns the claim's requests with their classes, or why they cannot be met anywhere */
export function readClaim(claim: ResourceClaim, findClass: FindClass): WantedClaim | { readonly problem: string } {
  const requests: Alternative[][] = []
  for (const { name, exactly, firstAvailable = [] } of claim.spec.devices?.requests ?? []) {
    const given: readonly (readonly [string, ExactDeviceRequest | DeviceSubRequest])[] = exactly
      ? [[name, exactly]]
      : firstAvailable.map(sub => [`${name}/${sub.name}`, sub] as const)
    const alternatives: Alternative[] = []
    for (const [full, wanted] of given) {
      const { deviceClassName, selectors = [], allocationMode, count = 1, tolerations = [], capacity } = wanted
      const deviceClass = findClass(deviceClassName)
      if (!deviceClass) return { problem: `request ${full}: device class ${deviceClassName} does not exist` }
      alternatives.push({
        name: full,
        request: name,
        deviceClass,
        selectors,
        count,
        tolerations,
        all: allocationMode === 'All',
        adminAccess: wanted === exactly && exactly.adminAccess === true,
        capacity: capacity?.requests ?? {},
      })
    }
    requests.push(alternatives)
  }
  return { claim, requests }
}
