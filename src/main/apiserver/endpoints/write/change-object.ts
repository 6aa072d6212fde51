// The update pipeline: read → change → metadata → defaults → owners → mutate → prepare → validate → check → store, and
// again from the read when somebody else wrote in between.
//
// A version in the new object makes the write conditional. Nothing special is needed for patches: a patch that does
// not name a version yields the version just read, so that only a race makes it stale, and a race starts over.
import { formatTime } from '../../../../shared/machinery/clock.ts'
import type { FieldError } from '../../../../shared/machinery/field-error.ts'
import type { AnyObject } from '../../../../shared/machinery/object.ts'
import { apiVersionOf } from '../../../../shared/machinery/resource-type.ts'
import { conflict, notFound, staleVersion } from '../../../../shared/machinery/status.ts'
import { type Stored, StoreError } from '../../../store/contract.ts'
import { equalInPieces } from '../../../pieces/large-json.ts'
import { inTurns, type Pieces, pieceByPiece } from '../../../pieces/pacer.ts'
import type { AdmissionRequest } from '../../admission/contract.ts'
import { asReadBack, isStoredOtherwise, keyOf, prepareViews, storedForm, viewOf } from '../../keys.ts'
import { type ResourceDescriptor, rulesOf } from '../../registry/resource.ts'
import { toApiError } from '../../store-error.ts'
import type { ChangeOptions } from '../contract.ts'
import type { ObjectName } from '../server-view.ts'
import { admissionChain } from './admission-chain.ts'
import { dropEmptyMetadata } from './empty-metadata.ts'
import { isFinished } from './finalization.ts'
import { dropSameOwners } from './owner-references.ts'
import { keepReadable, keepTimes, orWithoutOwners } from './owners.ts'
import { checkPreconditions, checkVersion } from './preconditions.ts'
import { trackFields } from './track-fields.ts'
import { unlessOutdated } from './unless-outdated.ts'
import { validateChange } from './validation.ts'
import type { WriteParts } from './write-parts.ts'

/** Each lost race is somebody else's write: of many that patch one object at a time, the last loses as many. */
const MAX_ATTEMPTS = 1000
const NO_ADMISSION = admissionChain([])

/** @returns the object to write, which the pipeline then owns; undefined to write nothing */
export type Change = (current: AnyObject) => AnyObject | undefined | Promise<AnyObject | undefined>

export interface Changed {
  readonly object: AnyObject
  /** The last finalizer went: the object is deleted. */
  readonly deleted: boolean
}

/** Fields that no update may touch. */
function keepSystemMetadata(resource: ResourceDescriptor, object: AnyObject, old: AnyObject): void {
  const { metadata } = object
  if (metadata.uid && metadata.uid !== old.metadata.uid)
    throw conflict(
      resource.type,
      old.metadata.name,
      `Precondition failed: UID in precondition: ${metadata.uid}, UID in object meta: ${old.metadata.uid}`,
    )
  metadata.name ||= old.metadata.name
  if (resource.type.namespaced) metadata.namespace ||= old.metadata.namespace ?? ''
  else delete metadata.namespace
  metadata.uid = old.metadata.uid
  metadata.creationTimestamp = old.metadata.creationTimestamp
  metadata.resourceVersion = old.metadata.resourceVersion
  delete metadata.selfLink
  // What goes keeps its time; who gives another object one is refused later.
  if (old.metadata.deletionTimestamp !== undefined) restore(metadata, old.metadata, 'deletionTimestamp')
  if (metadata.deletionGracePeriodSeconds === undefined) restore(metadata, old.metadata, 'deletionGracePeriodSeconds')
  restore(metadata, old.metadata, 'generation')
  dropEmptyMetadata(object)
  object.kind = resource.type.kind
  object.apiVersion = apiVersionOf(resource.type)
}

function restore<T extends object, K extends keyof T>(target: T, source: T, field: K): void {
  if (source[field] === undefined) delete target[field]
  else target[field] = source[field]
}

function prepare(resource: ResourceDescriptor, object: AnyObject, old: AnyObject, options: ChangeOptions): void {
  if (options.strategy === 'main') resource.prepareForUpdate?.(object, old)
  else if (options.strategy === 'status') resource.status?.prepareForUpdate?.(object, old)
  options.prepare?.(object, old)
}

function* rulesFor(
  resource: ResourceDescriptor,
  object: AnyObject,
  old: AnyObject,
  options: ChangeOptions,
): Pieces<FieldError[]> {
  const own = options.validate?.(object, old) ?? []
  if (options.strategy === 'main')
    return [...own, ...(yield* rulesOf(resource, object, old)), ...(resource.validateUpdate?.(object, old) ?? [])]
  if (options.strategy === 'status') return [...own, ...(resource.status?.validateUpdate?.(object, old) ?? [])]
  return own
}

/** Whether only who owns what differs. */
function* saysTheSame(object: AnyObject, old: AnyObject): Pieces<boolean> {
  const withoutOwners = ({ metadata: { managedFields: _managedFields, ...metadata }, ...rest }: AnyObject) => ({
    ...rest,
    metadata,
  })
  return yield* equalInPieces(withoutOwners(object), withoutOwners(old), { nullIsValue: true })
}

/** @returns the new state, or undefined when the write lost a race and must start over */
async function attempt(
  resource: ResourceDescriptor,
  name: ObjectName,
  change: Change,
  options: ChangeOptions,
  parts: WriteParts,
): Promise<Changed | undefined> {
  const stored = parts.store.get(keyOf(resource, name.namespace, name.name))
  if (!stored) throw notFound(resource.type, name.name)
  const preparing = prepareViews(resource, [stored])
  if (preparing) await preparing
  const old = viewOf(resource, stored)
  checkPreconditions(resource, old, options.preconditions)
  const pacer = pieceByPiece()
  const object = await change(old)
  if (!object) return { object: old, deleted: false }
  if (pacer.due) await pacer.pause()
  checkVersion(resource, object.metadata.resourceVersion, old)
  keepSystemMetadata(resource, object, old)
  // Who applies what is there already sets no defaults either.
  const isNew = !options.applied || !(await inTurns(saysTheSame(object, old), pacer))
  if (!options.isShared && isNew) resource.setDefaults?.(object)
  const request: AdmissionRequest = {
    operation: 'UPDATE',
    ...(options.verb ? { verb: options.verb } : {}),
    resource,
    subresource: options.subresource ?? '',
    namespace: old.metadata.namespace ?? '',
    name: old.metadata.name,
    kind: options.admitted?.kind,
    object: options.admitted?.show(object) ?? object,
    oldObject: options.admitted?.show(old) ?? old,
    options: options.asked ?? {},
    user: options.user,
    dryRun: options.dryRun ?? false,
    warn: options.warn ?? (() => undefined),
    annotate: options.annotate,
    deadlineMs: options.deadlineMs,
    waited: options.waited,
    guards: [],
  }
  const writing = options.skipAdmission ? { ...parts, admission: NO_ADMISSION } : parts
  try {
    const changed = await admitAndStore(object, stored, request, options, writing)
    const told = changed && writing.admission.written(request, changed.deleted ? undefined : changed.object)
    if (told) await told
    return changed
  } finally {
    writing.admission.settle(request)
  }
}

async function admitAndStore(
  object: AnyObject,
  stored: Stored,
  request: AdmissionRequest,
  options: ChangeOptions,
  parts: WriteParts,
): Promise<Changed | undefined> {
  const { resource } = request
  const old = viewOf(resource, stored)
  // Each step costs little but for the largest objects; between steps, everybody else gets a turn.
  const pacer = pieceByPiece()
  const track = () => trackFields(resource, object, old, options, formatTime(parts.clock.now()))
  const whole = options.strategy === 'main'
  // What admission adds is nobody's. Of a part of the object, only what that part may write is its writer's.
  const tracking = whole ? track() : undefined
  if (tracking) await tracking
  if (pacer.due) await pacer.pause()
  const { managedFields } = object.metadata
  const mutating = parts.admission.mutate(request)
  if (mutating) await mutating
  if (request.object && request.object !== object) options.admitted?.take(object, request.object)
  keepReadable(object, managedFields, options.warn)
  dropSameOwners(object, options.warn, ' after mutating admission happens')
  prepare(resource, object, old, options)
  if (pacer.due) await pacer.pause()
  const trackingPart = whole ? undefined : track()
  if (trackingPart) await trackingPart
  if (pacer.due) await pacer.pause()
  const checking = inTurns(rulesFor(resource, object, old, options), pacer)
  const rules = checking instanceof Promise ? await checking : checking
  const isStatus = options.strategy === 'status'
  await validateChange(resource, object, old, rules, { isStatus, pacer, warn: options.warn })
  if (whole) for (const text of resource.warnings?.(object, old) ?? []) options.warn?.(text)
  if (pacer.due) await pacer.pause()
  const validating = parts.admission.validate(request)
  if (validating) await validating
  if (pacer.due) await pacer.pause()
  const finished = isFinished(resource, object)
  const nullIsValue = resource.custom !== undefined
  const keeping = inTurns(keepTimes(object, old, nullIsValue), pacer)
  if (keeping instanceof Promise) await keeping
  const comparing = finished ? false : inTurns(equalInPieces(object, old, { nullIsValue }), pacer)
  const isSame = comparing instanceof Promise ? await comparing : comparing
  // The same is written again where it would be stored otherwise: that is how objects get into a new version.
  if (isSame && !(await inTurns(isStoredOtherwise(resource, stored), pacer))) return { object: old, deleted: false }
  if (pacer.due) await pacer.pause()
  if (options.dryRun) {
    return { object: await asReadBack(resource, object), deleted: finished }
  }
  try {
    if (finished) {
      const gone = await parts.store.delete(stored.key, stored.revision)
      object.metadata.resourceVersion = String(gone.revision)
      return { object, deleted: true }
    }
    const write = async () =>
      parts.store.update(stored.key, await storedForm(resource, object), stored.revision, request.guards)
    const written = await (options.applied ? write() : orWithoutOwners(object, write))
    const preparing = prepareViews(resource, [written])
    if (preparing) await preparing
    return { object: viewOf(resource, written), deleted: false }
  } catch (error) {
    if (error instanceof StoreError && (error.code === 'RevisionConflict' || error.code === 'Overtaken'))
      return undefined
    throw toApiError(error, resource.type, request.name)
  }
}

/**
 * @param change is called again, with the newer state, when the write lost a race
 * @throws ApiError 404, 409, 422 and what the plugins refuse with
 */
export async function changeObject(
  resource: ResourceDescriptor,
  name: ObjectName,
  change: Change,
  options: ChangeOptions,
  parts: WriteParts,
): Promise<Changed> {
  const key = keyOf(resource, name.namespace, name.name)
  for (let tries = 0; tries < MAX_ATTEMPTS; tries++) {
    const changed = await unlessOutdated(parts.store, key, () => attempt(resource, name, change, options, parts))
    if (changed) return changed
  }
  throw staleVersion(resource.type, name.name)
}
