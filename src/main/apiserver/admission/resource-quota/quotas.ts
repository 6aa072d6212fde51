// The ResourceQuotas of each namespace with their ledgers, followed in the store.
import type { ResourceQuota } from '../../../../shared/api/core/v1.ts'
import type { Clock } from '../../../../shared/machinery/clock.ts'
import { deepEqual } from '../../../../shared/machinery/deep-equal.ts'
import type { AnyObject, KubeObject } from '../../../../shared/machinery/object.ts'
import { type Quantity, parseQuantity } from '../../../../shared/machinery/quantity.ts'
import { type QuotaEvaluator, evaluatorOf, measuredKinds } from '../../../../shared/machinery/quota-evaluators.ts'
import { scopesOf } from '../../../../shared/machinery/quota-scopes.ts'
import type { ResourceType } from '../../../../shared/machinery/resource-type.ts'
import { type Usage, addUsage } from '../../../../shared/machinery/quota-usage.ts'
import type { ObjectStore, Stored, WatchHandle } from '../../../store/contract.ts'
import type { ResourceDescriptor } from '../../registry/resource.ts'
import { QuotaLedger } from './ledger.ts'
import { CLAIMS, StoredSurroundings } from './stored-surroundings.ts'

const PREFIX = '/registry/core/resourcequotas/'

type Kind = Pick<ResourceDescriptor, 'type' | 'storage'>
const kindOf = (type: ResourceType<KubeObject>): Kind => ({
  type: type as ResourceType<AnyObject>,
  storage: `${type.group || 'core'}/${type.plural}`,
})

/** One quota; its ledgers begin when a kind is first asked for. */
export class Quota implements Disposable {
  readonly name: string
  readonly spec: ResourceQuota['spec']
  readonly hard: ReadonlyMap<string, Quantity>
  readonly #ledgers = new Map<string, QuotaLedger>()
  readonly #namespace: string
  readonly #store: ObjectStore
  readonly #clock: Clock
  readonly #around: StoredSurroundings

  constructor(quota: ResourceQuota, store: ObjectStore, clock: Clock, around: StoredSurroundings) {
    this.name = quota.metadata.name
    this.#namespace = quota.metadata.namespace
    this.spec = quota.spec
    this.hard = new Map(Object.entries(quota.spec.hard ?? {}).map(([name, amount]) => [name, parseQuantity(amount)]))
    this.#store = store
    this.#clock = clock
    this.#around = around
  }

  /** The quota's names that a kind fills. */
  namesOf(evaluator: QuotaEvaluator): string[] {
    return [...this.hard.keys()].filter(name => evaluator.concerns(name, this.#around))
  }

  /** Of the kind, and of others that fill the same names. */
  ledgersOf(kind: Kind): QuotaLedgers {
    const evaluator = evaluatorOf(kind.type)
    const names = this.namesOf(evaluator)
    const others = measuredKinds.filter(
      other => other !== evaluator && names.some(name => other.concerns(name, this.#around)),
    )
    return new QuotaLedgers(
      names,
      this.#ledgerOf(kind, evaluator),
      others.map(other => this.#ledgerOf(kindOf(other.type), other)),
    )
  }

  #ledgerOf({ storage }: Kind, evaluator: QuotaEvaluator): QuotaLedger {
    const prefix = `/registry/${storage}/`
    const known = this.#ledgers.get(prefix)
    if (known && !known.lost) return known
    known?.[Symbol.dispose]()
    const ledger = new QuotaLedger({
      store: this.#store,
      clock: this.#clock,
      prefix: `${prefix}${this.#namespace}/`,
      evaluator,
      around: this.#around,
      follows: prefix === CLAIMS ? this.#around.followedBy(this.#namespace) : [],
      scopes: scopesOf(this.spec),
    })
    this.#ledgers.set(prefix, ledger)
    return ledger
  }

  [Symbol.dispose](): void {
    for (const ledger of this.#ledgers.values()) ledger[Symbol.dispose]()
  }
}

/** Of everything that fills some of a quota's names. */
export class QuotaLedgers {
  readonly names: readonly string[]
  /** Of the kind that was asked for. */
  readonly own: QuotaLedger
  readonly #all: readonly QuotaLedger[]

  constructor(names: readonly string[], own: QuotaLedger, others: readonly QuotaLedger[]) {
    this.names = names
    this.own = own
    this.#all = [own, ...others]
  }

  get ready(): Promise<unknown> {
    return Promise.all(this.#all.map(({ ready }) => ready))
  }

  get lost(): boolean {
    return this.#all.some(({ lost }) => lost)
  }

  isSame(other: QuotaLedgers): boolean {
    return this.#all.length === other.#all.length && this.#all.every((ledger, i) => ledger === other.#all[i])
  }

  /** Used and reserved. */
  used(): Usage {
    return this.#sum(ledger => ledger.used())
  }

  /** Used by what is stored. */
  stored(): Usage {
    return this.#sum(ledger => ledger.stored())
  }

  #sum(of: (ledger: QuotaLedger) => Usage): Usage {
    if (this.#all.length === 1) return of(this.own)
    const total: Usage = new Map()
    for (const ledger of this.#all) addUsage(total, of(ledger))
    return total
  }
}

export class Quotas implements Disposable {
  readonly #store: ObjectStore
  readonly #clock: Clock
  readonly around: StoredSurroundings
  readonly #byNamespace = new Map<string, Map<string, Quota>>()
  #watch: WatchHandle | undefined

  constructor(store: ObjectStore, clock: Clock) {
    this.#store = store
    this.#clock = clock
    this.around = new StoredSurroundings(store)
  }

  /** In order of their names; empty for a namespace that has none, which costs next to nothing. */
  of(namespace: string): readonly Quota[] {
    this.#follow()
    const quotas = this.#byNamespace.get(namespace)
    return quotas ? [...quotas.values()].sort((a, b) => (a.name < b.name ? -1 : 1)) : []
  }

  [Symbol.dispose](): void {
    this.#watch?.close()
    this.around[Symbol.dispose]()
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
    quotas.set(name, new Quota(quota, this.#store, this.#clock, this.around))
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
