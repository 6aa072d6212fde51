// A request's body as an object of the expected kind, with the strictness that the client asked for.
import { invalidValue } from '../../../../shared/machinery/field-error.ts'
import { quote } from '../../../../shared/machinery/go-quote.ts'
import type { AnyObject } from '../../../../shared/machinery/object.ts'
import { apiVersionOf, type ResourceType } from '../../../../shared/machinery/resource-type.ts'
import { type ApiError, badRequest, invalid } from '../../../../shared/machinery/status.ts'
import { inTurns, pieceByPiece } from '../../../pieces/pacer.ts'
import { NumberOutOfRange, UnreadableBody } from '../../codec/decode-body.ts'
import { cannotUnmarshal } from '../../codec/go-json.ts'
import { JSON_TYPE, mediaTypeOf, PROTOBUF_TYPE, unsupportedMediaType, YAML_TYPE } from '../../codec/media-type.ts'
import { typedErrors } from '../../patch/apply/typed-errors.ts'
import type { CustomSchema } from '../../registry/resource.ts'
import type { ApiRequest } from '../../request.ts'
import { type Decoded, decodeObjectInPieces } from '../../schema/decode.ts'
import type { FieldFact } from '../../schema/facts.ts'
import {
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
} from './said-type.ts'
import { findingsOfObject } from './strict-findings.ts'
import { fieldValidationOf } from './write-options.ts'

type Kind = Pick<ResourceType<unknown>, 'group' | 'version' | 'kind'> & {
  /** Older apiVersions that say the same. */
  readonly also?: readonly string[] | undefined
}

const isMap = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const text = (value: unknown) => (typeof value === 'string' ? value : '')

/**
 * The body's own type must be the URL's; an absent one is taken from the URL, but of what is applied.
 * @returns what is wrong with another one, 400; a promise where the body is told
 */
function wrongKind(
  request: ApiRequest,
  value: Record<string, unknown>,
  kind: Kind,
): ApiError | Promise<ApiError> | undefined {
  const [given, told] = [text(value['kind']) || kind.kind, text(value['apiVersion'])]
  const said = readVersion(told)
  if (!said) return unrecognized(request, kind, malformedVersion(told))
  // A version that is left out is the kind's own, if the group is.
  const apiVersion = said.version === '' && said.group === kind.group ? '' : showVersion(said)
  const isOther = apiVersion !== '' && apiVersion !== apiVersionOf(kind) && !kind.also?.includes(apiVersion)
  const is = apiVersion === '' ? kind : said
  const refused = (why: string) =>
    badRequest(`${given} in version ${quote(is.version)} cannot be handled as a ${kind.kind}: ${why}`)
  if (given !== kind.kind)
    return refused(isRegistered(is, given) ? noConversion(is, given, kind) : notRegistered(is, given))
  if (apiVersion !== '' && said.version === '')
    return request.rawBody().then(bytes => refused(versionMissing(bytes.toString('utf8').slice(0, MOST_REPEATED))))
  if (!isOther) return undefined
  return !isRegistered(said, given) && !isOlder(said)
    ? refused(notRegistered(said, given))
    : versionMismatch(apiVersion, kind)
}

/** What is applied says all of it. @throws ApiError 400 */
function assertApplied(value: Record<string, unknown>, kind: Kind): void {
  const given = text(value['kind'])
  const said = readVersion(text(value['apiVersion']))
  const apiVersion = said && showVersion(said)
  if (given === kind.kind && (apiVersion === apiVersionOf(kind) || kind.also?.includes(apiVersion ?? ''))) return
  throw badRequest(`invalid object type: ${said ? `${said.group}/${said.version}, Kind=${given}` : '/, Kind='}`)
}

/**
 * What is applied is owned, so all of it must have a place, and `fieldValidation` makes no difference. Upstream says the
 * same with the code 500; it is the client's mistake.
 * @throws ApiError 400
 */
async function assertFits(value: Record<string, unknown>, kind: Kind, fact: FieldFact): Promise<void> {
  const errors = await inTurns(typedErrors(value, fact))
  if (errors.length === 0) return
  const { namespace, name } = isMap(value['metadata']) ? value['metadata'] : {}
  const { group, version } = kind
  const which = `${text(namespace)}/${text(name)}; ${group}/${version}, Kind=${kind.kind}`
  const all = errors.length === 1 ? errors.join('') : `errors:\n${errors.map(error => `  ${error}`).join('\n')}`
  throw badRequest(`failed to create typed patch object (${which}): ${all}`)
}

const versionMismatch = (given: string, kind: Kind) =>
  badRequest(`the API version in the data (${given}) does not match the expected API version (${apiVersionOf(kind)})`)

const MOST_REPEATED = 4_096

/** @param body as much of which is repeated as people read */
export const kindMissing = (body: string): string => `Object 'Kind' is missing in '${body.slice(0, MOST_REPEATED)}'`

/**
 * Of custom resources the body says what it is. Upstream reads them whatever they call themselves, and holds their kind
 * against them later.
 * @returns what is wrong with another kind
 * @throws ApiError 400
 */
async function assertCustomKind(
  request: ApiRequest,
  value: Record<string, unknown>,
  type: Kind,
): Promise<ApiError | undefined> {
  const { group, version, kind } = type
  const unreadable = unreadableType(value)
  if (unreadable !== undefined) throw await unrecognized(request, type, unreadable)
  const [given, told] = [text(value['kind']), text(value['apiVersion'])]
  if (given === '') throw await unrecognized(request, type, kindMissing((await request.rawBody()).toString('utf8')))
  if (value['apiVersion'] === null)
    throw badRequest(`${given} in version "" cannot be handled as a ${kind}: ${NULL_VERSION}`)
  const said = readVersion(told)
  if (!said) throw await unrecognized(request, type, malformedVersion(told))
  const apiVersion = showVersion(said)
  if (apiVersion === '' || apiVersion !== apiVersionOf({ group, version })) throw versionMismatch(apiVersion, type)
  if (given === kind) return undefined
  const name = isMap(value['metadata']) ? text(value['metadata']['name']) : ''
  return invalid({ group, kind: given }, name, [invalidValue('kind', given, `must be ${kind}`)])
}

const SHOWN_BYTES = 30

/** The start of a body that is no object of any kind: as it is where that may be JSON, else in hexadecimal digits. */
function startOf(bytes: Buffer): string {
  if (bytes.length === 0) return '<empty>'
  const start = bytes.subarray(0, SHOWN_BYTES).toString(bytes[0] === 0x7b ? 'utf8' : 'hex')
  return bytes.length > SHOWN_BYTES ? `${start} ...` : start
}

const unrecognized = async (request: ApiRequest, { kind }: Kind, message: string) =>
  badRequest(
    `the object provided is unrecognized (must be of type ${kind}): ${message} (${startOf(await request.rawBody())})`,
  )

const NO_OBJECT = 'struct { APIVersion string "json:\\"apiVersion,omitempty\\""; Kind string "json:\\"kind,omitempty\\"" }' // prettier-ignore

/** What is applied is read before it is known what it is of; nothing at all is a map without fields. */
async function readApplied(request: ApiRequest): Promise<Record<string, unknown>> {
  const value = await request.body().catch((error: unknown) => {
    throw error instanceof UnreadableBody ? badRequest(`error decoding YAML: ${error.message}`) : error
  })
  if (isMap(value)) return value
  if (value === undefined || value === null) return {}
  throw badRequest(`error decoding YAML: error unmarshaling JSON: while decoding JSON: ${cannotUnmarshal(value)}`)
}

async function readMap(request: ApiRequest, kind: Kind): Promise<Record<string, unknown>> {
  let value: unknown
  try {
    value = await request.body()
  } catch (error) {
    if (error instanceof NumberOutOfRange)
      throw badRequest(
        `${kind.kind} in version ${JSON.stringify(kind.version)} cannot be handled as a ${kind.kind}: ${error.message}`,
      )
    throw error instanceof UnreadableBody ? await unrecognized(request, kind, error.message) : error
  }
  if (isMap(value)) return value
  throw await unrecognized(
    request,
    kind,
    `couldn't get version/kind; json parse error: ${cannotUnmarshal(value, NO_OBJECT)}`,
  )
}

/**
 * @returns a copy that nobody else holds, without unknown fields, and the paths of those
 * @throws ApiError 400 with upstream's wording
 */
export async function decodeFields(
  request: ApiRequest,
  kind: Kind,
  schema: string | CustomSchema,
  wording?: 'apply',
): Promise<Pick<Decoded, 'object' | 'unknown' | 'keptGiven'> & { readonly otherKind?: ApiError | undefined }> {
  if (typeof schema !== 'string' && mediaTypeOf(request.headers['content-type']) === PROTOBUF_TYPE)
    throw unsupportedMediaType([JSON_TYPE, YAML_TYPE])
  const value = await (wording === 'apply' ? readApplied(request) : readMap(request, kind))
  let otherKind: ApiError | undefined
  if (wording === 'apply') {
    assertApplied(value, kind)
    await assertFits(value, kind, typeof schema === 'string' ? { t: 'ref', r: schema } : schema.fact)
  } else if (typeof schema === 'string') {
    const wrong = wrongKind(request, value, kind)
    if (wrong) throw await wrong
  } else otherKind = await assertCustomKind(request, value, kind)
  const pacer = pieceByPiece()
  const decoding = inTurns(
    typeof schema === 'string'
      ? decodeObjectInPieces(schema, value, wording, wording === 'apply' ? undefined : request.literals)
      : schema.decode(value, wording),
    pacer,
  )
  const { object, unknown, errors, keptGiven = false } = decoding instanceof Promise ? await decoding : decoding
  if (errors[0] !== undefined) throw badRequest(errors[0])
  // `/v1` is `v1`, and a version may have others that say the same.
  if (wording === 'apply' || (kind.also && object.apiVersion !== '')) object.apiVersion = apiVersionOf(kind)
  if (pacer.due) await pacer.pause()
  return { object, unknown, keptGiven, otherKind }
}

/**
 * @param schema such as `apps.v1.Deployment`
 * @param onOtherKind told what is wrong with a custom resource of another kind, where that is not thrown at once
 * @returns a copy that nobody else holds, without unknown fields
 * @throws ApiError 400 with upstream's wording; Warning headers for unknown fields unless Strict or Ignore
 */
export async function decodeRequest(
  request: ApiRequest,
  kind: Kind,
  schema: string | CustomSchema,
  optionsKind: string,
  onOtherKind = (error: ApiError): void => {
    throw error
  },
): Promise<AnyObject> {
  if (mediaTypeOf(request.headers['content-type']).includes('-patch+'))
    throw unsupportedMediaType([JSON_TYPE, YAML_TYPE, PROTOBUF_TYPE])
  const { object, unknown, otherKind } = await decodeFields(request, kind, schema)
  if (otherKind) onOtherKind(otherKind)
  const validation = fieldValidationOf(request.query, optionsKind)
  if (unknown.length === 0 && request.duplicateFields.length === 0) return object
  const { warnings, text: complaint } = await findingsOfObject(request, unknown, typeof schema !== 'string')
  if (warnings.length > 0 && validation === 'Strict')
    throw badRequest(
      `${kind.kind} in version ${JSON.stringify(kind.version)} cannot be handled as a ${kind.kind}: ` +
        `strict decoding error: ${complaint}`,
    )
  if (validation === 'Warn') for (const warning of warnings) request.warn(warning)
  return object
}
