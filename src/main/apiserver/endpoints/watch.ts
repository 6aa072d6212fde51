// GET ?watch=1: the collection's changes as a stream of frames.
//
// State and stream are taken in one synchronous step (list at revision R, watch from R), so nothing is lost or doubled
// between them. Events go into a queue per watcher; what is queued is shared, encoded once for everybody. A watcher that
// does not keep up is cut off: it resumes from the last version it saw, or lists again.
import { afterSpread } from '../../../shared/machinery/after-standstill.ts'
import type { AnyObject } from '../../../shared/machinery/object.ts'
import { apiVersionOf } from '../../../shared/machinery/resource-type.ts'
import { ApiError, gone, internalError } from '../../../shared/machinery/status.ts'
import { type StoreEvent, StoreError, type Stored, type WatchHandle } from '../../store/contract.ts'
import { Pacer } from '../../pieces/pacer.ts'
import { prefixOf, prepareViews, viewOf } from '../keys.ts'
import type { ResourceDescriptor } from '../registry/resource.ts'
import { lazyFrame } from '../representation/representation.ts'
import type { Frame } from '../request.ts'
import { toApiError } from '../store-error.ts'
import { scopeOf } from './list.ts'
import type { Endpoint } from './parts.ts'
import { FrameQueue } from './read/frame-queue.ts'
import { stateThenEvents } from './read/state-then-events.ts'
import { parseListOptions } from './read/list-options.ts'
import { selectionOf } from './read/selection.ts'
import { untilReached } from './read/until-reached.ts'

const BOOKMARK_INTERVAL_MS = 60_000
/** Before the end: whoever comes again then need not hear of much twice. */
const LAST_BOOKMARK_MS = 2_000
const MIN_TIMEOUT_MS = 30 * 60_000
const INITIAL_BATCH = 256
/** Events that may wait for their conversion; a watcher beyond that starts over. */
const MAX_WAITING = 1000

/** An object that left the selection, as the watcher last saw it, with the version at which it left. */
const departures = new WeakMap<StoreEvent, Stored>()
function departureOf(event: StoreEvent, previous: Stored): Stored {
  let departed = departures.get(event)
  if (!departed) {
    const metadata = { ...previous.object.metadata, resourceVersion: String(event.revision) }
    departed = { ...previous, object: { ...previous.object, metadata }, revision: event.revision }
    departures.set(event, departed)
  }
  return departed
}

const errorFrame = (error: ApiError): Frame =>
  lazyFrame('ERROR', error.status as unknown as AnyObject, () => Buffer.from(JSON.stringify(error.status)))

function bookmarkObject(resource: ResourceDescriptor, revision: number, initialEnd = false): AnyObject {
  return {
    kind: resource.type.kind,
    apiVersion: apiVersionOf(resource.type),
    metadata: {
      resourceVersion: String(revision),
      ...(initialEnd ? { annotations: { 'k8s.io/initial-events-end': 'true' } } : {}),
    },
  } as unknown as AnyObject
}

/** What is refused once a watch is open is told in it. */
async function refusalOf(waiting: Promise<void>): Promise<ApiError | undefined> {
  try {
    await waiting
    return undefined
  } catch (error) {
    if (error instanceof ApiError) return error
    throw error
  }
}

export const watch: Endpoint = async (request, resource, parts) => {
  const { store, clock } = parts
  const options = parseListOptions(request.query, true)
  const selection = selectionOf(resource, options.labelSelector, options.fieldSelector)
  const representation = parts.represent(request, resource)
  const namespace = resource.type.namespaced ? scopeOf(request, selection) : ''
  const prefix = prefixOf(resource, namespace)
  const accepts = selection.matches
  const matches = (stored: Stored) =>
    (request.info.name === '' || viewOf(resource, stored).metadata.name === request.info.name) &&
    (accepts === undefined || accepts(viewOf(resource, stored)))

  await store.fresh(request)
  const { sendInitialEvents: withState } = options
  // Without state, a watch from a version to come is open and tells nothing yet.
  const refusal = withState ? await refusalOf(untilReached(options.revision, parts, request)) : undefined

  const queue = new FrameQueue({
    floor: () => store.compactedRevision,
    onBehind() {
      const { path } = request.info
      parts.log.info({ path, user: request.user.name }, 'a watch that did not keep up was ended')
      queue.end(errorFrame(gone('the watch did not keep up with what happened: list again')))
      stop()
      request.drop?.()
    },
    onOver: () => stop(),
  })
  if (refusal) queue.end(errorFrame(refusal))
  let first = true
  const push = (type: 'ADDED' | 'MODIFIED' | 'DELETED', stored: Stored) => {
    queue.push(representation.frame(type, stored, first), stored.revision)
    first = false
  }
  const onEvent = (event: StoreEvent) => {
    const { current, previous } = event
    if (event.type === 'DELETED') {
      if (matches(previous ?? current)) push('DELETED', current)
      return
    }
    const was = previous !== undefined && matches(previous)
    const is = matches(current)
    if (is) push(was ? 'MODIFIED' : 'ADDED', current)
    else if (was && previous) push('DELETED', departureOf(event, previous))
  }

  /** Conversions take their time, and events keep their order meanwhile. */
  let converting: Promise<void> = Promise.resolve()
  let waiting = 0
  const onEventOfConverted = (event: StoreEvent) => {
    const { current, previous } = event
    if (++waiting > MAX_WAITING) queue.end()
    const involved = previous ? [current, previous, departureOf(event, previous)] : [current]
    converting = converting
      .then(() => prepareViews(resource, involved))
      .then(
        () => onEvent(event),
        (error: unknown) => queue.end(errorFrame(error instanceof ApiError ? error : internalError(String(error)))),
      )
      .finally(() => (waiting -= 1))
  }

  let initial: readonly Stored[] = []
  let from = options.revision ?? store.revision
  if (withState && !refusal) {
    const page = store.list(prefix)
    initial = page.items
    if (resource.conversion) await prepareViews(resource, initial)
    from = page.revision
  }
  let handle: WatchHandle | undefined
  // What is shown in another version than it is stored in may have its fields elsewhere.
  const trigger = resource.fromStorage || resource.conversion ? undefined : selection.trigger
  try {
    handle = store.watch(prefix, {
      from,
      ...(trigger ? { trigger } : {}),
      onEvent: resource.conversion ? onEventOfConverted : onEvent,
      onEnd: error => queue.end(error.code === 'Compacted' ? errorFrame(gone(error.message)) : undefined),
    })
  } catch (error) {
    if (!(error instanceof StoreError) || error.code !== 'Compacted') throw toApiError(error, resource.type, '')
    queue.end(errorFrame(gone(`too old resource version: ${from} (${store.compactedRevision})`)))
  }

  // A bookmark is behind when something newer is not kept any more. Where the watch began need not be told.
  const bookmark = () => {
    if (store.revision <= from) return
    queue.push(representation.bookmark(bookmarkObject(resource, store.revision)), store.revision + 1)
  }
  const timeoutMs =
    options.timeoutSeconds !== undefined && options.timeoutSeconds > 0
      ? options.timeoutSeconds * 1000
      : MIN_TIMEOUT_MS * (1 + parts.random())
  const endsAt = clock.monotonic() + timeoutMs
  const cancelTimeout = afterSpread(clock, timeoutMs, () => queue.end(), parts.random)
  let cancelBookmark: () => void = () => undefined
  const scheduleBookmark = () => {
    const lastInMs = endsAt - LAST_BOOKMARK_MS - clock.monotonic()
    if (lastInMs <= 0) return
    const inMs = Math.min(BOOKMARK_INTERVAL_MS * (0.75 + parts.random() / 4), lastInMs)
    const ring = () => {
      bookmark()
      scheduleBookmark()
    }
    cancelBookmark = afterSpread(clock, inMs, ring, parts.random)
  }
  if (options.allowWatchBookmarks) scheduleBookmark()

  let stopped = false
  let ended: () => void = () => undefined
  const over = new Promise<void>(resolve => (ended = resolve))
  const stop = () => {
    stopped = true
    ended()
    handle?.close()
    cancelTimeout()
    cancelBookmark()
    initial = []
    queue.end()
    for (const signal of endings) signal.removeEventListener('abort', stop)
  }
  const endings = [request.signal, ...(resource.replaced ? [resource.replaced] : [])]
  for (const signal of endings) signal.addEventListener('abort', stop, { once: true })
  if (endings.some(({ aborted }) => aborted)) stop()

  async function* state(): AsyncGenerator<readonly Frame[], undefined> {
    const pacer = new Pacer()
    for (let start = 0; start < initial.length; start += INITIAL_BATCH) {
      const batch: Frame[] = []
      for (const stored of initial.slice(start, start + INITIAL_BATCH)) {
        if (!matches(stored)) continue
        batch.push(representation.frame('ADDED', stored, first))
        first = false
      }
      if (batch.length > 0) yield batch
      if (start + INITIAL_BATCH < initial.length) await pacer.pause()
    }
    initial = []
    // Only of a state that was sent as a whole.
    if (withState && !refusal && options.allowWatchBookmarks && !stopped)
      yield [representation.bookmark(bookmarkObject(resource, from, true))]
  }
  const frames = { ...stateThenEvents(state(), queue, stop), over }
  return { code: 200, frames, contentType: representation.contentType }
}
