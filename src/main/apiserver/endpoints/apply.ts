// Server-side apply: a PATCH with a whole configuration, merged by who owns which field.
import { formatTime } from '../../../shared/machinery/clock.ts'
import type { AnyObject } from '../../../shared/machinery/object.ts'
import { badRequest, conflict, isAlreadyExists, notFound } from '../../../shared/machinery/status.ts'
import { assertAllowed } from '../chain/authorize.ts'
import { applyInPieces } from '../patch/apply/server-side-apply.ts'
import type { ApiRequest, ApiResponse } from '../request.ts'
import { inTurns } from '../../pieces/pacer.ts'
import { hasPlainStatus, type ResourceDescriptor } from '../registry/resource.ts'
import { answerOne } from './read/answer-one.ts'
import type { EndpointContext } from './contract.ts'
import type { EndpointParts } from './parts.ts'
import { boolParameter } from './read/list-options.ts'
import { decodeObjectInPieces } from '../schema/decode.ts'
import { assertSameName, nameless } from './update.ts'
import { decodeFields } from './write/decode-request.ts'
import { findingsOfApplied } from './write/strict-findings.ts'
import { fieldValidationOf, writeOptionsOf } from './write/write-options.ts'
import { OtherUid } from './write/other-uid.ts'

/**
 * What is not there yet has no version that matters, and cannot be the one with a uid.
 * @param isNamed whether the configuration says its name, and not only the URL
 */
function made({ type }: ResourceDescriptor, object: AnyObject, isNamed: boolean): AnyObject {
  const { uid, resourceVersion: _version, ...metadata } = object.metadata
  if (uid)
    throw conflict(
      type,
      metadata.name,
      `uid mismatch: the provided object specified uid ${uid}, and no existing object was found`,
    )
  if (!isNamed) throw nameless(metadata.name)
  return { ...object, metadata: metadata as AnyObject['metadata'] }
}

async function checkDuplicates(request: ApiRequest): Promise<void> {
  const validation = fieldValidationOf(request.query, 'PatchOptions')
  if (validation === 'Ignore') return
  const { warnings, text } = await findingsOfApplied(request)
  if (warnings.length > 0 && validation === 'Strict') throw badRequest(`error strict decoding YAML: ${text}`)
  for (const warning of warnings) request.warn(warning)
}

interface Applied {
  readonly merge: (current: AnyObject | undefined) => Promise<AnyObject>
  /** Whether the configuration says its name, and not only the URL. */
  readonly isNamed: boolean
}

/**
 * Reads what is applied. Whether it fits its URL, and says nothing twice, is told after what the fields of others say.
 * @throws ApiError 400, 422
 */
export async function appliedOf(
  request: ApiRequest,
  resource: ResourceDescriptor,
  { clock }: Pick<EndpointContext, 'clock'>,
): Promise<Applied> {
  const { info, query } = request
  const schema = resource.custom ?? resource.schema
  const { object: applied, keptGiven } = await decodeFields(request, resource.type, schema, 'apply')
  applied.metadata ??= {} as AnyObject['metadata']
  const isNamed = Boolean(applied.metadata.name)
  const isEmptied = !isNamed && Object.hasOwn(applied.metadata, 'name')
  applied.metadata.name ||= info.name
  let isChecked = false
  const check = async () => {
    if (isChecked) return
    await checkDuplicates(request)
    if (isEmptied) throw nameless(info.name)
    assertSameName(resource, applied, info)
    isChecked = true
  }
  const merge = async (current: AnyObject | undefined) => {
    const pieces = applyInPieces({
      current,
      applied,
      manager: query.get('fieldManager') ?? '',
      force: boolParameter(query, 'force') ?? false,
      subresource: info.subresource,
      plainStatus: hasPlainStatus(resource),
      keptMetadata: info.subresource === 'status' ? resource.status?.keptMetadata : undefined,
      time: formatTime(clock.now()),
      schemaId: resource.schema,
      fact: resource.custom?.fact,
    })
    const merged = await inTurns(pieces)
    await check()
    // Empty values are owned, but not stored, and amounts are stored in one way of the many to write them.
    if (!keptGiven || merged === current) return merged
    return (await inTurns(decodeObjectInPieces(resource.schema, merged))).object
  }
  return { merge, isNamed }
}

/** @see https://kubernetes.io/docs/reference/using-api/server-side-apply/ */
export async function apply(
  request: ApiRequest,
  resource: ResourceDescriptor,
  parts: EndpointParts,
): Promise<ApiResponse> {
  const { info } = request
  const representation = parts.represent(request, resource)
  const options = { ...writeOptionsOf(request, 'PatchOptions'), applied: true }
  if (info.subresource !== '' && !parts.find(resource, info)) throw notFound(resource.type, info.name)
  const { merge, isNamed } = await appliedOf(request, resource, parts)
  const other = new OtherUid()
  const mergeInto = async (current: AnyObject) => other.keep(await merge(current), current)
  for (;;) {
    if (parts.find(resource, info)) {
      const { object } = await parts.replace(resource, info, mergeInto, {
        ...options,
        subresource: info.subresource,
        strategy: info.subresource === 'status' ? 'status' : 'main',
        validate: () => other.errors(),
      })
      return answerOne(200, object, resource, representation, parts)
    }
    if (info.subresource !== '') throw notFound(resource.type, info.name)
    // A right to patch is none to create.
    assertAllowed({ ...info, verb: 'create', user: request.user }, attributes => parts.authorize(attributes))
    try {
      const created = await parts.create(
        resource,
        info.namespace,
        made(resource, await merge(undefined), isNamed),
        options,
      )
      return answerOne(201, created, resource, representation, parts)
    } catch (error) {
      // Somebody else made it in between: then it is merged into theirs.
      if (!isAlreadyExists(error)) throw error
    }
  }
}
