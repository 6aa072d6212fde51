// When an event was last seen, and how often; the API has several fields for each.
import type { Event } from '../../shared/api/core/v1.ts'

export const eventTime = (event: Event): string | undefined =>
  event.series?.lastObservedTime ??
  event.lastTimestamp ??
  event.eventTime ??
  event.firstTimestamp ??
  event.metadata.creationTimestamp

export const eventCount = (event: Event): number => event.series?.count ?? event.count ?? 1
