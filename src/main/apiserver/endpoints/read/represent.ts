// Chooses the representation that a request asks for.
import type { Clock } from '../../../../shared/machinery/clock.ts'
import { apiVersionOf } from '../../../../shared/machinery/resource-type.ts'
import { ApiError, badRequest } from '../../../../shared/machinery/status.ts'
import type { ObjectStore } from '../../../store/contract.ts'
import { PROTOBUF_TYPE } from '../../codec/media-type.ts'
import { messageIdOf } from '../../codec/protobuf/envelope.ts'
import type { ResourceDescriptor } from '../../registry/resource.ts'
import { fullRepresentation } from '../../representation/full.ts'
import { type Encoding, negotiate, requireOffered, type Shape } from '../../representation/negotiate.ts'
import { partialRepresentation } from '../../representation/partial-metadata.ts'
import type { Representation } from '../../representation/representation.ts'
import { type IncludeObject, tableRepresentation } from '../../representation/table.ts'
import type { ApiRequest } from '../../request.ts'

export type Represent = (request: ApiRequest, resource: ResourceDescriptor) => Representation

function includeObjectOf(query: URLSearchParams): IncludeObject {
  const include = query.get('includeObject') ?? ''
  if (include === '') return 'Metadata'
  if (include === 'None' || include === 'Metadata' || include === 'Object') return include
  throw badRequest(
    `includeObject: Invalid value: ${JSON.stringify(include)}: must be 'Metadata', 'Object', 'None', or empty`,
  )
}

const ANSWERED_WITH_LISTS = new Set(['list', 'deletecollection'])

/** How upstream's errors call what is answered: by Go's type, of the version that nobody sees. */
function goTypeOf({ custom, type: { group, kind } }: ResourceDescriptor, isList: boolean): string {
  const [first = ''] = group.split('.')
  const name = custom ? 'unstructured.Unstructured' : `${first === '' || first === 'events' ? 'core' : first}.${kind}`
  return `*${name}${isList ? 'List' : ''}`
}

/**
 * The metadata of one object is none of a list, and the other way round.
 * @throws ApiError 406, before anything is written
 */
function requireFitting(shape: Shape, verb: string, resource: ResourceDescriptor): void {
  const isList = ANSWERED_WITH_LISTS.has(verb)
  if (shape !== (isList ? 'partial' : 'partialList')) return
  const [asked, is] = isList ? ['', 'a list'] : ['List', 'not a list']
  const object = `the requested object is ${is} (${goTypeOf(resource, isList)})`
  throw new ApiError(406, 'NotAcceptable', `you requested PartialObjectMetadata${asked}, but ${object}`)
}

/** Whole and metadata-only representations hold caches that every client shares: one each per kind. */
export function createRepresent(store: ObjectStore, clock: Clock): Represent {
  const whole = new WeakMap<ResourceDescriptor, Representation>()
  const partial = {
    v1: new WeakMap<ResourceDescriptor, Representation>(),
    v1beta1: new WeakMap<ResourceDescriptor, Representation>(),
  }
  const cached = (
    cache: WeakMap<ResourceDescriptor, Representation>,
    resource: ResourceDescriptor,
    make: () => Representation,
  ) => {
    let known = cache.get(resource)
    if (!known) cache.set(resource, (known = make()))
    return known
  }
  return (request, resource) => {
    const { accept } = request.headers
    const { verb } = request.info
    if (!resource.custom) requireOffered(accept, verb === 'list' || verb === 'watch')
    const binary =
      accept?.includes(PROTOBUF_TYPE) && messageIdOf(apiVersionOf(resource.type), resource.type.kind) !== undefined
    const encodings: Encoding[] = verb === 'watch' ? ['json'] : ['json', 'yaml']
    const { shape, encoding, metaVersion } = negotiate(accept, binary ? [...encodings, 'protobuf'] : encodings)
    if (shape === 'table') return tableRepresentation(resource, includeObjectOf(request.query), clock, metaVersion)
    // What a watch tells of is no list: it is told as if nothing else had been asked for.
    if (verb !== 'watch') requireFitting(shape, verb, resource)
    const found =
      shape === 'partial' || (shape === 'partialList' && verb !== 'watch')
        ? cached(partial[metaVersion], resource, () => partialRepresentation(resource, metaVersion))
        : cached(whole, resource, () => fullRepresentation(resource, store))
    // The same objects and frames: writing the answer turns them into messages.
    return encoding === 'protobuf' ? { ...found, contentType: PROTOBUF_TYPE } : found
  }
}
