// A pod on its way through the queues.
import type { Pod } from '../../../shared/api/core/v1.ts'

export interface QueuedPod {
  pod: Pod
  /** When it first came, milliseconds since the epoch. */
  readonly addedMs: number
  /** When it came, or when its last attempt failed: who waits longer goes first, and backoff counts from here. */
  waitingSinceMs: number
  /** Breaks ties: pods that come in the same millisecond leave in the order in which they came. */
  sequence: number
  attempts: number
  /** Plugins that rejected it in the last cycle. */
  rejectedBy: readonly string[]
}
