// Content negotiation of answers: encoding (JSON, YAML, protobuf) and shape (whole, Table, PartialObjectMetadata).
import { ApiError } from '../../../shared/machinery/status.ts'

export type Encoding = 'json' | 'yaml' | 'protobuf'
export type Shape = 'whole' | 'table' | 'partial' | 'partialList'

/** Of Table and PartialObjectMetadata: the same but for their name. */
export type MetaVersion = 'v1' | 'v1beta1'

export interface Negotiated {
  readonly encoding: Encoding
  readonly shape: Shape
  readonly metaVersion: MetaVersion
}

interface MediaRange {
  readonly type: string
  readonly parameters: ReadonlyMap<string, string>
  readonly quality: number
}

const ENCODINGS: Readonly<Record<string, Encoding>> = {
  'application/json': 'json',
  'application/yaml': 'yaml',
  'application/vnd.kubernetes.protobuf': 'protobuf',
  'application/*': 'json',
  '*/*': 'json',
}

/** Clients send the same few headers over and over. */
const parsed = new Map<string, readonly MediaRange[]>()
const MOST_PARSED = 200
const LONGEST_PARSED = 500

export function parseAccept(accept: string): readonly MediaRange[] {
  const known = parsed.get(accept)
  if (known) return known
  const ranges = rangesOf(accept)
  if (parsed.size >= MOST_PARSED) parsed.clear()
  if (accept.length <= LONGEST_PARSED) parsed.set(accept, ranges)
  return ranges
}

function rangesOf(accept: string): MediaRange[] {
  const ranges = accept.split(',').map(text => {
    const [type = '', ...rest] = text.split(';').map(part => part.trim())
    const parameters = new Map<string, string>()
    for (const part of rest) {
      const at = part.indexOf('=')
      if (at > 0) parameters.set(part.slice(0, at).toLowerCase(), part.slice(at + 1).replace(/^"|"$/g, ''))
    }
    const quality = Number(parameters.get('q') || NaN)
    return { type: type.toLowerCase(), parameters, quality: Number.isFinite(quality) ? quality : 1 }
  })
  // Array.prototype.sort is stable: equal qualities keep the client's order.
  return ranges.filter(range => range.quality > 0).sort((a, b) => b.quality - a.quality)
}

const metaVersionOf = (parameters: ReadonlyMap<string, string>): MetaVersion =>
  parameters.get('v') === 'v1beta1' ? 'v1beta1' : 'v1'

function shapeOf(parameters: ReadonlyMap<string, string>): Shape | undefined {
  if (parameters.get('sv') || (parameters.get('stream') || 'watch') !== 'watch') return undefined
  const as = parameters.get('as')
  if (as === undefined) return parameters.has('g') || parameters.has('v') ? undefined : 'whole'
  if (parameters.get('g') !== 'meta.k8s.io' || parameters.get('v') !== metaVersionOf(parameters)) return undefined
  if (as === 'Table') return 'table'
  if (as === 'PartialObjectMetadata') return 'partial'
  if (as === 'PartialObjectMetadataList') return 'partialList'
  return undefined
}

export const notAcceptable = (supported: readonly string[] = SUPPORTED): ApiError =>
  new ApiError(406, 'NotAcceptable', `only the following media types are accepted: ${supported.join(', ')}`)

const SUPPORTED = ['application/json', 'application/yaml', 'application/vnd.kubernetes.protobuf']
const STREAMS = ['application/json;stream=watch', 'application/vnd.kubernetes.protobuf;stream=watch']

/**
 * Of built-in kinds a path says what it has before it looks at what else is asked of it.
 * @param collection whether the path can be watched
 * @throws ApiError 406 when no type of it is accepted
 */
export function requireOffered(accept: string | undefined, collection: boolean): void {
  if (accept === undefined || accept.trim() === '') return
  if (parseAccept(accept).some(({ type }) => Object.hasOwn(ENCODINGS, type))) return
  const offered = [...SUPPORTED, ...(collection ? STREAMS : [])].join(', ')
  throw new ApiError(406, 'NotAcceptable', `406: Not Acceptable\n\nAvailable representations: ${offered}`, {})
}

/**
 * Questions such as access reviews have no metadata: they are answered whole or not at all.
 * @throws ApiError 406 when the client takes only a Table or bare metadata
 */
export function requireWhole(accept: string | undefined): void {
  if (accept === undefined || accept.trim() === '') return
  if (!parseAccept(accept).some(({ parameters }) => shapeOf(parameters) === 'whole')) throw notAcceptable()
}

/** For who says nothing. */
export const WHOLE: Negotiated = { encoding: 'json', shape: 'whole', metaVersion: 'v1' }

/** Metadata is the same of every kind, and has a message; tables have none. */
const isEncodable = (shape: Shape, encoding: Encoding, available: readonly Encoding[]): boolean =>
  encoding === 'protobuf'
    ? shape.startsWith('partial') || (shape === 'whole' && available.includes(encoding))
    : available.includes(encoding)

/**
 * @param available encodings that this answer can have as a whole
 * @throws ApiError 406 when nothing that the client accepts can be served
 */
export function negotiate(accept: string | undefined, available: readonly Encoding[]): Negotiated {
  if (accept === undefined || accept.trim() === '') return WHOLE
  let isStreamWanted = false
  for (const { type, parameters } of parseAccept(accept)) {
    const encoding = Object.hasOwn(ENCODINGS, type) ? ENCODINGS[type] : undefined
    const shape = shapeOf(parameters)
    if (encoding && shape && isEncodable(shape, encoding, available))
      return { encoding, shape, metaVersion: metaVersionOf(parameters) }
    // Of YAML there are no streams.
    isStreamWanted ||= encoding === 'yaml' && shape !== undefined
  }
  throw notAcceptable(isStreamWanted ? STREAMS : SUPPORTED)
}
