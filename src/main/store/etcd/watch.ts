// The one watch of an engine: every transaction of the cluster, ours and others', in revision order and without a gap,
// however often the connection breaks in between.
import { type Clock, delay } from '../../../shared/machinery/clock.ts'
import { StoreError } from '../contract.ts'
import { endlessly } from '../../pieces/pacer.ts'
import type { EtcdConnection } from './connection.ts'
import type { KeySpace } from './key-space.ts'
import { watchMethod, type WatchEvent } from './messages.ts'

export interface WatchParts {
  readonly connection: EtcdConnection
  readonly space: KeySpace
  readonly clock: Clock
  /** Newest revision that was delivered: the watch goes on after it. */
  readonly revision: () => number
  /** All events of one revision. */
  readonly onTransaction: (revision: number, events: readonly WatchEvent[]) => void
  /** The watch stands, and everything from now on will be delivered. */
  readonly onUp: () => void
  /** The watch broke and will be tried again. */
  readonly onDown: (error: unknown) => void
  /** What follows `revision()` is compacted away. Makes `revision()` newer before it resolves. */
  readonly onGap: (compactedRevision: number) => Promise<void>
  /** Refuses to go on, by throwing, when this is not the etcd that it was. */
  readonly check: () => Promise<void>
  readonly openTimeoutMs: number
}

const FIRST_PAUSE_MS = 50
const LAST_PAUSE_MS = 1_000

/** Runs until the signal aborts; never rejects. */
export async function followEvents(parts: WatchParts, signal: AbortSignal): Promise<void> {
  let pauseMs = FIRST_PAUSE_MS
  while (!signal.aborted) {
    try {
      await parts.check()
      const gap = await followOnce(parts, signal, () => (pauseMs = FIRST_PAUSE_MS))
      if (gap > 0) await parts.onGap(gap)
    } catch (error) {
      if (signal.aborted) return
      parts.onDown(error)
      await delay(parts.clock, pauseMs, signal).catch(() => undefined)
      pauseMs = Math.min(pauseMs * 2, LAST_PAUSE_MS)
    }
  }
}

/** @returns the compacted revision when the watch can go on only after a gap */
async function followOnce(parts: WatchParts, signal: AbortSignal, onCreated: () => void): Promise<number> {
  const { connection, space, clock } = parts
  const { stream, fail } = await connection.stream(watchMethod)
  stream.on('error', () => undefined) // the loop below sees it; a late one after cancel() is of no interest
  const cancel = () => stream.cancel()
  signal.addEventListener('abort', cancel, { once: true })
  let cancelTimeout = clock.after(parts.openTimeoutMs, cancel)
  const pacer = endlessly()
  try {
    if (signal.aborted) return 0
    const { start: key, end: rangeEnd } = space
    stream.write({ createRequest: { key, rangeEnd, startRevision: parts.revision() + 1, prevKv: true } })
    for await (const response of stream) {
      if (response.compactRevision > 0) return response.compactRevision
      if (response.canceled) throw new StoreError('Unavailable', `etcd ended the watch: ${response.cancelReason}`)
      if (response.created) {
        cancelTimeout()
        cancelTimeout = () => undefined
        onCreated()
        parts.onUp()
      }
      for (const [revision, events] of byRevision(response.events)) {
        // After a reconnect to a member that lags, etcd may tell again what it has told.
        if (revision > parts.revision()) parts.onTransaction(revision, events)
        if (pacer.due) await pacer.pause()
      }
    }
    throw new StoreError('Unavailable', 'etcd closed the watch')
  } catch (error) {
    if (!signal.aborted) fail()
    throw error
  } finally {
    cancelTimeout()
    signal.removeEventListener('abort', cancel)
    stream.cancel()
  }
}

/** A response holds whole revisions only, in order. */
function* byRevision(events: readonly WatchEvent[]): Generator<[number, readonly WatchEvent[]]> {
  for (let from = 0; from < events.length;) {
    const revision = events[from]?.kv.modRevision ?? 0
    let to = from + 1
    while (events[to]?.kv.modRevision === revision) to++
    yield [revision, events.slice(from, to)]
    from = to
  }
}
