// The delete pipeline: graceful periods, finalizers and propagation policies as the API concepts describe them.
//
// An object goes at once when nothing holds it; otherwise deletion only marks it, and the write that removes the last
// hold (a finalizer, the grace period, a namespace's content) makes it go.
import { formatTime } from '../../../../shared/machinery/clock.ts'
import { deepEqual } from '../../../../shared/machinery/deep-equal.ts'
import type { AnyObject } from '../../../../shared/machinery/object.ts'
import { countable } from '../../../../shared/machinery/seconds.ts'
import { notFound, staleVersion } from '../../../../shared/machinery/status.ts'
import { type Stored, StoreError } from '../../../store/contract.ts'
import type { AdmissionRequest } from '../../admission/contract.ts'
import { keyOf, prepareViews, storedForm, viewOf } from '../../keys.ts'
import type { ResourceDescriptor } from '../../registry/resource.ts'
import { toApiError } from '../../store-error.ts'
import type { DeleteOptions } from '../contract.ts'
import type { ObjectName } from '../server-view.ts'
import { hasContent, isHeld } from './finalization.ts'
import { checkDeletePreconditions } from './preconditions.ts'
import { unlessOutdated } from './unless-outdated.ts'
import type { WriteParts } from './write-parts.ts'
import { oneMore } from '../../../../shared/machinery/whole-number.ts'

const MAX_ATTEMPTS = 64
const ORPHAN = 'orphan'
const FOREGROUND = 'foregroundDeletion'

/** Kinds whose dependents stay when nobody says otherwise; the legacy rule of these two. */
const ORPHANED_BY_DEFAULT = new Set(['core/replicationcontrollers', 'batch/jobs'])

export interface Deleted {
  /** The last state. */
  readonly object: AnyObject
  /** False: only marked; something still holds it. */
  readonly gone: boolean
}

function finalizersFor(
  resource: ResourceDescriptor,
  current: readonly string[],
  policy: DeleteOptions['propagationPolicy'],
): string[] {
  const others = current.filter(finalizer => finalizer !== ORPHAN && finalizer !== FOREGROUND)
  // Nothing depends on an event.
  if (resource.storage === 'core/events') return others
  if (policy === 'Orphan') return [...others, ORPHAN]
  if (policy === 'Foreground') return [...others, FOREGROUND]
  if (policy === 'Background') return others
  if (current.includes(ORPHAN) || current.includes(FOREGROUND)) return [...current]
  return ORPHANED_BY_DEFAULT.has(resource.storage) ? [...others, ORPHAN] : others
}

function graceFor(resource: ResourceDescriptor, object: AnyObject, requested: number | undefined): number {
  if (!resource.gracefulDeletion) return 0
  const seconds = resource.gracefulDeletion(object, requested !== undefined && requested < 0 ? 1 : requested)
  return Math.max(0, seconds)
}

/** Marks a copy as being deleted. A second, shorter grace period counts from the first request. */
function mark(resource: ResourceDescriptor, copy: AnyObject, graceSeconds: number, nowMs: number): void {
  const { metadata } = copy
  const previousGrace = metadata.deletionGracePeriodSeconds ?? 0
  if (metadata.deletionTimestamp === undefined) {
    metadata.deletionTimestamp = formatTime(nowMs + countable(graceSeconds) * 1000)
    if (resource.beginEmptying) {
      resource.beginEmptying(copy, nowMs)
      return
    }
    metadata.deletionGracePeriodSeconds = graceSeconds
    if (metadata.generation !== undefined && metadata.generation > 0) metadata.generation = oneMore(metadata.generation)
  } else if (graceSeconds < previousGrace) {
    const requestedAt = Date.parse(metadata.deletionTimestamp) - countable(previousGrace) * 1000
    metadata.deletionTimestamp = formatTime(requestedAt + countable(graceSeconds) * 1000)
    metadata.deletionGracePeriodSeconds = graceSeconds
  }
}

/**
 * Kinds with a grace period are marked in a write of their own even when there is none to wait for: whoever watches sees
 * that the object is being deleted before it is gone.
 */
async function remove(
  resource: ResourceDescriptor,
  key: string,
  stored: Stored,
  marked: AnyObject | undefined,
  { store }: WriteParts,
): Promise<Stored> {
  if (!resource.gracefulDeletion || !marked) return store.delete(key, stored.revision)
  const last = await store.update(key, await storedForm(resource, marked), stored.revision)
  try {
    return await store.delete(key, last.revision)
  } catch (error) {
    // Any other write of what is marked ends it as well.
    if (store.get(key)) throw error
    return last
  }
}

async function attempt(
  resource: ResourceDescriptor,
  name: ObjectName,
  options: DeleteOptions,
  parts: WriteParts,
): Promise<Deleted | undefined> {
  const key = keyOf(resource, name.namespace, name.name)
  const stored = parts.store.get(key)
  if (!stored) throw notFound(resource.type, name.name)
  await prepareViews(resource, [stored])
  const old = viewOf(resource, stored)
  checkDeletePreconditions(resource, old, options.preconditions)
  const request: AdmissionRequest = {
    operation: 'DELETE',
    resource,
    subresource: '',
    namespace: name.namespace,
    name: name.name,
    ofCollection: options.ofCollection,
    oldObject: old,
    options: {
      ...(options.gracePeriodSeconds === undefined ? {} : { gracePeriodSeconds: options.gracePeriodSeconds }),
      ...(options.propagationPolicy === undefined ? {} : { propagationPolicy: options.propagationPolicy }),
    },
    user: options.user,
    dryRun: options.dryRun ?? false,
    warn: options.warn ?? (() => undefined),
    annotate: options.annotate,
    deadlineMs: options.deadlineMs,
    waited: options.waited,
  }
  await parts.admission.mutate(request)
  await parts.admission.validate(request)

  // What is emptied is emptied first, whoever asks again and however.
  if (old.metadata.deletionTimestamp !== undefined && hasContent(resource, old)) return { object: old, gone: false }
  // Deletion changes nothing deeper: the rest is shared.
  const marked: AnyObject = { ...old, metadata: { ...old.metadata } }
  const finalizers = finalizersFor(resource, old.metadata.finalizers ?? [], options.propagationPolicy)
  if (finalizers.length > 0) marked.metadata.finalizers = finalizers
  else delete marked.metadata.finalizers
  const pending = old.metadata.deletionTimestamp !== undefined && (old.metadata.deletionGracePeriodSeconds ?? 0) === 0
  const grace = pending ? 0 : graceFor(resource, old, options.gracePeriodSeconds)
  mark(resource, marked, grace, parts.clock.now())
  const gone = grace === 0 && !isHeld(resource, marked)
  // Of kinds with a grace period, what goes at once is marked, too.
  const shown = gone && !resource.gracefulDeletion ? old : marked
  if (options.dryRun) return { object: shown, gone }
  try {
    if (gone) {
      const last = await remove(resource, key, stored, deepEqual(marked, old) ? undefined : marked, parts)
      await parts.admission.written(request, undefined)
      await prepareViews(resource, [last])
      return { object: viewOf(resource, last), gone }
    }
    if (deepEqual(marked, old)) return { object: old, gone }
    const written = await parts.store.update(key, await storedForm(resource, marked), stored.revision)
    await prepareViews(resource, [written])
    return { object: viewOf(resource, written), gone }
  } catch (error) {
    if (error instanceof StoreError && error.code === 'RevisionConflict') return undefined
    throw toApiError(error, resource.type, name.name)
  }
}

/** @throws ApiError 404, 409 (preconditions) and what the plugins refuse with */
export async function deleteObject(
  resource: ResourceDescriptor,
  name: ObjectName,
  options: DeleteOptions,
  parts: WriteParts,
): Promise<Deleted> {
  const key = keyOf(resource, name.namespace, name.name)
  for (let tries = 0; tries < MAX_ATTEMPTS; tries++) {
    const deleted = await unlessOutdated(parts.store, key, () => attempt(resource, name, options, parts))
    if (deleted) return deleted
  }
  throw staleVersion(resource.type, name.name)
}
