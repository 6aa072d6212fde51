// Records Events of events.k8s.io/v1 about objects, as client-go's newer broadcaster does, which upstream's scheduler uses:
// each says what was being done (`action`), and repeated ones become a series. That it began is written at once, how long
// it has become only now and then and when it is over.
import { Event, type EventSeries } from '../api/events/v1.ts'
import { type Clock, delay, formatMicroTime } from '../machinery/clock.ts'
import { byteLength } from '../machinery/names.ts'
import type { Draft, KubeObject } from '../machinery/object.ts'
import { isNotFound } from '../machinery/status.ts'
import type { Client } from './client.ts'
import { createEventNames } from './event-names.ts'
import { createEventQueue } from './event-queue.ts'
import { referenceTo, subjectOf } from './events.ts'

export interface SeriesRecorder {
  /**
   * Queues an event; returns at once.
   * @param reason short CamelCase, such as `FailedScheduling` @param action what was being done, such as `Scheduling`
   * @param related another object that has to do with it
   */
  event(
    regarding: KubeObject,
    type: 'Normal' | 'Warning',
    reason: string,
    action: string,
    note: string,
    related?: KubeObject,
  ): void
}

export interface SeriesRecorderOptions {
  readonly client: Client
  readonly clock: Clock
  /** Such as `default-scheduler`. */
  readonly reportingController: string
  /** Which of several, such as the same with the name of its host. */
  readonly reportingInstance: string
  readonly signal: AbortSignal
}

type EventDraft = Draft<Event> & { readonly metadata: { readonly namespace: string; readonly name: string } }

interface Seen {
  readonly event: EventDraft
  readonly subject: string
  series?: EventSeries
  /** When it was last observed, and last written. */
  at: number
  writtenAt: number
}

/** So long after the last of it a series is over. */
const FINISH_MS = 360_000
/** Else the API server would forget a series that goes on. */
const REFRESH_MS = 1_800_000
const MAX_REMEMBERED = 4_096
const MAX_NOTE_BYTES = 1_024
const CUT = ' ...'

/** @returns a recorder whose writes end with the signal. */
export function createSeriesRecorder(options: SeriesRecorderOptions): SeriesRecorder {
  const { client, clock, reportingController, reportingInstance, signal } = options
  const queue = createEventQueue({ clock, signal })
  const nameOf = createEventNames(clock)
  /** In the order in which they were first observed. */
  const remembered = new Map<string, Seen>()

  async function writeSeries({ event, series }: Seen): Promise<void> {
    try {
      await client.patch(Event, event.metadata, { series }, { signal })
    } catch (error) {
      if (!isNotFound(error)) throw error // expired meanwhile: it is written anew
      await client.create(Event, { ...event, ...(series && { series }) }, { signal })
    }
  }

  function pushSeries(seen: Seen): void {
    seen.writtenAt = clock.monotonic()
    queue.push(seen.subject, () => () => writeSeries(seen))
  }

  function forget(key: string, seen: Seen): void {
    remembered.delete(key)
    if (seen.series) pushSeries(seen)
  }

  /** Counts it at once, whatever is still being written. */
  function record(event: EventDraft, subject: string): void {
    const key = keyOf(event)
    const at = clock.monotonic()
    const seen = remembered.get(key)
    if (!seen) {
      remembered.set(key, { event, subject, at, writtenAt: at })
      const [oldest] = remembered.size > MAX_REMEMBERED ? remembered : []
      if (oldest) forget(...oldest)
      return queue.push(subject, () => () => client.create(Event, event, { signal }))
    }
    const begins = seen.series === undefined
    seen.series = { count: (seen.series?.count ?? 1) + 1, lastObservedTime: event.eventTime }
    seen.at = at
    if (begins) pushSeries(seen)
  }

  async function keepUp(): Promise<void> {
    while (!signal.aborted) {
      await delay(clock, FINISH_MS, signal)
      const now = clock.monotonic()
      for (const [key, seen] of remembered) {
        if (now - seen.at >= FINISH_MS) forget(key, seen)
        else if (seen.series && now - seen.writtenAt >= REFRESH_MS) pushSeries(seen)
      }
    }
  }
  void keepUp().catch(() => undefined) // aborted

  return {
    event(object, type, reason, action, note, relatedObject) {
      const regarding = referenceTo(object)
      const metadata = { namespace: regarding.namespace || 'default', name: nameOf(object.metadata.name) }
      const event: EventDraft = {
        metadata,
        eventTime: formatMicroTime(clock.now()),
        reportingController,
        reportingInstance,
        action,
        reason,
        regarding,
        ...(relatedObject && { related: referenceTo(relatedObject) }),
        note: shortened(note),
        type,
      }
      record(event, subjectOf(regarding))
    },
  }
}

/** The note does not count: of one cause there may be many. */
const keyOf = ({ type, action, reason, regarding, related }: EventDraft): string =>
  JSON.stringify([type, action, reason, regarding, related])

function shortened(note: string): string {
  if (byteLength(note) <= MAX_NOTE_BYTES) return note
  const bytes = new TextEncoder().encode(note).subarray(0, MAX_NOTE_BYTES - CUT.length)
  // What is left of a character that was cut apart goes.
  return new TextDecoder().decode(bytes, { stream: true }) + CUT
}
