// Where objects live in the store: `/registry/<group>/<resource>/[namespace/]name`.
import type { AnyObject } from '../../shared/machinery/object.ts'
import { apiVersionOf } from '../../shared/machinery/resource-type.ts'
import { equalInPieces } from '../pieces/large-json.ts'
import type { Pieces } from '../pieces/pacer.ts'
import type { Stored } from '../store/contract.ts'
import type { ResourceDescriptor } from './registry/resource.ts'

/** @param namespace '' = the whole kind */
export const prefixOf = (resource: ResourceDescriptor, namespace = ''): string =>
  namespace === '' ? `/registry/${resource.storage}/` : `/registry/${resource.storage}/${namespace}/`

export const keyOf = (resource: ResourceDescriptor, namespace: string, name: string): string =>
  resource.type.namespaced ? `${prefixOf(resource, namespace)}${name}` : `${prefixOf(resource)}${name}`

const views = new WeakMap<ResourceDescriptor, WeakMap<Stored, AnyObject>>()

/** How many objects a conversion is asked for at once. */
const BATCH = 500

/**
 * Converts what only a webhook can convert, so that `viewOf` finds it. Nothing is done for other kinds.
 * @throws ApiError 500 when the conversion fails
 */
export const prepareViews = (resource: ResourceDescriptor, stored: readonly Stored[]): Promise<void> | undefined =>
  resource.conversion &&
  resource.fromStorage &&
  convertViews(resource, resource.conversion, resource.fromStorage, stored)

async function convertViews(
  resource: ResourceDescriptor,
  conversion: NonNullable<ResourceDescriptor['conversion']>,
  fromStorage: NonNullable<ResourceDescriptor['fromStorage']>,
  stored: readonly Stored[],
): Promise<void> {
  const converted = viewsOf(resource)
  const version = apiVersionOf(resource.type)
  const waiting = stored.filter(item => item.object.apiVersion !== version && !converted.has(item))
  for (let start = 0; start < waiting.length; start += BATCH) {
    const batch = waiting.slice(start, start + BATCH)
    const objects = await conversion.convert(
      batch.map(({ object }) => conversion.settled(object)),
      version,
    )
    batch.forEach((item, i) => converted.set(item, fromStorage(objects[i] ?? item.object)))
  }
}

/** @returns the object as it is stored; a promise where a webhook is asked. @throws ApiError 500 when a webhook fails to convert it */
export function storedForm(resource: ResourceDescriptor, object: AnyObject): AnyObject | Promise<AnyObject> {
  const { conversion, toStorage } = resource
  if (!conversion) return toStorage ? toStorage(object) : object
  if (object.apiVersion === conversion.storageVersion) return object
  return conversion.convert([object], conversion.storageVersion).then(([converted]) => converted ?? object)
}

/** Whether who writes the same again stores something else: the version that stores is another one since, or the schema. */
export function* isStoredOtherwise(resource: ResourceDescriptor, stored: Stored): Pieces<boolean> {
  if (!resource.custom || !resource.toStorage) return false
  const view = viewOf(resource, stored)
  const { apiVersion } = view
  const now = resource.toStorage(view)
  if (now.apiVersion !== stored.object.apiVersion) return true
  // Only a webhook knows what another version comes to.
  if (resource.conversion && apiVersion !== now.apiVersion) return false
  return !(yield* equalInPieces(now, stored.object, { nullIsValue: true }))
}

/** @returns what was stored once, in the descriptor's version. @throws ApiError 500 when a webhook fails to convert it */
export async function servedForm(resource: ResourceDescriptor, stored: AnyObject): Promise<AnyObject> {
  const { conversion, fromStorage, type } = resource
  if (!fromStorage) return stored
  const version = apiVersionOf(type)
  const convert = conversion && stored.apiVersion !== version
  const [converted] = convert ? await conversion.convert([conversion.settled(stored)], version) : [stored]
  return fromStorage(converted ?? stored)
}

/** @returns what a dry run answers: the object as it would be read back, where something of it may change by that */
export async function asReadBack(resource: ResourceDescriptor, object: AnyObject): Promise<AnyObject> {
  return resource.fromStorage ? servedForm(resource, await storedForm(resource, object)) : object
}

function viewsOf(resource: ResourceDescriptor): WeakMap<Stored, AnyObject> {
  let converted = views.get(resource)
  if (!converted) views.set(resource, (converted = new WeakMap()))
  return converted
}

/**
 * @returns the stored object in the descriptor's version; the same object for every caller. What a webhook converts
 *   must have been prepared.
 */
export function viewOf(resource: ResourceDescriptor, stored: Stored): AnyObject {
  if (!resource.fromStorage) return stored.object
  const converted = viewsOf(resource)
  let object = converted.get(stored)
  if (!object) converted.set(stored, (object = resource.fromStorage(stored.object)))
  return object
}
