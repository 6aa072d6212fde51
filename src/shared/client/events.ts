// Records Events of the core group about objects, as client-go's older broadcaster does: repeated events are counted on one
// object, floods are folded together, and nobody waits for the write.
import { Event, type ObjectReference } from '../api/core/v1.ts'
import { type Clock, formatTime } from '../machinery/clock.ts'
import type { KubeObject } from '../machinery/object.ts'
import { isNotFound } from '../machinery/status.ts'
import type { Client } from './client.ts'
import { EventCorrelator, type EventDraft } from './event-correlator.ts'
import { createEventNames } from './event-names.ts'
import { createEventQueue } from './event-queue.ts'

export interface EventRecorder {
  /**
   * Queues an event; returns at once.
   * @param about an object, or a reference with a `fieldPath` such as `spec.containers{web}`
   * @param reason short CamelCase, such as `FailedCreate`
   */
  event(about: KubeObject | ObjectReference, type: 'Normal' | 'Warning', reason: string, message: string): void
}

export interface EventRecorderOptions {
  readonly client: Client
  readonly clock: Clock
  /** Shown as the event's source, such as `replicaset-controller`. */
  readonly component: string
  /** The node that reports, if it is one. */
  readonly host?: string
  readonly signal: AbortSignal
}

/** Upstream truncates longer messages rather than losing the event. */
const MAX_MESSAGE = 1_024

/** @returns a recorder whose writes end with the signal. */
export function createEventRecorder({ client, clock, component, host, signal }: EventRecorderOptions): EventRecorder {
  const correlator = new EventCorrelator(clock)
  const queue = createEventQueue({ clock, signal })
  const nameOf = createEventNames(clock)

  function prepare(given: EventDraft): (() => Promise<void>) | undefined {
    const correlated = correlator.correlate(given)
    if (!correlated) return undefined
    const { key, event, recorded } = correlated
    return async () => correlator.written(key, await send(event, recorded))
  }

  async function send(event: EventDraft, recorded: string | undefined): Promise<string> {
    const { namespace } = event.metadata
    if (recorded) {
      const { count, lastTimestamp, message } = event
      try {
        await client.patch(Event, { namespace, name: recorded }, { count, lastTimestamp, message }, { signal })
        return recorded
      } catch (error) {
        if (!isNotFound(error)) throw error // expired meanwhile: it starts again
      }
    }
    return (await client.create(Event, event, { signal })).metadata.name
  }

  return {
    event(about, type, reason, message) {
      const involvedObject = 'metadata' in about ? referenceTo(about) : about
      const time = formatTime(clock.now())
      const event: EventDraft = {
        metadata: { namespace: involvedObject.namespace || 'default', name: nameOf(involvedObject.name ?? '') },
        involvedObject,
        reason,
        message: message.length > MAX_MESSAGE ? `${message.slice(0, MAX_MESSAGE - 3)}...` : message,
        type,
        count: 1,
        firstTimestamp: time,
        lastTimestamp: time,
        source: { component, ...(host ? { host } : {}) },
        reportingComponent: component,
        reportingInstance: host ?? '',
      }
      queue.push(subjectOf(involvedObject), () => prepare(event))
    },
  }
}

/** @returns what tells the object from others */
export const subjectOf = ({ kind, namespace, name, uid }: ObjectReference): string =>
  uid ?? `${kind}/${namespace}/${name}`

/** @returns a reference to the object as events carry it. */
export const referenceTo = ({ apiVersion, kind, metadata }: KubeObject): ObjectReference => ({
  kind,
  ...(metadata.namespace ? { namespace: metadata.namespace } : {}),
  name: metadata.name,
  uid: metadata.uid,
  apiVersion,
  resourceVersion: metadata.resourceVersion,
})
