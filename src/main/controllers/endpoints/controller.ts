// endpoints: the legacy Endpoints object of every Service that has a selector.
import { Endpoints, Pod, Service } from '../../../shared/api/core/v1.ts'
import type { ObjectRef } from '../../../shared/client/client.ts'
import {
  type ControllerContext,
  type Reconciler,
  type Result,
  done,
  mapped,
  own,
} from '../../../shared/client/reconciler.ts'
import { deepEqual } from '../../../shared/machinery/deep-equal.ts'
import { isAlreadyExists, isNamespaceTerminating, isNotFound, isReason } from '../../../shared/machinery/status.ts'
import { HEADLESS_LABEL, isHeadless, podsBehind, servicesOfPod } from '../support/service-pods.ts'
import { TriggerTimes, withTriggerTime } from '../support/trigger-times.ts'
import { MAX_ADDRESSES, subsetsOf } from './subsets.ts'

const MANAGED_BY = 'endpoints.kubernetes.io/managed-by'
const OVER_CAPACITY = 'endpoints.kubernetes.io/over-capacity'

export class EndpointsController implements Reconciler<Service> {
  readonly name = 'endpoints'
  readonly identity = 'endpoint-controller'
  readonly type = Service
  readonly watches = [
    own(Service),
    mapped(Pod, servicesOfPod),
    // Somebody changed or deleted them by hand.
    mapped(Endpoints, ({ object }, { lister }) => (lister(Service).get(object.metadata) ? [object.metadata] : [])),
  ]
  readonly #triggers = new TriggerTimes()

  async reconcile(service: Service, context: ControllerContext): Promise<Result> {
    if (!service.spec.selector || service.spec.type === 'ExternalName') return done
    const pods = podsBehind(service, context)
    const trigger = this.#triggers.of(service, pods)
    const { subsets, truncated } = subsetsOf(service, pods)
    const { namespace, name } = service.metadata
    const current = context.lister(Endpoints).get(service.metadata)
    const labels: Record<string, string> = { ...service.metadata.labels, [MANAGED_BY]: 'endpoint-controller' }
    delete labels[HEADLESS_LABEL]
    if (isHeadless(service)) labels[HEADLESS_LABEL] = ''
    const capacity = current?.metadata.annotations?.[OVER_CAPACITY]
    const same =
      current &&
      deepEqual(current.subsets, subsets, { emptyIsAbsent: true }) &&
      deepEqual(current.metadata.labels, labels) &&
      (capacity === 'truncated') === truncated
    if (same) return done
    const annotations = withTriggerTime(current?.metadata.annotations, trigger)
    delete annotations[OVER_CAPACITY]
    if (truncated) {
      annotations[OVER_CAPACITY] = 'truncated'
      const message = `Endpoints exceeds the maximum of ${MAX_ADDRESSES} addresses and was truncated`
      context.events.event(service, 'Warning', 'EndpointsTruncated', message)
    }
    await write(context, service, current, { metadata: { namespace, name, labels, annotations }, subsets })
    return done
  }

  async gone(ref: ObjectRef, { client, lister, signal }: ControllerContext): Promise<undefined> {
    this.#triggers.forget(ref)
    // Also where somebody else had written them.
    const current = lister(Endpoints).get(ref)
    if (!current) return
    try {
      await client.delete(Endpoints, ref, { preconditions: { uid: current.metadata.uid }, signal })
    } catch (error) {
      if (!isNotFound(error) && !isReason(error, 'Conflict')) throw error
    }
  }
}

type Wanted = Pick<Endpoints, 'subsets'> & {
  metadata: { namespace: string; name: string; labels: Record<string, string>; annotations: Record<string, string> }
}

async function write(
  { client, events, signal }: ControllerContext,
  service: Service,
  current: Endpoints | undefined,
  wanted: Wanted,
): Promise<void> {
  try {
    if (!current) await client.create(Endpoints, wanted, { signal })
    else {
      const metadata = { ...current.metadata, ...wanted.metadata }
      await client.update(Endpoints, { ...current, metadata, subsets: wanted.subsets ?? [] }, { signal })
    }
  } catch (error) {
    if (isNamespaceTerminating(error)) return
    if (!isAlreadyExists(error) && !isReason(error, 'Conflict')) {
      const [verb, reason] = current ? ['update', 'FailedToUpdateEndpoint'] : ['create', 'FailedToCreateEndpoint']
      const why = error instanceof Error ? error.message : String(error)
      const what = `Failed to ${verb} endpoint ${service.metadata.namespace}/${service.metadata.name}: ${why}`
      events.event(service, 'Warning', reason, what)
    }
    throw error
  }
}
