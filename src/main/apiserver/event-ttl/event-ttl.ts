// Events are kept for an hour after they were written last, as upstream's API server keeps them; then the store forgets
// them. An engine that has leases deletes them by itself; on the others, and what was put there without a lease (by a
// migration, by a longer setting before), they are looked for here. Where several API servers share an engine, each does
// it: what the other was quicker with is no error.
import { type Clock } from '../../../shared/machinery/clock.ts'
import type { AnyObject } from '../../../shared/machinery/object.ts'
import { type ObjectStore, type Stored, StoreError } from '../../store/contract.ts'
import type { StoreLog } from '../../store/log.ts'
import { Pacer } from '../../pieces/pacer.ts'

export const DEFAULT_EVENT_TTL_MS = 3_600_000
const PREFIX = '/registry/core/events/'
/** How late one may go. */
const LOOK_EVERY_MS = 30_000
/** How late one with a lease may go. */
const LEASED_LATE_MS = 120_000
/** Deleted at the same time: they share a sync of the disk. */
const AT_ONCE = 64

/** The time to live of what is stored under a key, for the store. */
export const eventTtl =
  (ttlMs: number) =>
  (key: string): number | undefined =>
    key.startsWith(PREFIX) ? ttlMs : undefined

export interface EventTtlOptions {
  readonly store: ObjectStore
  readonly ttlMs: number
  readonly clock: Clock
  readonly log: StoreLog
}

export class EventTtl implements AsyncDisposable {
  readonly #options: EventTtlOptions
  #cancel: () => void = () => undefined
  #looking: Promise<void> = Promise.resolve()
  #ended = false

  constructor(options: EventTtlOptions) {
    this.#options = options
    this.#wait()
  }

  #wait(): void {
    if (this.#ended) return
    const { clock, log } = this.#options
    this.#cancel = clock.after(LOOK_EVERY_MS, () => {
      this.#looking = this.#forget()
        .catch((error: unknown) => log.warn({ err: error }, 'Events that are too old could not be deleted'))
        .finally(() => this.#wait())
    })
  }

  async #forget(): Promise<void> {
    const { store, clock } = this.#options
    const ttlMs = this.#options.ttlMs + (store.expires ? LEASED_LATE_MS : 0)
    const nowMs = clock.now()
    const pacer = new Pacer()
    let old: Stored[] = []
    const flush = async () => {
      const deletions = old.map(({ key, revision }) => store.delete(key, revision).catch(ignoreOthers))
      old = []
      await Promise.all(deletions)
    }
    for (const stored of store.list(PREFIX).items) {
      if (this.#ended) return
      if (writtenMs(stored.object, nowMs) + ttlMs <= nowMs) old.push(stored)
      if (old.length === AT_ONCE) await flush()
      if (pacer.due) await pacer.pause()
    }
    await flush()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ended = true
    this.#cancel()
    await this.#looking
  }
}

/** Counted on, or deleted, meanwhile. */
function ignoreOthers(error: unknown): void {
  if (!(error instanceof StoreError) || !['RevisionConflict', 'KeyNotFound'].includes(error.code)) throw error
}

interface Times {
  readonly lastTimestamp?: string | null
  readonly eventTime?: string | null
  readonly series?: { readonly lastObservedTime?: string } | null
}

/** When it was written last, as far as it tells; what its writer says is to come does not count. */
export function writtenMs(object: AnyObject, nowMs: number): number {
  const { lastTimestamp, eventTime, series } = object as unknown as Times
  const { creationTimestamp, managedFields = [] } = object.metadata
  const told = [
    creationTimestamp,
    lastTimestamp,
    eventTime,
    series?.lastObservedTime,
    ...managedFields.map(({ time }) => time),
  ]
  return Math.max(0, ...told.map(time => Date.parse(time ?? '')).filter(ms => ms <= nowMs))
}
