// Decides what becomes of an event: written anew, counted on an earlier one, folded into "similar events", or dropped.
// The numbers are client-go's.
import type { Event } from '../api/core/v1.ts'
import type { Clock } from '../machinery/clock.ts'
import type { Draft } from '../machinery/object.ts'
import { RecentlyUsed } from '../machinery/recently-used.ts'
import { type TokenBucket, createTokenBucket } from './rate-limiter.ts'

export type EventDraft = Draft<Event> & { readonly metadata: { readonly namespace: string; readonly name: string } }

export interface Correlated {
  /** What the event is remembered by. */
  readonly key: string
  readonly event: EventDraft
  /** Name of the object that counts this event already; undefined = create it. */
  readonly recorded: string | undefined
}

interface Seen {
  count: number
  readonly firstTimestamp: string | undefined
  name: string | undefined
}

interface Similar {
  readonly messages: Set<string>
  at: number
}

const MAX_REMEMBERED = 4_096
/** Events per object and source: a burst of 25, then one every five minutes. */
const SPAM_BURST = 25
const SPAM_PER_SECOND = 1 / 300
/** From the 11th different message within ten minutes on, they are folded. */
const MAX_SIMILAR = 10
const SIMILAR_MS = 600_000

export class EventCorrelator {
  readonly #clock: Clock
  readonly #buckets = new RecentlyUsed<TokenBucket>(MAX_REMEMBERED)
  readonly #similar = new RecentlyUsed<Similar>(MAX_REMEMBERED)
  readonly #seen = new RecentlyUsed<Seen>(MAX_REMEMBERED)

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** @returns undefined when the event is dropped as spam */
  correlate(given: EventDraft): Correlated | undefined {
    const { message, key } = this.#aggregate(given)
    const seen = this.#seen.use(key, () => ({ count: 0, firstTimestamp: given.firstTimestamp, name: undefined }))
    seen.count += 1
    const bucket = this.#buckets.use(spamKey(given), () => createTokenBucket(this.#clock, SPAM_PER_SECOND, SPAM_BURST))
    if (!bucket.tryTake()) return undefined
    const { firstTimestamp } = seen
    const event = { ...given, message, count: seen.count, ...(firstTimestamp ? { firstTimestamp } : {}) }
    return { key, event, recorded: seen.name }
  }

  /** The event was stored under this name. */
  written(key: string, name: string): void {
    const seen = this.#seen.get(key)
    if (seen) seen.name = name
  }

  #aggregate(event: EventDraft): { key: string; message: string } {
    const message = event.message ?? ''
    const group = groupKey(event)
    const now = this.#clock.monotonic()
    const similar = this.#similar.use(group, () => ({ messages: new Set<string>(), at: now }))
    if (now - similar.at > SIMILAR_MS) similar.messages.clear()
    similar.at = now
    similar.messages.add(message)
    if (similar.messages.size < MAX_SIMILAR) return { key: JSON.stringify([group, message]), message }
    // Only the number of different messages matters: forget one, so that the set stays bounded.
    for (const oldest of similar.messages) {
      similar.messages.delete(oldest)
      break
    }
    return { key: group, message: `(combined from similar events): ${message}` }
  }
}

const spamKey = ({ source, involvedObject: { kind, namespace, name, uid, apiVersion } }: EventDraft): string =>
  JSON.stringify([source?.component, source?.host, kind, namespace, name, uid, apiVersion])

const groupKey = (event: EventDraft): string =>
  JSON.stringify([
    spamKey(event),
    event.involvedObject.fieldPath,
    event.type,
    event.reason,
    event.reportingComponent,
    event.reportingInstance,
  ])
