// Who is told of what: watchers by key prefix, each told in revision order, none at the others' expense.
import type { EventRing } from './event-ring.ts'
import { valueIn } from './field-indexes.ts'
import { StoreError, type StoreEvent, type WatchHandle, type WatchOptions, type FieldTrigger } from './contract.ts'

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

type Values = Map<string, Set<Watcher>>

/** Those who watch one prefix: an event is looked up once for each field, not asked of each watcher. */
class Group {
  readonly #plain = new Set<Watcher>()
  readonly #byField = new Map<string, { readonly read: FieldTrigger['read']; readonly byValue: Values }>()

  add(watcher: Watcher): void {
    const { trigger } = watcher.options
    if (!trigger) return void this.#plain.add(watcher)
    const { field, value, read } = trigger
    const known = this.#byField.get(field) ?? { read, byValue: new Map<string, Set<Watcher>>() }
    this.#byField.set(field, known)
    const same = known.byValue.get(value) ?? new Set()
    known.byValue.set(value, same.add(watcher))
  }

  delete(watcher: Watcher): void {
    this.#plain.delete(watcher)
    const { trigger } = watcher.options
    const known = trigger && this.#byField.get(trigger.field)
    const same = known?.byValue.get(trigger?.value ?? '')
    if (!trigger || !known || !same?.delete(watcher)) return
    if (same.size === 0) known.byValue.delete(trigger.value)
    if (known.byValue.size === 0) this.#byField.delete(trigger.field)
  }

  get isEmpty(): boolean {
    return this.#plain.size === 0 && this.#byField.size === 0
  }

  *all(): Generator<Watcher> {
    yield* this.#plain
    for (const { byValue } of this.#byField.values()) for (const same of byValue.values()) yield* same
  }

  /** Calls back for each that the event may concern. */
  concerned({ current, previous }: StoreEvent, tell: (watcher: Watcher) => void): void {
    for (const watcher of this.#plain) tell(watcher)
    for (const { read, byValue } of this.#byField.values()) {
      const now = valueIn(read, current)
      const before = previous ? valueIn(read, previous) : now
      if (now === undefined || before === undefined) {
        for (const same of byValue.values()) for (const watcher of same) tell(watcher)
        continue
      }
      for (const watcher of byValue.get(now) ?? []) tell(watcher)
      if (before !== now) for (const watcher of byValue.get(before) ?? []) tell(watcher)
    }
  }
}

export class Watchers {
  readonly #byPrefix = new Map<string, Group>()
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
    const group = this.#byPrefix.get(prefix) ?? new Group()
    group.add(watcher)
    this.#byPrefix.set(prefix, group)
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
    const tell = (watcher: Watcher) => {
      if (watcher.live) this.#deliver(watcher, event)
    }
    for (let end = key.indexOf('/', 1); end !== -1; end = key.indexOf('/', end + 1)) {
      this.#byPrefix.get(key.slice(0, end + 1))?.concerned(event, tell)
    }
  }

  /** Ends every watch. */
  end(error: StoreError): void {
    if (this.#pumping) clearImmediate(this.#pumping)
    this.#pumping = undefined
    for (const group of [...this.#byPrefix.values()]) for (const watcher of [...group.all()]) this.#end(watcher, error)
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
    if (group?.isEmpty) this.#byPrefix.delete(watcher.prefix)
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
