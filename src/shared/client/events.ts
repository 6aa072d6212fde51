// Records Events about objects, as client-go's broadcaster does: repeated events are counted on one object, floods are
// folded together, and nobody waits for the write. Events about one object are written in their order, those about
// others meanwhile: one write that fails and is tried again, or a server that takes its time, holds up nobody else.
//
// A few are written as they come. A crowd waits a moment and is written together, which costs a third less than one now
// and then between other writes, and keeps it out of the way of what it tells of.
import { Event, type ObjectReference } from '../api/core/v1.ts'
import { type Clock, delay, formatTime } from '../machinery/clock.ts'
import type { KubeObject } from '../machinery/object.ts'
import { ApiError, isNotFound } from '../machinery/status.ts'
import type { Client } from './client.ts'
import { EventCorrelator, type EventDraft } from './event-correlator.ts'

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

const MAX_QUEUED = 1_000
/** Writes at the same time. */
const MAX_WRITING = 16
/** So many are written as they come before others wait, for so long. */
const FEW = 16
const GATHER_MS = 200
const MAX_ATTEMPTS = 12
const RETRY_MS = 10_000
/** Upstream truncates longer messages rather than losing the event. */
const MAX_MESSAGE = 1_024

/** @returns a recorder whose writes end with the signal. */
export function createEventRecorder({ client, clock, component, host, signal }: EventRecorderOptions): EventRecorder {
  const correlator = new EventCorrelator(clock)
  const queue: EventDraft[] = []
  /** Uids of the objects that something is being written about. */
  const busy = new Set<string>()
  /** How many more may go before `nextBunchMs`; whatever waits then goes with the next. */
  let room = 0
  let nextBunchMs = Number.NEGATIVE_INFINITY
  let gathering = false
  let sequence = 0

  function drain(): void {
    const nowMs = clock.monotonic()
    if (nowMs >= nextBunchMs) {
      room = Math.max(FEW, queue.length)
      nextBunchMs = nowMs + GATHER_MS
    }
    while (room > 0 && busy.size < MAX_WRITING && !signal.aborted) {
      const next = queue.findIndex(event => !busy.has(uidOf(event)))
      const [event] = next < 0 ? [] : queue.splice(next, 1)
      if (!event) return
      room--
      busy.add(uidOf(event))
      void write(event).finally(() => {
        busy.delete(uidOf(event))
        drain()
      })
    }
    if (room === 0 && queue.length > 0 && !gathering) void gather(nextBunchMs - nowMs)
  }

  async function gather(forMs: number): Promise<void> {
    gathering = true
    await delay(clock, forMs, signal).catch(() => undefined) // aborted: nothing is written any more
    gathering = false
    drain()
  }

  async function write(given: EventDraft): Promise<void> {
    const correlated = correlator.correlate(given)
    if (!correlated) return
    for (let attempt = 1; attempt <= MAX_ATTEMPTS && !signal.aborted; attempt++) {
      try {
        correlator.written(correlated.key, await send(correlated.event, correlated.recorded))
        return
      } catch (error) {
        // The server answered and said no (the namespace goes away, …): trying again cannot help.
        if (signal.aborted || (error instanceof ApiError && error.code < 500 && error.code !== 429)) return
        await delay(clock, RETRY_MS, signal).catch(() => undefined) // aborted: the loop ends
      }
    }
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
      if (queue.length >= MAX_QUEUED || signal.aborted) return
      const involvedObject = 'metadata' in about ? referenceTo(about) : about
      const now = clock.now()
      const time = formatTime(now)
      // Unique among the events of this object: the time in nanoseconds, the last digits of which are counted.
      const stamp = (BigInt(Math.trunc(now)) * 1_000_000n + BigInt(sequence++ % 1_000_000)).toString(16)
      queue.push({
        metadata: { namespace: involvedObject.namespace || 'default', name: `${involvedObject.name ?? ''}.${stamp}` },
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
      })
      drain()
    },
  }
}

const uidOf = ({ involvedObject: { kind, namespace, name, uid } }: EventDraft): string =>
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
