// What an event says, as anybody may write one; when it was last seen, and how often: the API has several fields for each.
import type { Event } from '../../shared/api/core/v1.ts'
import { plainText } from '../plain-text.ts'

export const eventReason = ({ reason }: Event): string => plainText(reason ?? '')
/** What many of the same are told as begins so; how many they are is told beside it. */
const COMBINED = '(combined from similar events): '
export const eventMessage = ({ message = '' }: Event): string =>
  plainText(message.startsWith(COMBINED) ? message.slice(COMBINED.length) : message)

export const eventTime = (event: Event): string | undefined =>
  event.series?.lastObservedTime ??
  event.lastTimestamp ??
  event.eventTime ??
  event.firstTimestamp ??
  event.metadata.creationTimestamp

export const eventCount = (event: Event): number => event.series?.count ?? event.count ?? 1
