// How `kubectl get events` shows an event.
import type { Event } from '../../../../shared/api/core/v1.ts'
import { humanSince } from '../../../../shared/machinery/human-duration.ts'
import type { Column } from '../resource.ts'
import { nameColumn, text, wide } from './common.ts'

const firstSeen = (event: Event, nowMs: number) => humanSince(event.firstTimestamp || event.eventTime, nowMs)

function lastSeen(event: Event, nowMs: number): string {
  if (event.series) return humanSince(event.series.lastObservedTime, nowMs)
  return event.lastTimestamp ? humanSince(event.lastTimestamp, nowMs) : firstSeen(event, nowMs)
}

function target(event: Event): string {
  const { kind = '', name } = event.involvedObject ?? {}
  return name ? `${kind.toLowerCase()}/${name}` : kind.toLowerCase()
}

function source(event: Event): string {
  const component = event.source?.component || event.reportingComponent || ''
  const instance = event.source?.host || event.reportingInstance
  return instance ? `${component}, ${instance}` : component
}

export const eventColumns: readonly Column<Event>[] = [
  text('Last Seen', 'Time since it happened last.', lastSeen),
  text('Type', 'Normal or Warning.', event => event.type ?? ''),
  text('Reason', 'Why it happened, in one word.', event => event.reason ?? ''),
  text('Object', 'What it happened to.', target),
  wide(text('Subobject', 'Part of the object.', event => event.involvedObject?.fieldPath ?? '')),
  wide(text('Source', 'Component that reported it.', source)),
  text('Message', 'What happened.', event => (event.message ?? '').trim()),
  wide(text('First Seen', 'Time since it happened first.', firstSeen)),
  wide(text('Count', 'How often it happened.', event => event.series?.count ?? (event.count || 1))),
  wide(nameColumn),
]
