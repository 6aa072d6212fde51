// PATCH of an object or of its status: JSON patch, merge patch, strategic merge patch; server-side apply is apply.ts.
import { invalidValue } from '../../../shared/machinery/field-error.ts'
import { isObject } from '../../../shared/machinery/json-object.ts'
import type { AnyObject } from '../../../shared/machinery/object.ts'
import { apiVersionOf } from '../../../shared/machinery/resource-type.ts'
import { type ApiError, badRequest, invalid } from '../../../shared/machinery/status.ts'
import { UnreadableBody } from '../codec/decode-body.ts'
import { mediaTypeOf, notOfPatches, unsupportedMediaType } from '../codec/media-type.ts'
import {
  APPLY_PATCH,
  patchInPieces,
  isPatch,
  JSON_PATCH,
  MERGE_PATCH,
  STRATEGIC_MERGE_PATCH,
} from '../patch/apply-patch.ts'
import { isDirective } from '../patch/strategic/directives.ts'
import type { ResourceDescriptor } from '../registry/resource.ts'
import { OtherUid } from './write/other-uid.ts'
import type { ApiRequest } from '../request.ts'
import { atOnce, inTurns, pieceByPiece } from '../../pieces/pacer.ts'
import { decodeObjectInPieces } from '../schema/decode.ts'
import { apply } from './apply.ts'
import { answerOne } from './read/answer-one.ts'
import type { Endpoint } from './parts.ts'
import { assertSameName, assertVersion } from './update.ts'
import { kindMissing } from './write/decode-request.ts'
import {
  inGoWords,
  isOlder,
  isRegistered,
  malformedVersion,
  noConversion,
  notRegistered,
  NULL_VERSION,
  readVersion,
  showVersion,
  unreadableType,
  versionMissing,
} from './write/said-type.ts'
import { findingsOfPatch } from './write/strict-findings.ts'
import { fieldValidationOf, writeOptionsOf } from './write/write-options.ts'
import { encodeJson } from '../../../shared/machinery/json-text.ts'

const CUSTOM_PATCHES = [JSON_PATCH, MERGE_PATCH, APPLY_PATCH]

/** Nothing says of a custom resource how its lists are merged, or what its fields' numbers are. @throws ApiError 415 */
export function refuseOtherPatches({ headers }: ApiRequest, { custom }: ResourceDescriptor): void {
  if (custom && !CUSTOM_PATCHES.includes(mediaTypeOf(headers['content-type'])))
    throw unsupportedMediaType(CUSTOM_PATCHES)
}

/** @returns gives the patch; where it cannot be read, that is told once it is known that there is something to patch */
export async function readPatch(request: ApiRequest): Promise<() => unknown> {
  try {
    const patch = await request.body()
    return () => patch
  } catch (error) {
    if (!(error instanceof UnreadableBody)) throw error
    return () => {
      throw error
    }
  }
}

type Literals = NonNullable<ApiRequest['literals']>

const LONGEST_POINTER = 4096

/** @returns what operations say, by the paths that it is put at */
function whereOperationsPut(operations: unknown, literals: Literals): Literals {
  const put = new Map<string, string>()
  for (const [path, literal] of literals) {
    const [, index = '', inner = ''] = /^\[(\d+)\]\.value(.*)$/.exec(path) ?? []
    const { path: pointer } = ((Array.isArray(operations) && operations[Number(index)]) ?? {}) as { path?: unknown }
    // No field that holds a number has a longer one.
    if (typeof pointer !== 'string' || pointer.length > LONGEST_POINTER) continue
    const steps = pointer
      .slice(1)
      .split('/')
      .map(step => step.replaceAll('~1', '/').replaceAll('~0', '~'))
    put.set(
      steps.reduce((to, step) => (/^\d+$/.test(step) ? `${to}[${step}]` : `${to ? `${to}.` : ''}${step}`), '') + inner,
      literal,
    )
  }
  return put
}

/** As whom the result of a patch is decoded: a merge patch says what it says where the result has it. */
function asPatched({ headers, literals }: ApiRequest, patch: unknown): ['map' | 'json', Literals?] {
  const type = mediaTypeOf(headers['content-type'])
  if (type === STRATEGIC_MERGE_PATCH) return ['map']
  if (!literals) return ['json']
  return ['json', type === JSON_PATCH ? whereOperationsPut(patch, literals) : literals]
}

/** @returns the patched object, decoded anew: a patch can break types and add fields that the kind does not have */
export async function patched(
  request: ApiRequest,
  resource: ResourceDescriptor,
  current: AnyObject,
  patch: unknown,
): Promise<AnyObject> {
  const strategic = mediaTypeOf(request.headers['content-type']) === STRATEGIC_MERGE_PATCH
  const apply = (to: AnyObject) => patchInPieces(request.headers['content-type'] ?? '', resource.schema, to, patch)
  // Who owns what is the largest part of many objects, and nobody changes it in place.
  const { managedFields, ...metadata } = current.metadata
  const isKept = managedFields !== undefined && leavesManagers(patch)
  const pacer = pieceByPiece()
  const patching = inTurns(apply(isKept ? { ...current, metadata } : current), pacer)
  const result = patching instanceof Promise ? await patching : patching
  if (pacer.due) await pacer.pause()
  const decoding = inTurns(
    resource.custom?.decode(result) ?? decodeObjectInPieces(resource.schema, result, ...asPatched(request, patch)),
    pacer,
  )
  const { object, unknown, errors } = decoding instanceof Promise ? await decoding : decoding
  const refuse = (why: string) =>
    invalid({ group: '', kind: '' }, '', [
      invalidValue('patch', strategic ? inGoWords(patch) : encodeJson(atOnce(apply(current))), why),
    ])
  if (errors[0] !== undefined) throw refuse(withoutKind(errors[0]))
  if (resource.custom) assertStillCustom(resource, result as Partial<AnyObject>, request.info.subresource, refuse)
  const isTypeless = !resource.custom && !strategic && isOfNoType(resource, object, refuse)
  if (pacer.due) await pacer.pause()
  const { warnings, text } = findingsOfPatch(
    request,
    patch,
    isTypeless ? fieldsOf(result) : unknown,
    resource.custom !== undefined,
  )
  const validation = fieldValidationOf(request.query, 'PatchOptions')
  if (warnings.length > 0 && validation === 'Strict') throw refuse(`strict decoding error: ${text}`)
  if (validation === 'Warn') for (const warning of warnings) request.warn(warning)
  if (isTypeless)
    throw badRequest(
      `the name of the object (${request.info.name} based on URL) was undeterminable: name must be provided`,
    )
  if (isKept) object.metadata.managedFields = managedFields
  return object
}

/** Of what was sent it is told first what it is to be; of what was patched that is known. */
const withoutKind = (problem: string): string =>
  problem.replace(/^\w+ in version "[^"]*" cannot be handled as a \w+: /, '')

/** Custom resources say themselves what they are, and may not be patched into something else. @throws ApiError 422 */
function assertStillCustom(
  { type }: ResourceDescriptor,
  result: Partial<AnyObject>,
  subresource: string,
  refuse: (why: string) => ApiError,
): void {
  const { kind, apiVersion: told, metadata } = result
  const unreadable = unreadableType(result as Record<string, unknown>)
  if (unreadable !== undefined) throw refuse(unreadable)
  if (!kind) throw refuse(kindMissing(encodeJson(result)))
  if (told === null) throw refuse(NULL_VERSION)
  const said = readVersion(told ?? '')
  if (!said) throw refuse(malformedVersion(told ?? ''))
  if (said.version === '') throw refuse(versionMissing('object has no apiVersion field'))
  const [apiVersion, expected] = [showVersion(said), apiVersionOf(type)]
  if (subresource !== '' || (kind === type.kind && apiVersion === expected)) return
  throw invalid({ group: said.group, kind }, metadata?.name ?? '', [
    ...(kind === type.kind ? [] : [invalidValue('kind', kind, `must be ${type.kind}`)]),
    ...(apiVersion === expected ? [] : [invalidValue('apiVersion', apiVersion, `must be ${expected}`)]),
  ])
}

/**
 * Nothing but JSON that is read anew says what it is.
 * @returns whether it says nothing any more: then none of its fields is one
 * @throws ApiError 422
 */
function isOfNoType(
  { type }: ResourceDescriptor,
  { kind, apiVersion }: Partial<AnyObject>,
  refuse: (why: string) => ApiError,
): boolean {
  const said = readVersion(apiVersion ?? '')
  if (!kind && said?.version !== '') return false
  if (!said) throw refuse(malformedVersion(apiVersion ?? ''))
  if (said.version === '' && (said.group === '' || said.group === type.group)) return true
  if (said.version === '') throw refuse(versionMissing(JSON.stringify({ apiVersion, kind })))
  if (!isRegistered(said, kind ?? '') && !isOlder(said)) throw refuse(notRegistered(said, kind ?? ''))
  if (kind !== type.kind) throw refuse(noConversion(said, kind ?? '', type))
  return false
}

const fieldsOf = (value: unknown): string[] =>
  isObject(value) ? Object.keys(value).filter(field => field !== 'apiVersion' && field !== 'kind') : []

/** Whether a merge patch, strategic or not, says nothing that could be about them. */
function leavesManagers(patch: unknown): boolean {
  if (!isObject(patch) || Object.keys(patch).some(isDirective)) return false
  if (!Object.hasOwn(patch, 'metadata')) return true
  const { metadata } = patch
  return isObject(metadata) && !Object.keys(metadata).some(key => key === 'managedFields' || isDirective(key))
}

export const patch: Endpoint = async (request, resource, parts) => {
  if (!resource.custom && !isPatch(request.headers['content-type'])) throw notOfPatches()
  refuseOtherPatches(request, resource)
  if (mediaTypeOf(request.headers['content-type']) === APPLY_PATCH) return apply(request, resource, parts)
  const { info } = request
  const representation = parts.represent(request, resource)
  const options = writeOptionsOf(request, 'PatchOptions')
  const read = await readPatch(request)
  const other = new OtherUid()
  const change = async (current: AnyObject) => {
    const object = await patched(request, resource, current, read())
    assertSameName(resource, object, info)
    assertVersion(resource, object)
    return other.keep(object, current)
  }
  const { object } = await parts.replace(resource, info, change, {
    ...options,
    subresource: info.subresource,
    strategy: info.subresource === 'status' ? 'status' : 'main',
    validate: () => other.errors(),
  })
  return answerOne(200, object, resource, representation, parts)
}
