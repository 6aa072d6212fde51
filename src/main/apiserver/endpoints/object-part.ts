// A subresource that shows the whole object and lets one part of it be written: pods/ephemeralcontainers, pods/resize,
// certificatesigningrequests/approval.
import type { FieldError } from '../../../shared/machinery/field-error.ts'
import type { AnyObject } from '../../../shared/machinery/object.ts'
import type { ResourceType } from '../../../shared/machinery/resource-type.ts'
import { notFound } from '../../../shared/machinery/status.ts'
import { mediaTypeOf, notOfPatches } from '../codec/media-type.ts'
import { APPLY_PATCH, isPatch } from '../patch/apply-patch.ts'
import type { ApiRequest, ApiResponse } from '../request.ts'
import type { ResourceDescriptor } from '../registry/resource.ts'
import type { EndpointContext, SubresourceHandler } from './contract.ts'
import { appliedOf } from './apply.ts'
import { patched, readPatch } from './patch.ts'
import { createRepresent } from './read/represent.ts'
import { assertSameName } from './update.ts'
import { checkVersion } from './write/preconditions.ts'
import { writeOptionsOf } from './write/write-options.ts'

export interface ObjectPart {
  readonly type: ResourceType<unknown>
  readonly subresource: string
  /** Takes the part over from what the client sent; the rest stays as stored. */
  readonly take: (copy: AnyObject, wanted: AnyObject, context: EndpointContext) => void
  readonly prepare?: (object: AnyObject, old: AnyObject) => void
  readonly validate: (object: AnyObject, old: AnyObject) => FieldError[]
}

async function wantedOf(
  request: ApiRequest,
  resource: ResourceDescriptor,
  context: EndpointContext,
): Promise<(current: AnyObject) => AnyObject | Promise<AnyObject>> {
  if (request.method === 'PUT') {
    const sent = await context.decode(request, resource.schema)
    assertSameName(resource, sent, request.info)
    return () => sent
  }
  if (!isPatch(request.headers['content-type'])) throw notOfPatches()
  if (mediaTypeOf(request.headers['content-type']) === APPLY_PATCH) {
    const { merge } = await appliedOf(request, resource, context)
    return merge
  }
  const read = await readPatch(request)
  return async current => {
    const next = await patched(request, resource, current, read())
    assertSameName(resource, next, request.info)
    return next
  }
}

export function objectPart({ type, subresource, take, prepare, validate }: ObjectPart): SubresourceHandler {
  const { group, version, plural, kind } = type
  return {
    group,
    version,
    resource: plural,
    subresource,
    kind: { group, version, kind },
    methods: { GET: 'get', PUT: 'update', PATCH: 'patch' },
    async handle(request: ApiRequest, context: EndpointContext): Promise<ApiResponse> {
      const resource = context.resources.byUrl(group, version, plural)
      if (!resource) throw notFound(type, request.info.name)
      const { namespace, name } = request.info
      const { one, contentType } = createRepresent(context.store, context.clock)(request, resource)
      const shown = (object: AnyObject): ApiResponse => ({ code: 200, object: one(object), contentType })
      if (request.info.verb === 'get') return shown(context.get(resource, { namespace, name }))
      const options = writeOptionsOf(request, request.method === 'PUT' ? 'UpdateOptions' : 'PatchOptions')
      const applied = mediaTypeOf(request.headers['content-type']) === APPLY_PATCH
      const wanted = await wantedOf(request, resource, context)
      const object = await context.change(
        resource,
        { namespace, name },
        async copy => {
          const next = await wanted(copy)
          checkVersion(resource, next.metadata.resourceVersion, copy)
          take(copy, next, context)
          if (applied && next.metadata.managedFields) copy.metadata.managedFields = next.metadata.managedFields
        },
        { ...options, applied, subresource, validate, ...(prepare ? { prepare } : {}) },
      )
      return shown(object)
    },
  }
}
