// The ResourceQuotas of each namespace with their ledgers, followed in the store.
import type { ResourceQuota } from '../../../../shared/api/core/v1.ts'
import type { Clock } from '../../../../shared/machinery/clock.ts'
import { deepEqual } from '../../../../shared/machinery/deep-equal.ts'
import { type Quantity, parseQuantity } from '../../../../shared/machinery/quantity.ts'
import type { QuotaEvaluator } from '../../../../shared/machinery/quota-evaluators.ts'
import { scopesOf } from '../../../../shared/machinery/quota-scopes.ts'
import type { ObjectStore, Stored, WatchHandle } from '../../../store/contract.ts'
import type { ResourceDescriptor } from '../../registry/resource.ts'
import { QuotaLedger } from './ledger.ts'

const PREFIX = '/registry/core/resourcequotas/'

/** One quota; its ledgers begin when a kind is first asked for. */
export class Quota implements Disposable {
  readonly name: string
  readonly spec: ResourceQuota['spec']
  readonly hard: ReadonlyMap<string, Quantity>
  readonly #ledgers = new Map<string, QuotaLedger>()
  readonly #namespace: string
  readonly #store: ObjectStore
  readonly #clock: Clock

  constructor(quota: ResourceQuota, store: ObjectStore, clock: Clock) {
    this.name = quota.metadata.name
    this.#namespace = quota.metadata.namespace
    this.spec = quota.spec
    this.hard = new Map(Object.entries(quota.spec.hard ?? {}).map(([name, amount]) => [name, parseQuantity(amount)]))
    this.#store = store
    this.#clock = clock
  }

  ledgerOf(resource: ResourceDescriptor, evaluator: QuotaEvaluator): QuotaLedger {
    const known = this.#ledgers.get(resource.storage)
    if (known && !known.lost) return known
    known?.[Symbol.dispose]()
    const ledger = new QuotaLedger({
      store: this.#store,
      clock: this.#clock,
      prefix: `/registry/${resource.storage}/${this.#namespace}/`,
      evaluator,
      scopes: scopesOf(this.spec),
    })
    this.#ledgers.set(resource.storage, ledger)
    return ledger
  }

  [Symbol.dispose](): void {
    for (const ledger of this.#ledgers.values()) ledger[Symbol.dispose]()
  }
}

export class Quotas implements Disposable {
  readonly #store: ObjectStore
  readonly #clock: Clock
  readonly #byNamespace = new Map<string, Map<string, Quota>>()
  #watch: WatchHandle | undefined

  constructor(store: ObjectStore, clock: Clock) {
    this.#store = store
    this.#clock = clock
  }

  /** In order of their names; empty for a namespace that has none, which costs next to nothing. */
  of(namespace: string): readonly Quota[] {
    this.#follow()
    const quotas = this.#byNamespace.get(namespace)
    return quotas ? [...quotas.values()].sort((a, b) => (a.name < b.name ? -1 : 1)) : []
  }

  [Symbol.dispose](): void {
    this.#watch?.close()
    this.#clear()
  }

  /** Starts the watch, or starts it again when it fell behind. */
  #follow(): void {
    if (this.#watch) return
    this.#clear()
    const { items, revision } = this.#store.list(PREFIX)
    for (const stored of items) this.#set(stored)
    this.#watch = this.#store.watch(PREFIX, {
      from: revision,
      onEvent: ({ type, current }) => (type === 'DELETED' ? this.#remove(current) : this.#set(current)),
      onEnd: () => {
        this.#watch = undefined
      },
    })
  }

  #set(stored: Stored): void {
    const quota = stored.object as unknown as ResourceQuota
    const { namespace, name } = quota.metadata
    // A new status is none of our business; a new ledger would have to count everything again.
    if (deepEqual(this.#byNamespace.get(namespace)?.get(name)?.spec, quota.spec)) return
    this.#remove(stored)
    let quotas = this.#byNamespace.get(namespace)
    if (!quotas) this.#byNamespace.set(namespace, (quotas = new Map()))
    quotas.set(name, new Quota(quota, this.#store, this.#clock))
  }

  #remove({ object }: Stored): void {
    const { namespace = '', name } = object.metadata
    const quotas = this.#byNamespace.get(namespace)
    quotas?.get(name)?.[Symbol.dispose]()
    quotas?.delete(name)
    if (quotas?.size === 0) this.#byNamespace.delete(namespace)
  }

  #clear(): void {
    for (const quotas of this.#byNamespace.values()) for (const quota of quotas.values()) quota[Symbol.dispose]()
    this.#byNamespace.clear()
  }
}
