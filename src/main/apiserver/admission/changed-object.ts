// An object that somebody else changed during admission, back in the request.
import { deepEqual } from '../../../shared/machinery/deep-equal.ts'
import { setField } from '../../../shared/machinery/json-object.ts'
import type { AnyObject } from '../../../shared/machinery/object.ts'
import { internalError } from '../../../shared/machinery/status.ts'
import { dropEmptyMetadata } from '../endpoints/write/empty-metadata.ts'
import type { ResourceDescriptor } from '../registry/resource.ts'
import { inTurns } from '../../pieces/pacer.ts'
import { decodeObjectInPieces } from '../schema/decode.ts'
import type { AdmissionRequest } from './contract.ts'
import { convertVersion } from './matching/convert.ts'

/**
 * @param value JSON in the version that was shown
 * @returns the object in the request's own version, with its defaults
 * @throws ApiError 500 when it is no object of its kind any more, or cannot be converted
 */
export async function takeBack(
  value: unknown,
  shown: ResourceDescriptor,
  { resource, kind }: Pick<AdmissionRequest, 'resource' | 'kind'>,
): Promise<AnyObject> {
  const custom = kind ? undefined : shown.custom
  const { object, errors } = await inTurns(
    custom?.decode(value) ?? decodeObjectInPieces(kind?.schema ?? shown.schema, value),
  )
  if (errors[0] !== undefined) throw internalError(errors[0])
  if (kind) return object
  const back = await convertVersion(object, shown, resource)
  dropEmptyMetadata(back)
  resource.setDefaults?.(back)
  return back
}

/** The object of a request is changed in place: everybody who holds it sees the change. */
export function become(object: AnyObject, next: AnyObject): void {
  for (const key of Object.keys(object)) if (!Object.hasOwn(next, key)) delete object[key]
  for (const key of Object.keys(next)) setField(object, key, next[key])
}

/** @returns whether the object is as it was: in custom resources a null is a value. */
export const isUnchanged = ({ resource }: Pick<AdmissionRequest, 'resource'>, a: unknown, b: unknown): boolean =>
  deepEqual(a, b, { nullIsValue: resource.custom !== undefined })
