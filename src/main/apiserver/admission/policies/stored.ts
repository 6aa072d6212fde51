// Policies with their bindings, as they are stored now; read again only when something changed.
import type {
  MatchResources,
  MutatingAdmissionPolicy,
  MutatingAdmissionPolicyBinding,
  ValidatingAdmissionPolicy,
  ValidatingAdmissionPolicyBinding,
} from '../../../../shared/api/admissionregistration/v1.ts'
import type { AnyObject } from '../../../../shared/machinery/object.ts'
import type { ObjectStore, WatchHandle } from '../../../store/contract.ts'

export type Policy = ValidatingAdmissionPolicy | MutatingAdmissionPolicy
export type Binding = ValidatingAdmissionPolicyBinding | MutatingAdmissionPolicyBinding

export interface Bound<P extends Policy, B extends Binding> {
  readonly policy: P
  readonly bindings: readonly B[]
}

export type Match = MatchResources | undefined

export class StoredPolicies<P extends Policy, B extends Binding> implements Disposable {
  readonly #store: ObjectStore
  readonly #prefixes: readonly [policies: string, bindings: string]
  readonly #watches = new Map<string, WatchHandle>()
  #bound: readonly Bound<P, B>[] | undefined

  /** @param kind `validatingadmissionpolic` or `mutatingadmissionpolic`, the two plurals' common part */
  constructor(store: ObjectStore, kind: string) {
    this.#store = store
    const prefix = `/registry/admissionregistration.k8s.io/${kind}`
    this.#prefixes = [`${prefix}ies/`, `${prefix}ybindings/`]
  }

  /** Those that are bound to something, in the order of their names. */
  get bound(): readonly Bound<P, B>[] {
    for (const prefix of this.#prefixes) if (!this.#watches.has(prefix)) this.#follow(prefix)
    return (this.#bound ??= this.#read())
  }

  #follow(prefix: string): void {
    this.#bound = undefined
    const watch = this.#store.watch(prefix, {
      from: this.#store.revision,
      onEvent: () => {
        this.#bound = undefined
      },
      onEnd: () => this.#watches.delete(prefix),
    })
    this.#watches.set(prefix, watch)
  }

  #objects(prefix: string): readonly AnyObject[] {
    return this.#store.list(prefix).items.map(({ object }) => object)
  }

  #read(): Bound<P, B>[] {
    const [policies, bindings] = this.#prefixes
    const byPolicy = new Map<string, B[]>()
    for (const binding of this.#objects(bindings) as unknown as B[]) {
      const name = binding.spec.policyName ?? ''
      byPolicy.set(name, [...(byPolicy.get(name) ?? []), binding])
    }
    return (this.#objects(policies) as unknown as P[]).flatMap(policy => {
      const own = byPolicy.get(policy.metadata.name)
      return own ? [{ policy, bindings: own }] : []
    })
  }

  [Symbol.dispose](): void {
    for (const watch of this.#watches.values()) watch.close()
    this.#watches.clear()
  }
}
