// An object in another version of its kind: what `matchPolicy: Equivalent` shows to a rule for that version.
import type { AnyObject } from '../../../../shared/machinery/object.ts'
import { apiVersionOf } from '../../../../shared/machinery/resource-type.ts'
import type { ResourceDescriptor } from '../../registry/resource.ts'
import type { AdmissionRequest } from '../contract.ts'

/**
 * @returns the same object where there is nothing to convert
 * @throws ApiError 500 when a webhook fails to convert it
 */
export async function convertVersion(
  object: AnyObject,
  from: ResourceDescriptor,
  to: ResourceDescriptor,
): Promise<AnyObject> {
  if (from === to) return object
  const stored = to.conversion
    ? (await to.conversion.convert([object], apiVersionOf(to.type)))[0]
    : from.toStorage?.(object)
  const converted = stored ?? object
  return to.fromStorage ? to.fromStorage(converted) : converted
}

export interface Views {
  readonly object: AnyObject | undefined
  readonly oldObject: AnyObject | undefined
}

/**
 * The objects of a request in the versions that are asked for, each converted once: for as long as nobody changes them.
 * @returns a function that throws ApiError 500 when a webhook fails to convert
 */
export function viewsOf({
  object,
  oldObject,
  resource,
  kind,
}: AdmissionRequest): (shown: ResourceDescriptor) => Promise<Views> {
  // A kind of its own is the same under every version of the resource.
  if (kind) return () => Promise.resolve({ object, oldObject })
  const known = new Map<ResourceDescriptor, Promise<Views>>()
  const make = async (shown: ResourceDescriptor): Promise<Views> => ({
    object: object && (await convertVersion(object, resource, shown)),
    oldObject: oldObject && (await convertVersion(oldObject, resource, shown)),
  })
  return shown => {
    let views = known.get(shown)
    if (!views) known.set(shown, (views = make(shown)))
    return views
  }
}
