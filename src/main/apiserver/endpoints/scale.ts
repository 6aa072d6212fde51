// The scale subresource: autoscaling/v1 Scale over whatever a kind's descriptor says holds the three values.
import { invalidValue } from '../../../shared/machinery/field-error.ts'
import { cloneJson } from '../../../shared/machinery/json-object.ts'
import type { AnyObject } from '../../../shared/machinery/object.ts'
import { conflict, internalError, invalid, methodNotSupported, notFound } from '../../../shared/machinery/status.ts'
import { prepareViews, viewOf } from '../keys.ts'
import type { ResourceDescriptor, ScalePaths } from '../registry/resource.ts'
import { type ScaleObject, scales } from '../registry/autoscaling/scale.ts'
import type { Representation } from '../representation/representation.ts'
import type { ApiRequest, ApiResponse } from '../request.ts'
import { APPLY_PATCH, isPatch } from '../patch/apply-patch.ts'
import { serverSideApply } from '../patch/apply/server-side-apply.ts'
import { mediaTypeOf, notOfPatches } from '../codec/media-type.ts'
import { formatTime } from '../../../shared/machinery/clock.ts'
import { apiVersionOf } from '../../../shared/machinery/resource-type.ts'
import { boolParameter } from './read/list-options.ts'
import type { Endpoint, EndpointParts } from './parts.ts'
import type { WriteOptions } from './contract.ts'
import { decodeFields, decodeRequest } from './write/decode-request.ts'
import { checkVersion } from './write/preconditions.ts'
import { writeOptionsOf } from './write/write-options.ts'
import { patched, readPatch, refuseOtherPatches } from './patch.ts'
import { assertSameName } from './update.ts'

const SCHEMA = 'autoscaling.v1.Scale'

export const SCALE_TYPE = scales.type

function scaleOf(object: AnyObject, paths: ScalePaths<AnyObject>): ScaleObject {
  const { name, namespace, uid, resourceVersion, creationTimestamp } = object.metadata
  const selector = paths.selector(object)
  return {
    kind: 'Scale',
    apiVersion: 'autoscaling/v1',
    metadata: { name, ...(namespace ? { namespace } : {}), uid, resourceVersion, creationTimestamp },
    spec: { replicas: paths.replicas(object) },
    status: { replicas: paths.statusReplicas(object), ...(selector ? { selector } : {}) },
  }
}

/** Of custom resources the object itself is told to be wrong. */
function replicasOf(scale: AnyObject, { custom }: ResourceDescriptor): number {
  const replicas = (scale.spec as { replicas?: number } | undefined)?.replicas ?? 0
  if (replicas < 0 && !custom)
    throw invalid(SCALE_TYPE, scale.metadata.name, [
      invalidValue('spec.replicas', replicas, 'must be greater than or equal to 0'),
    ])
  return replicas
}

/** @param wanted has been asked for: of this very object, in this very version? */
function assertCurrent(resource: ResourceDescriptor, wanted: AnyObject, current: AnyObject): void {
  if (wanted.metadata.uid && wanted.metadata.uid !== current.metadata.uid)
    throw conflict(
      resource.type,
      current.metadata.name,
      `Precondition failed: UID in precondition: ${wanted.metadata.uid}, UID in object meta: ${current.metadata.uid}`,
    )
  checkVersion(resource, wanted.metadata.resourceVersion, current)
}

/** What is asked of the API server to scale one object. */
interface Scaling {
  readonly request: ApiRequest
  readonly resource: ResourceDescriptor
  readonly parts: EndpointParts
  readonly paths: ScalePaths<AnyObject>
}

type Next = (current: AnyObject) => AnyObject | Promise<AnyObject>

async function replace(
  { request, resource, parts, paths }: Scaling,
  update: Next,
  options: WriteOptions & { readonly applied?: boolean },
): Promise<ApiResponse> {
  const representation = parts.represent(request, scales)
  const { object } = await parts.replace(resource, request.info, update, {
    ...options,
    subresource: 'scale',
    strategy: 'main',
    admitted: {
      kind: { ...SCALE_TYPE, schema: SCHEMA },
      show: shown => scaleOf(shown, paths),
      take: (changed, admitted) => paths.setReplicas(changed, replicasOf(admitted, resource)),
    },
  })
  return shown(scaleOf(object, paths), representation)
}

function write(scaling: Scaling, next: Next, optionsKind: string): Promise<ApiResponse> {
  const { request, resource, paths } = scaling
  const update = async (current: AnyObject) => {
    const wanted = await next(scaleOf(current, paths))
    assertSameName(resource, wanted, request.info)
    assertCurrent(resource, wanted, current)
    const copy = cloneJson(current)
    paths.setReplicas(copy, replicasOf(wanted, resource))
    return copy
  }
  return replace(scaling, update, writeOptionsOf(request, optionsKind))
}

/** Whoever applies a Scale owns the field of the object that holds its replicas. */
async function applyScale(scaling: Scaling): Promise<ApiResponse> {
  const { request, resource, parts, paths } = scaling
  const { info, query } = request
  if (!parts.find(resource, info)) throw notFound(resource.type, info.name)
  const { object: wanted } = await decodeFields(request, SCALE_TYPE, SCHEMA, 'apply')
  wanted.metadata ??= { name: info.name } as AnyObject['metadata']
  wanted.metadata.name ||= info.name
  assertSameName(resource, wanted, info)
  const { name, namespace } = info
  const applied: AnyObject = {
    apiVersion: apiVersionOf(resource.type),
    kind: resource.type.kind,
    metadata: { name, ...(namespace ? { namespace } : {}) } as AnyObject['metadata'],
    spec: {},
  }
  if (typeof (wanted.spec as { replicas?: number | null } | null | undefined)?.replicas === 'number')
    paths.setReplicas(applied, replicasOf(wanted, resource))
  const update = (current: AnyObject) => {
    assertCurrent(resource, wanted, current)
    return serverSideApply({
      current,
      applied,
      manager: query.get('fieldManager') ?? '',
      force: boolParameter(query, 'force') ?? false,
      subresource: 'scale',
      shownVersion: 'autoscaling/v1',
      time: formatTime(parts.clock.now()),
      schemaId: resource.schema,
      fact: resource.custom?.fact,
    })
  }
  return replace(scaling, update, { ...writeOptionsOf(request, 'PatchOptions'), applied: true })
}

/** None are not printed, of those that are wanted. */
const shown = (object: ScaleObject, { one, contentType }: Representation): ApiResponse => ({
  code: 200,
  object: one(object.spec.replicas === 0 ? { ...object, spec: {} } : object),
  contentType,
})

export const scale: Endpoint = async (request, resource, parts) => {
  const paths = resource.scale
  if (!paths) throw methodNotSupported(resource.type, request.info.verb)
  const scaling = { request, resource, parts, paths }
  switch (request.info.verb) {
    case 'get': {
      const representation = parts.represent(request, scales)
      const stored = parts.find(resource, request.info)
      if (!stored) throw notFound(resource.type, request.info.name)
      await prepareViews(resource, [stored])
      const object = viewOf(resource, stored)
      const missing = paths.missing?.(object)
      if (missing !== undefined)
        throw internalError(`the spec replicas field ${JSON.stringify(missing)} does not exist`)
      return shown(scaleOf(object, paths), representation)
    }
    case 'update': {
      const wanted = await decodeRequest(request, SCALE_TYPE, SCHEMA, 'UpdateOptions')
      return write(scaling, () => wanted, 'UpdateOptions')
    }
    case 'patch': {
      if (!resource.custom && !isPatch(request.headers['content-type'])) throw notOfPatches()
      refuseOtherPatches(request, resource)
      if (mediaTypeOf(request.headers['content-type']) === APPLY_PATCH) return applyScale(scaling)
      const read = await readPatch(request)
      const apply = (current: AnyObject) => patched(request, scales as unknown as ResourceDescriptor, current, read())
      return write(scaling, apply, 'PatchOptions')
    }
    default:
      throw methodNotSupported(resource.type, request.info.verb)
  }
}
