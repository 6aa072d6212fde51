// endpointslicemirroring: EndpointSlices of Endpoints that are written by hand, for Services without a selector.
import { Endpoints, Service } from '../../../shared/api/core/v1.ts'
import { EndpointSlice } from '../../../shared/api/discovery/v1.ts'
import type { ObjectRef } from '../../../shared/client/client.ts'
import type { Index } from '../../../shared/client/lister.ts'
import { keyOf } from '../../../shared/client/object-key.ts'
import {
  type Change,
  type ControllerContext,
  type Reconciler,
  type Result,
  done,
  mapped,
  own,
  requeueAfter,
} from '../../../shared/client/reconciler.ts'
import type { Clock } from '../../../shared/machinery/clock.ts'
import { isNamespaceTerminating, isNotFound } from '../../../shared/machinery/status.ts'
import { MANAGED_BY, SERVICE_NAME } from '../endpointslice/slice.ts'
import { SliceTracker } from '../endpointslice/tracker.ts'
import { MAX_PER_SUBSET, MIRROR_MANAGER, mirrorSlice, mirrorsOf, planMirrors } from './mirror.ts'

const SKIP_MIRROR = 'endpointslice.kubernetes.io/skip-mirror'
const LEADER = 'control-plane.alpha.kubernetes.io/leader'
/** Enough for the watch to bring what was just written. */
const CACHE_LAG_MS = 50

const slicesByEndpoints: Index<EndpointSlice> = {
  name: 'mirroredService',
  values: ({ metadata: { namespace, labels } }) =>
    labels?.[MANAGED_BY] === MIRROR_MANAGER && labels[SERVICE_NAME]
      ? [keyOf({ namespace, name: labels[SERVICE_NAME] })]
      : [],
}

export class EndpointSliceMirroringController implements Reconciler<Endpoints> {
  readonly name = 'endpointslicemirroring'
  readonly eventSource = 'endpoint-slice-mirroring-controller'
  readonly type = Endpoints
  readonly watches = [
    own(Endpoints),
    mapped(Service, ({ object, old }) =>
      old && Boolean(old.spec.selector) === Boolean(object.spec.selector) ? [] : [object.metadata],
    ),
    mapped<EndpointSlice>(EndpointSlice, change => this.#sliceChanged(change)),
  ]
  readonly #tracker: SliceTracker

  constructor(clock: Clock) {
    this.#tracker = new SliceTracker(clock)
  }

  async reconcile(endpoints: Endpoints, context: ControllerContext): Promise<Result> {
    const key = keyOf(endpoints.metadata)
    const slices = context.lister(EndpointSlice).by(slicesByEndpoints, key)
    if (!this.#tracker.isCurrent(key, slices)) return requeueAfter(CACHE_LAG_MS)
    const service = context.lister(Service).get(endpoints.metadata)
    if (!isMirrored(endpoints, service)) {
      for (const slice of slices) await this.#delete(context, key, slice)
      return done
    }
    const { client, events, signal } = context
    const { mirrors, skipped } = mirrorsOf(endpoints)
    if (skipped > 0)
      events.event(
        endpoints,
        'Warning',
        'TooManyAddressesToMirror',
        `A max of ${MAX_PER_SUBSET} addresses can be mirrored to EndpointSlices per Endpoints subset. ${skipped} addresses were skipped`,
      )
    try {
      const present = slices.filter(slice => !slice.metadata.deletionTimestamp)
      const plan = planMirrors(endpoints, present, mirrors)
      for (const mirror of plan.create)
        this.#tracker.written(key, await client.create(EndpointSlice, mirrorSlice(endpoints, mirror), { signal }))
      for (const { slice, mirror } of plan.update) {
        const { metadata, ...rest } = mirrorSlice(endpoints, mirror)
        const { generateName: _, ...own } = metadata
        const next = { ...slice, ...rest, metadata: { ...slice.metadata, ...own } }
        this.#tracker.written(key, await client.update(EndpointSlice, next, { signal }))
      }
      for (const slice of plan.delete) await this.#delete(context, key, slice)
    } catch (error) {
      if (isNamespaceTerminating(error)) return done
      const why = error instanceof Error ? error.message : String(error)
      const message = `Error updating Endpoint Slices for Endpoints ${key}: ${why}`
      events.event(endpoints, 'Warning', 'FailedToUpdateEndpointSlices', message)
      throw error
    }
    return done
  }

  async gone(ref: ObjectRef, context: ControllerContext): Promise<undefined> {
    const key = keyOf(ref)
    for (const slice of context.lister(EndpointSlice).by(slicesByEndpoints, key))
      await this.#delete(context, key, slice)
    this.#tracker.forget(key)
  }

  async #delete({ client, signal }: ControllerContext, key: string, slice: EndpointSlice): Promise<void> {
    const { namespace, name, uid } = slice.metadata
    this.#tracker.deleting(key, slice)
    try {
      await client.delete(EndpointSlice, { namespace, name }, { preconditions: { uid }, signal })
    } catch (error) {
      if (!isNotFound(error)) throw error
    }
  }

  #sliceChanged({ type, object, old }: Change<EndpointSlice>): ObjectRef[] {
    const keys = new Set([object, ...(old ? [old] : [])].flatMap(slice => slicesByEndpoints.values(slice)))
    return [...keys].flatMap(key => {
      const expected =
        type === 'deleted' ? this.#tracker.deletionSeen(key, object) : this.#tracker.isOurWrite(key, object)
      const [namespace = '', name = ''] = key.split('/')
      return expected ? [] : [{ namespace, name }]
    })
  }
}

/** Not those that a controller writes, nor those that only elect a leader. */
const isMirrored = ({ metadata }: Endpoints, service: Service | undefined): boolean =>
  service !== undefined &&
  service.spec.selector === undefined &&
  metadata.deletionTimestamp === undefined &&
  metadata.labels?.[SKIP_MIRROR] !== 'true' &&
  metadata.annotations?.[LEADER] === undefined
