// Who is told of what: watchers by key prefix, each told in revision order, none at the others' expense.
import type { EventRing } from './event-ring.ts'
import { StoreError, type StoreEvent, type WatchHandle, type WatchOptions } from './contract.ts'

/** Time that one slice of catching up may take. */
const SLICE_MS = 5

class Watcher implements WatchHandle {
  readonly prefix: string
  readonly options: WatchOptions
  /** Newest revision that the watcher has been told of or that does not concern it. */
  told: number
  /** Told directly at each commit; before that, it still catches up from the ring. */
  live = false
  closed = false
  readonly #forget: (watcher: Watcher) => void

  constructor(prefix: string, options: WatchOptions, forget: (watcher: Watcher) => void) {
    this.prefix = prefix
    this.options = options
    this.told = options.from
    this.#forget = forget
  }

  close(): void {
    this.closed = true
    this.#forget(this)
  }
}

export class Watchers {
  readonly #byPrefix = new Map<string, Set<Watcher>>()
  readonly #behind = new Set<Watcher>()
  readonly #ring: EventRing
  readonly #revision: () => number
  readonly #onFault: (error: unknown) => void
  #pumping: NodeJS.Immediate | undefined

  constructor(ring: EventRing, revision: () => number, onFault: (error: unknown) => void) {
    this.#ring = ring
    this.#revision = revision
    this.#onFault = onFault
  }

  add(prefix: string, options: WatchOptions): WatchHandle {
    const watcher = new Watcher(prefix, options, gone => this.#remove(gone))
    const group = this.#byPrefix.get(prefix) ?? new Set()
    this.#byPrefix.set(prefix, group.add(watcher))
    if (options.from >= this.#revision()) watcher.live = true
    else {
      this.#behind.add(watcher)
      this.#schedule()
    }
    return watcher
  }

  /** Tells everyone who is up to date; the others find the event in the ring. */
  tell(event: StoreEvent): void {
    const { key } = event.current
    for (let end = key.indexOf('/', 1); end !== -1; end = key.indexOf('/', end + 1)) {
      const group = this.#byPrefix.get(key.slice(0, end + 1))
      if (!group) continue
      for (const watcher of group) if (watcher.live) this.#deliver(watcher, event)
    }
  }

  /** Ends every watch. */
  end(error: StoreError): void {
    if (this.#pumping) clearImmediate(this.#pumping)
    this.#pumping = undefined
    for (const group of [...this.#byPrefix.values()]) for (const watcher of [...group]) this.#end(watcher, error)
  }

  #deliver(watcher: Watcher, event: StoreEvent): void {
    if (watcher.closed || event.revision <= watcher.told) return
    try {
      watcher.options.onEvent(event)
    } catch (error) {
      this.#onFault(error)
      this.#end(watcher, new StoreError('Closed', 'the watch ended because its receiver failed', { cause: error }))
    }
  }

  #end(watcher: Watcher, error: StoreError): void {
    if (watcher.closed) return
    watcher.close()
    try {
      watcher.options.onEnd(error)
    } catch (fault) {
      this.#onFault(fault)
    }
  }

  #remove(watcher: Watcher): void {
    this.#behind.delete(watcher)
    const group = this.#byPrefix.get(watcher.prefix)
    group?.delete(watcher)
    if (group?.size === 0) this.#byPrefix.delete(watcher.prefix)
  }

  #schedule(): void {
    if (this.#pumping || this.#behind.size === 0) return
    this.#pumping = setImmediate(() => {
      this.#pumping = undefined
      for (const watcher of [...this.#behind]) this.#catchUp(watcher)
      this.#schedule()
    })
  }

  #catchUp(watcher: Watcher): void {
    if (watcher.closed) return
    if (watcher.told < this.#ring.floor) {
      this.#end(watcher, new StoreError('Compacted', `the watch fell behind: revision ${watcher.told} is compacted`))
      return
    }
    const until = performance.now() + SLICE_MS
    let seen = watcher.told
    for (const event of this.#ring.after(seen)) {
      // A transaction of several keys shares one revision: stop only between revisions.
      if (event.revision !== seen) {
        watcher.told = seen
        if (performance.now() > until) return
      }
      seen = event.revision
      if (event.current.key.startsWith(watcher.prefix)) this.#deliver(watcher, event)
      if (watcher.closed) return
    }
    watcher.told = Math.max(seen, watcher.told)
    watcher.live = true
    this.#behind.delete(watcher)
  }
}
