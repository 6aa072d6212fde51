// Extended resources that are devices: containers ask for them by a name, and a DeviceClass says which devices they get.
// @see https://kubernetes.io/docs/concepts/scheduling-eviction/dynamic-resource-allocation/#extended-resource
import type { DeviceClass } from '../api/resource/v1.ts'
import type { Index, Lister } from '../client/lister.ts'
import { isNativeResource } from './resource-name.ts'

/** `true` on the claim that the scheduler makes for all extended resources of a pod. */
export const EXTENDED_CLAIM_ANNOTATION = 'resource.kubernetes.io/extended-resource-claim'

/** By what follows, every class is asked for without saying so itself. */
export const CLASS_PREFIX = 'deviceclass.resource.kubernetes.io/'

export const mayBeDevices = (resource: string): boolean =>
  !isNativeResource(resource) || resource.startsWith(CLASS_PREFIX)

const byResource: Index<DeviceClass> = {
  name: 'extendedResource',
  values: ({ metadata: { name }, spec: { extendedResourceName: own } }) => [
    `${CLASS_PREFIX}${name}`,
    ...(own ? [own] : []),
  ],
}

/** @returns the class whose devices are asked for by the resource: of several the newest, else the first by name */
export function classOfResource(classes: Lister<DeviceClass>, resource: string): DeviceClass | undefined {
  if (classes.size === 0 || !mayBeDevices(resource)) return undefined
  const made = ({ metadata }: DeviceClass) => Date.parse(metadata.creationTimestamp ?? '')
  return classes.by(byResource, resource).reduce<DeviceClass | undefined>((best, each) => {
    if (!best) return each
    const later = made(each) - made(best)
    return later > 0 || (later === 0 && each.metadata.name < best.metadata.name) ? each : best
  }, undefined)
}
