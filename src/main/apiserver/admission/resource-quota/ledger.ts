// What the objects of one kind and namespace take out of one quota, as the store has them now.
//
// The ledger follows the store by a watch, so it is exact the moment a write is visible. A write that has been let
// through and is not stored yet is held by a reservation, so that no two can have the last of something:
//
//   charge   checked and reserved in one go: nobody runs in between
//   stored   the watch shows the object; its reservation goes in the same moment
//   settle   the write is over: what it reserved and did not store is free again
import type { Clock } from '../../../../shared/machinery/clock.ts'
import type { KubeObject } from '../../../../shared/machinery/object.ts'
import type { Pod, ScopedResourceSelectorRequirement } from '../../../../shared/api/core/v1.ts'
import type { DeviceSurroundings } from '../../../../shared/machinery/quota-devices.ts'
import type { QuotaEvaluator } from '../../../../shared/machinery/quota-evaluators.ts'
import { stopsCountingAt } from '../../../../shared/machinery/quota-pod-usage.ts'
import { type Usage, addUsage } from '../../../../shared/machinery/quota-usage.ts'
import type { ObjectStore, Stored, StoreEvent, WatchHandle } from '../../../store/contract.ts'
import { Pacer } from '../../../pieces/pacer.ts'

export interface LedgerOptions {
  readonly store: ObjectStore
  readonly clock: Clock
  /** Keys of the kind in the namespace. */
  readonly prefix: string
  readonly evaluator: QuotaEvaluator
  readonly scopes: readonly ScopedResourceSelectorRequirement[]
  readonly around: DeviceSurroundings
  /** What else its objects are counted by. */
  readonly follows?: readonly Followed[]
}

export interface Followed {
  readonly prefix: string
  /** @returns the objects that count otherwise now, or `all` */
  readonly affected: (event: StoreEvent) => readonly Stored[] | 'all'
}

interface Reservation {
  readonly key: string
  readonly amounts: Usage
}

const subtract = (target: Usage, delta: Usage) => addUsage(target, new Map([...delta].map(([k, v]) => [k, v.neg()])))

export class QuotaLedger implements Disposable {
  /** Resolves when everything stored is counted. */
  readonly ready: Promise<void>
  readonly #options: LedgerOptions
  readonly #used: Usage = new Map()
  /** What each object was counted as; its share must be taken back as it was given. */
  readonly #counted = new Map<string, Usage>()
  /** Deleted objects that stop counting at a time although they are still there, by key. */
  readonly #ending = new Map<string, { readonly atMs: number; readonly object: KubeObject }>()
  readonly #reserved = new Map<object, Reservation>()
  readonly #watches: readonly WatchHandle[]
  /** Events that came while the first count goes on. */
  #waiting: (() => void)[] | undefined = []
  /** The watch has ended: this ledger is to be replaced by a new one. */
  lost = false

  constructor(options: LedgerOptions) {
    this.#options = options
    const { items, revision } = options.store.list(options.prefix)
    const follow = (prefix: string, step: (event: StoreEvent) => void) =>
      options.store.watch(prefix, {
        from: revision,
        onEvent: event => {
          if (this.#waiting) this.#waiting.push(() => step(event))
          else step(event)
        },
        onEnd: () => {
          this.lost = true
        },
      })
    this.#watches = [
      follow(options.prefix, ({ type, current }) =>
        type === 'DELETED' ? this.#remove(current.key) : this.#set(current),
      ),
      ...(options.follows ?? []).map(({ prefix, affected }) =>
        follow(prefix, event => {
          const objects = affected(event)
          if (objects === 'all') this.lost = true
          else for (const { key, object } of objects) if (this.#counted.has(key)) this.#count(key, object)
        }),
      ),
    ]
    this.ready = this.#countAll(items)
  }

  [Symbol.dispose](): void {
    for (const watch of this.#watches) watch.close()
  }

  isInScope(object: KubeObject): boolean {
    const { evaluator, scopes } = this.#options
    return scopes.every(scope => evaluator.inScope(object, scope))
  }

  /** Used and reserved. */
  used(): Usage {
    const total: Usage = new Map(this.stored())
    for (const { amounts } of this.#reserved.values()) addUsage(total, amounts)
    return total
  }

  /** Used by what is stored. */
  stored(): Usage {
    const now = this.#options.clock.now()
    for (const [key, { atMs, object }] of this.#ending) if (atMs <= now) this.#count(key, object)
    return this.#used
  }

  reserve(owner: object, key: string, amounts: Usage): void {
    this.#reserved.set(owner, { key, amounts })
  }

  settle(owner: object): void {
    this.#reserved.delete(owner)
  }

  async #countAll(items: readonly Stored[]): Promise<void> {
    const pacer = new Pacer()
    for (const stored of items) {
      this.#set(stored)
      if (pacer.due) await pacer.pause()
    }
    for (const step of this.#waiting ?? []) step()
    this.#waiting = undefined
  }

  #set({ key, object }: Stored): void {
    this.#count(key, object)
    for (const [owner, reservation] of this.#reserved) if (reservation.key === key) this.#reserved.delete(owner)
  }

  #count(key: string, object: KubeObject): void {
    this.#remove(key)
    if (!this.isInScope(object)) return
    const now = this.#options.clock.now()
    const usage = this.#options.evaluator.usage(object, now, this.#options.around)
    this.#counted.set(key, usage)
    addUsage(this.#used, usage)
    const atMs = stopsCountingAt(object as Pod)
    if (atMs !== undefined && atMs > now) this.#ending.set(key, { atMs, object })
  }

  #remove(key: string): void {
    this.#ending.delete(key)
    const usage = this.#counted.get(key)
    if (!usage) return
    this.#counted.delete(key)
    subtract(this.#used, usage)
  }
}
