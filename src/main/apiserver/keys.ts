// Where objects live in the store: `/registry/<group>/<resource>/[namespace/]name`.
import type { AnyObject } from '../../shared/machinery/object.ts'
import type { Stored } from '../store/contract.ts'
import type { ResourceDescriptor } from './registry/resource.ts'

/** @param namespace '' = the whole kind */
export const prefixOf = (resource: ResourceDescriptor, namespace = ''): string =>
  namespace === '' ? `/registry/${resource.storage}/` : `/registry/${resource.storage}/${namespace}/`

export const keyOf = (resource: ResourceDescriptor, namespace: string, name: string): string =>
  resource.type.namespaced ? `${prefixOf(resource, namespace)}${name}` : `${prefixOf(resource)}${name}`

const views = new WeakMap<ResourceDescriptor, WeakMap<Stored, AnyObject>>()

/** @returns the stored object in the descriptor's version; the same object for every caller. */
export function viewOf(resource: ResourceDescriptor, stored: Stored): AnyObject {
  if (!resource.fromStorage) return stored.object
  let converted = views.get(resource)
  if (!converted) views.set(resource, (converted = new WeakMap()))
  let object = converted.get(stored)
  if (!object) converted.set(stored, (object = resource.fromStorage(stored.object)))
  return object
}
