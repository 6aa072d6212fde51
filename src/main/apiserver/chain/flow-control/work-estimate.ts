// How many seats a request is reckoned to take: more for lists of much, and for a moment afterwards for changes that
// many watch.
// @see https://kubernetes.io/docs/concepts/cluster-administration/flow-control/#seats-occupied-by-a-request
import type { AuthorizationAttributes } from '../../authz/contract.ts'

export interface WorkEstimate {
  /** While it is worked on. */
  readonly seats: number
  /** After its answer, while its watchers are told. */
  readonly finalSeats: number
  /** How long that takes. */
  readonly finalMs: number
}

/** What the estimate goes by. */
export interface WorkFacts {
  /** How many objects a list has to go through, and how large they are; undefined for what is not stored here. */
  stored(at: AuthorizationAttributes): { readonly count: number; readonly averageBytes: number } | undefined
  watchers(at: AuthorizationAttributes): number
}

const BYTES_PER_SEAT = 100_000
/** A list is written as it is made: more of it is not in memory at a time. */
const MOST_BYTES_AT_ONCE = 1_000_000
const MOST_LIST_SEATS = 100
const MOST_FINAL_SEATS = 10
const WATCHES_PER_SEAT = 10
/** How long a seat is taken to tell so many watchers. */
const EVENT_MS = 5

const ONE: WorkEstimate = { seats: 1, finalSeats: 0, finalMs: 0 }
/** Verbs whose watchers are told. */
export const MUTATING: ReadonlySet<string> = new Set(['create', 'update', 'patch', 'delete'])

const isTrue = (value: string | null) => value !== null && value !== '0' && value.toLowerCase() !== 'false'

/** A watch from a version on sends no state. */
function sendsState({ verb }: AuthorizationAttributes, query: URLSearchParams): boolean {
  const version = query.get('resourceVersion') ?? ''
  return verb === 'list' || isTrue(query.get('sendInitialEvents')) || version === '' || version === '0'
}

/** @param most seats that one request of the level may take; 0 = no bound of its own */
export function estimateWork(
  at: AuthorizationAttributes,
  query: URLSearchParams,
  facts: WorkFacts,
  most: number,
): WorkEstimate {
  if (!at.isResource) return ONE
  if (at.verb === 'list' || at.verb === 'watch') {
    if (at.name !== '' || !sendsState(at, query)) return ONE
    const stored = facts.stored(at)
    if (!stored) return ONE
    const limit = Number(query.get('limit') ?? 0)
    const objects = limit > 0 ? Math.min(limit, stored.count) : stored.count
    const bytes = Math.min(objects * stored.averageBytes, MOST_BYTES_AT_ONCE)
    const seats = Math.min(Math.ceil(bytes / BYTES_PER_SEAT), most || MOST_LIST_SEATS, MOST_LIST_SEATS)
    return seats > 1 ? { ...ONE, seats } : ONE
  }
  // A token for a service account changes nothing that is watched.
  if (!MUTATING.has(at.verb) || (at.resource === 'serviceaccounts' && at.subresource === 'token')) return ONE
  const watchers = facts.watchers(at)
  if (watchers < WATCHES_PER_SEAT) return ONE
  const wanted = Math.ceil(watchers / WATCHES_PER_SEAT)
  const finalSeats = Math.min(wanted, most || MOST_FINAL_SEATS, MOST_FINAL_SEATS)
  return { seats: 1, finalSeats, finalMs: (wanted * EVENT_MS) / finalSeats }
}
