// An object that somebody else changed during admission, back in the request.
import { isObject, setField } from '../../../shared/machinery/json-object.ts'
import { encodeJson } from '../../../shared/machinery/json-text.ts'
import type { AnyObject } from '../../../shared/machinery/object.ts'
import { apiVersionOf } from '../../../shared/machinery/resource-type.ts'
import { internalError } from '../../../shared/machinery/status.ts'
import { dropEmptyMetadata } from '../endpoints/write/empty-metadata.ts'
import type { ResourceDescriptor } from '../registry/resource.ts'
import { equalInPieces } from '../../pieces/large-json.ts'
import { inTurns } from '../../pieces/pacer.ts'
import { decodeObjectInPieces } from '../schema/decode.ts'
import type { AdmissionRequest, ObjectKind } from './contract.ts'
import { convertVersion } from './matching/convert.ts'

/** @throws ApiError 500 when it is another kind's */
function assertSameKind(value: unknown, type: Pick<ObjectKind, 'group' | 'version' | 'kind'>): void {
  const { apiVersion, kind } = isObject(value) ? value : {}
  const shown = `${apiVersionOf(type)}, Kind=${type.kind}`
  if (apiVersion !== apiVersionOf(type) || kind !== type.kind)
    throw internalError(`admission made ${encodeJson(apiVersion ?? '')}, Kind=${encodeJson(kind ?? '')} of ${shown}`)
}

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
  assertSameKind(value, kind ?? shown.type)
  const custom = kind ? undefined : shown.custom
  const { object, errors } = await inTurns(
    custom?.decode(value) ?? decodeObjectInPieces(kind?.schema ?? shown.schema, value),
  )
  if (errors[0] !== undefined) throw internalError(errors[0])
  if (kind) return object
  ;(object as Partial<AnyObject>).metadata ??= {} as AnyObject['metadata']
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
export const isUnchanged = (
  { resource }: Pick<AdmissionRequest, 'resource'>,
  a: unknown,
  b: unknown,
): boolean | Promise<boolean> => inTurns(equalInPieces(a, b, { nullIsValue: resource.custom !== undefined }))
