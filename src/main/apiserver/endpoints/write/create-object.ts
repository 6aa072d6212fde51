// The create pipeline: metadata → defaults → owners → mutate → prepare → validate → check → store.
import { randomUUID } from 'node:crypto'
import { formatTime } from '../../../../shared/machinery/clock.ts'
import type { AnyObject } from '../../../../shared/machinery/object.ts'
import { apiVersionOf } from '../../../../shared/machinery/resource-type.ts'
import { alreadyExists, ApiError, badRequest, isAlreadyExists } from '../../../../shared/machinery/status.ts'
import { cloneJson } from '../../../../shared/machinery/json-object.ts'
import { StoreError } from '../../../store/contract.ts'
import { pieceByPiece } from '../../../pieces/pacer.ts'
import type { AdmissionRequest } from '../../admission/contract.ts'
import { asReadBack, keyOf, prepareViews, storedForm, viewOf } from '../../keys.ts'
import type { ResourceDescriptor } from '../../registry/resource.ts'
import { toApiError } from '../../store-error.ts'
import type { WriteOptions } from '../contract.ts'
import { dropEmptyMetadata } from './empty-metadata.ts'
import { generateName } from './generate-name.ts'
import { inNamespace } from './in-namespace.ts'
import { dropSameOwners } from './owner-references.ts'
import { keepReadable, orWithoutOwners } from './owners.ts'
import { trackFields } from './track-fields.ts'
import { validateCreate } from './validation.ts'
import type { WriteParts } from './write-parts.ts'

type SystemMetadata = Pick<AnyObject['metadata'], 'uid' | 'creationTimestamp'>

/** For generated names that exist already, and for what others were given first. */
const MOST_ATTEMPTS = 8

/** @throws ApiError 400 when it says that it is in another namespace */
function placeIn({ type }: ResourceDescriptor, namespace: string, metadata: AnyObject['metadata']): void {
  if (!type.namespaced) return void delete metadata.namespace
  inNamespace(metadata, namespace)
  metadata.namespace = namespace
}

/** What admission may not say of an object either. */
function keepSystemMetadata(resource: ResourceDescriptor, namespace: string, object: AnyObject, own: SystemMetadata) {
  const { metadata } = object
  placeIn(resource, namespace, metadata)
  Object.assign(metadata, own)
  delete metadata.deletionTimestamp
  delete metadata.deletionGracePeriodSeconds
}

/** The server's own fields; whatever the client put there is dropped. Type and metadata come first when printed. */
function withSystemMetadata(
  resource: ResourceDescriptor,
  namespace: string,
  object: AnyObject,
  parts: WriteParts,
): AnyObject {
  const metadata = { ...object.metadata }
  delete metadata.deletionTimestamp
  delete metadata.deletionGracePeriodSeconds
  delete metadata.selfLink
  if (metadata.generation === 0) delete metadata.generation
  placeIn(resource, namespace, metadata)
  metadata.uid = randomUUID()
  metadata.creationTimestamp = formatTime(parts.clock.now())
  const { kind: _kind, apiVersion: _apiVersion, metadata: _metadata, ...content } = object
  const whole = {
    kind: resource.type.kind,
    apiVersion: apiVersionOf(resource.type),
    metadata,
    ...content,
  } as AnyObject
  dropEmptyMetadata(whole)
  return whole
}

async function attempt(
  resource: ResourceDescriptor,
  namespace: string,
  object: AnyObject,
  options: WriteOptions,
  parts: WriteParts,
): Promise<AnyObject> {
  resource.setDefaults?.(object)
  const request: AdmissionRequest = {
    operation: 'CREATE',
    ...(options.verb ? { verb: options.verb } : {}),
    resource,
    subresource: '',
    namespace,
    name: object.metadata.name,
    object,
    options: options.asked ?? {},
    user: options.user,
    dryRun: options.dryRun ?? false,
    warn: options.warn ?? (() => undefined),
    annotate: options.annotate,
    deadlineMs: options.deadlineMs,
    waited: options.waited,
    guards: [],
  }
  try {
    const stored = await admitAndStore(object, request, options, parts)
    const told = parts.admission.written(request, stored)
    if (told) await told
    return stored
  } finally {
    parts.admission.settle(request)
  }
}

async function admitAndStore(
  object: AnyObject,
  request: AdmissionRequest,
  options: WriteOptions,
  parts: WriteParts,
): Promise<AnyObject> {
  const { resource, namespace } = request
  // Each step costs little but for the largest objects; between steps, everybody else gets a turn.
  const pacer = pieceByPiece()
  // Before admission adds to it: what plugins and webhooks put in is nobody's, least of all the client's.
  dropSameOwners(object, options.warn)
  const tracking = trackFields(resource, object, undefined, options, object.metadata.creationTimestamp)
  if (tracking) await tracking
  if (pacer.due) await pacer.pause()
  const { managedFields, uid, creationTimestamp } = object.metadata
  const mutating = parts.admission.mutate(request)
  if (mutating) await mutating
  keepSystemMetadata(resource, namespace, object, { uid, creationTimestamp })
  keepReadable(object, managedFields, options.warn)
  dropSameOwners(object, options.warn, ' after mutating admission happens')
  resource.prepareForCreate?.(object, request.warn)
  if (pacer.due) await pacer.pause()
  await validateCreate(resource, object, pacer, options.warn)
  if (pacer.due) await pacer.pause()
  const validating = parts.admission.validate(request)
  if (validating) await validating
  if (pacer.due) await pacer.pause()

  // Whoever may not create it at all is told that first.
  // The store minds, which a dry run does not reach.
  if (Number(object.metadata.resourceVersion) > 0 && !options.dryRun)
    throw badRequest('resourceVersion should not be set on objects to be created')
  delete (object.metadata as { resourceVersion?: string }).resourceVersion
  const key = keyOf(resource, namespace, object.metadata.name)
  try {
    if (options.dryRun) {
      if (parts.store.get(key)) throw alreadyExists(resource.type, object.metadata.name)
      // Read back, its defaults stand in parts that preparation emptied, such as the status.
      return asReadBack(resource, object)
    }
    const write = async () => parts.store.create(key, await storedForm(resource, object), request.guards)
    const stored = await (options.applied ? write() : orWithoutOwners(object, write))
    const preparing = prepareViews(resource, [stored])
    if (preparing) await preparing
    return viewOf(resource, stored)
  } catch (error) {
    if (isOvertaken(error)) throw error
    const told = toldOfGenerated(toApiError(error, resource.type, object.metadata.name), object)
    const { deletionTimestamp } = parts.store.get(key)?.object.metadata ?? {}
    throw isAlreadyExists(told) && deletionTimestamp !== undefined ? toldOfDeletion(told) : told
  }
}

/** Who waits for a name may wait on: it will be free. */
const toldOfDeletion = ({ code, reason, message, status }: ApiError) =>
  new ApiError(code, reason, `object is being deleted: ${message}`, status.details)

/** Who asked for a generated name may try again. */
function toldOfGenerated(error: unknown, { metadata }: AnyObject): unknown {
  if (!isAlreadyExists(error) || !metadata.generateName) return error
  const message = `${error.message}, the server was not able to generate a unique name for the object`
  return new ApiError(error.code, error.reason, message, { ...error.status.details, retryAfterSeconds: 1 })
}

/**
 * @param object decoded; the caller gives it away
 * @returns the object as stored, shared and immutable; on dry run as it would be
 * @throws ApiError
 */
export async function createObject(
  resource: ResourceDescriptor,
  namespace: string,
  object: AnyObject,
  options: WriteOptions,
  parts: WriteParts,
): Promise<AnyObject> {
  const draft = withSystemMetadata(resource, namespace, object, parts)
  const { name, generateName: base } = draft.metadata
  const generated = !name && base ? base : undefined
  // What was given to an object that could not be stored is not given to it again.
  const again = generated !== undefined || parts.store.shared
  for (let tries = 1; ; tries++) {
    const last = !again || tries >= MOST_ATTEMPTS
    const own = last ? draft : cloneJson(draft)
    if (generated !== undefined) own.metadata.name = generateName(generated, parts.random)
    try {
      return await attempt(resource, namespace, own, options, parts)
    } catch (error) {
      const taken = generated !== undefined && isAlreadyExists(error)
      if (last || !(taken || isOvertaken(error))) throw toApiError(error, resource.type, own.metadata.name)
    }
  }
}

const isOvertaken = (error: unknown) => error instanceof StoreError && error.code === 'Overtaken'
