// What a ResourceClaim takes of quotas of extended resources: devices count under the names by which pods may ask for them
// too, and those of a claim that was made for a pod only as far as the pod does not count for them itself.
import type { Pod } from '../api/core/v1.ts'
import type { DeviceClass, ResourceClaim } from '../api/resource/v1.ts'
import { CLASS_PREFIX, EXTENDED_CLAIM_ANNOTATION } from './extended-devices.ts'
import { controllerOf } from './owner.ts'
import { zero } from './quantity.ts'
import { podUsage } from './quota-pod-usage.ts'
import { OF_DEVICE_CLASS, type Usage, deviceUsage } from './quota-usage.ts'

/** What else is looked at. */
export interface DeviceSurroundings {
  /** @returns the class whose devices an extended resource is */
  classOf(resource: string): DeviceClass | undefined
  classNamed(name: string): DeviceClass | undefined
  podNamed(namespace: string, name: string): Pod | undefined
  /** Those that were made for the extended resources of a pod, see extendedClaimOwner(). */
  claimsMadeFor(namespace: string, podUid: string): readonly ResourceClaim[]
}

const REQUESTS = 'requests.'
const BY_CLASS = `.${OF_DEVICE_CLASS}`

/** Whether a quota's name is about an extended resource that is devices. */
export const isOfDevices = (name: string, around: DeviceSurroundings): boolean =>
  name.startsWith(REQUESTS) && around.classOf(name.slice(REQUESTS.length)) !== undefined

/** @returns the uid of the pod for whose extended resources the claim was made; '' for all other claims */
export function extendedClaimOwner({ metadata }: ResourceClaim): string {
  if (metadata.annotations?.[EXTENDED_CLAIM_ANNOTATION] !== 'true') return ''
  const owner = controllerOf({ metadata })
  return owner?.kind === 'Pod' && owner.apiVersion === 'v1' ? owner.uid : ''
}

/** Of two that were made for one pod, the pod counts for one. */
const isBefore = (a: ResourceClaim, b: ResourceClaim): boolean => {
  const later = Date.parse(a.metadata.creationTimestamp) - Date.parse(b.metadata.creationTimestamp)
  return later < 0 || (later === 0 && a.metadata.name < b.metadata.name)
}

function podOf(claim: ResourceClaim, around: DeviceSurroundings): Pod | undefined {
  const { namespace = '', name } = claim.metadata
  const uid = extendedClaimOwner(claim)
  const pod = uid === '' ? undefined : around.podNamed(namespace, controllerOf(claim)?.name ?? '')
  if (pod?.metadata.uid !== uid) return undefined
  const told = pod.status.extendedResourceClaimStatus
  if (told) return told.resourceClaimName === name ? pod : undefined
  return around.claimsMadeFor(namespace, uid).some(other => isBefore(other, claim)) ? undefined : pod
}

/** Devices by class and by the extended resources that they are. */
export function deviceClaimUsage(claim: ResourceClaim, nowMs: number, around: DeviceSurroundings): Usage {
  const usage = deviceUsage(claim)
  const pod = podOf(claim, around)
  const counted = pod ? podUsage(pod, nowMs) : new Map<string, never>()
  for (const [name, amount] of [...usage]) {
    if (!name.endsWith(BY_CLASS)) continue
    const className = name.slice(0, -BY_CLASS.length)
    const own = around.classNamed(className)?.spec.extendedResourceName
    for (const resource of [`${CLASS_PREFIX}${className}`, ...(own ? [own] : [])]) {
      const more = amount.sub(counted.get(`${REQUESTS}${resource}`) ?? zero)
      if (more.compare(zero) > 0) usage.set(`${REQUESTS}${resource}`, more)
    }
  }
  return usage
}
