// Applies a patch of any of the three merge kinds to an object.
import type { AnyObject } from '../../../shared/machinery/object.ts'
import { isObject } from '../../../shared/machinery/json-object.ts'
import { badRequest } from '../../../shared/machinery/status.ts'
import { cannotUnmarshal } from '../codec/go-json.ts'
import { mediaTypeOf, unsupportedMediaType } from '../codec/media-type.ts'
import { atOnce, type Pieces } from '../../pieces/pacer.ts'
import { jsonPatchInPieces } from './json-patch.ts'
import { applyMergePatch } from './merge-patch.ts'
import { strategicMergeInPieces } from './strategic/strategic-merge.ts'

export const JSON_PATCH = 'application/json-patch+json'
export const MERGE_PATCH = 'application/merge-patch+json'
export const STRATEGIC_MERGE_PATCH = 'application/strategic-merge-patch+json'
export const APPLY_PATCH = 'application/apply-patch+yaml'

const ACCEPTED = [JSON_PATCH, MERGE_PATCH, STRATEGIC_MERGE_PATCH, APPLY_PATCH]

export const isPatch = (contentType: string | undefined): boolean => ACCEPTED.includes(mediaTypeOf(contentType))

/**
 * @param contentType of the patch; server-side apply has its own entry, `serverSideApply`
 * @param current is not changed; the result shares with it what the patch leaves alone, and is to be decoded, which copies it
 * @returns the patched object, not yet decoded against the schema
 * @throws ApiError 400 for a malformed patch, 413, 415 for another content type, 422 for one that does not apply
 */
export const applyPatch = (
  contentType: string | undefined,
  schemaId: string,
  current: AnyObject,
  patch: unknown,
): AnyObject => atOnce(patchInPieces(contentType, schemaId, current, patch))

/** As applyPatch(). */
export function* patchInPieces(
  contentType: string | undefined,
  schemaId: string,
  current: AnyObject,
  patch: unknown,
): Pieces<AnyObject> {
  const patched = yield* patchedValue(mediaTypeOf(contentType), schemaId, current, patch)
  if (!isObject(patched)) throw badRequest('the patched object is not an object')
  return patched as AnyObject
}

function* patchedValue(mediaType: string, schemaId: string, current: AnyObject, patch: unknown): Pieces<unknown> {
  switch (mediaType) {
    case JSON_PATCH:
      return yield* jsonPatchInPieces(current, patch)
    case MERGE_PATCH:
      if (patch === null) throw badRequest('Invalid JSON Patch')
      if (!isObject(patch)) throw badRequest(`error decoding patch: ${cannotUnmarshal(patch)}`)
      return applyMergePatch(current, patch)
    case STRATEGIC_MERGE_PATCH:
      return yield* strategicMergeInPieces(schemaId, current, patch)
    default:
      throw unsupportedMediaType(ACCEPTED)
  }
}
