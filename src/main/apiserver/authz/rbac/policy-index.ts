// Roles and bindings, indexed by subject. Rebuilt on the first question after a change: changes are rare, questions
// come with every request.
import {
  ClusterRole,
  ClusterRoleBinding,
  type PolicyRule,
  Role,
  RoleBinding,
  type RoleRef,
  type Subject,
} from '../../../../shared/api/rbac/v1.ts'
import type { KubeObject } from '../../../../shared/machinery/object.ts'
import type { ResourceType } from '../../../../shared/machinery/resource-type.ts'
import type { ObjectStore, StoreError, WatchHandle } from '../../../store/contract.ts'
import type { UserInfo } from '../../request.ts'

/** A rule and, for the reason of a decision, where the user has it from. */
export interface GrantedRule {
  readonly rule: PolicyRule
  /** Such as `ClusterRoleBinding "view-all" of ClusterRole "view" to Group "devs"`. */
  readonly origin: string
}

interface Grants {
  readonly cluster: readonly GrantedRule[]
  readonly namespaces: ReadonlyMap<string, readonly GrantedRule[]>
}

const GROUP = '/registry/rbac.authorization.k8s.io/'
const prefix = (type: ResourceType<KubeObject>) => `${GROUP}${type.plural}/`

/** A subject as a reason names it. */
function describe(subject: Subject, bindingNamespace: string): string {
  const name =
    subject.kind === 'ServiceAccount' ? `${subject.name}/${subject.namespace ?? bindingNamespace}` : subject.name
  return `${subject.kind} ${JSON.stringify(name)}`
}

interface Binding {
  readonly subject: string
  readonly kind: string
  readonly name: string
  /** '' = everywhere. */
  readonly namespace: string
  readonly roleRef: RoleRef
}

interface Policy {
  readonly roles: ReadonlyMap<string, readonly PolicyRule[]>
  /** `User:name` or `Group:name` → bindings. Service accounts are users. */
  readonly bindings: ReadonlyMap<string, readonly Binding[]>
}

function subjectKey(subject: Subject, bindingNamespace: string): string {
  if (subject.kind !== 'ServiceAccount') return `${subject.kind}:${subject.name}`
  return `User:system:serviceaccount:${subject.namespace ?? bindingNamespace}:${subject.name}`
}

export class PolicyIndex implements Disposable {
  readonly #store: ObjectStore
  #watch: WatchHandle | undefined
  #policy: Policy | undefined
  readonly #users = new Map<string, Grants>()

  constructor(store: ObjectStore) {
    this.#store = store
    this.#follow()
  }

  #follow(): void {
    this.#watch = this.#store.watch(GROUP, {
      from: this.#store.revision,
      onEvent: () => this.#forget(),
      onEnd: (error: StoreError) => {
        this.#forget()
        if (error.code !== 'Closed') this.#follow()
      },
    })
  }

  #forget(): void {
    this.#policy = undefined
    this.#users.clear()
  }

  #items<T extends KubeObject>(type: ResourceType<T>): T[] {
    return this.#store.list(prefix(type)).items.map(({ object }) => object as unknown as T)
  }

  #current(): Policy {
    if (this.#policy) return this.#policy
    const roles = new Map<string, readonly PolicyRule[]>()
    for (const { metadata, rules } of this.#items(ClusterRole)) roles.set(`/${metadata.name}`, rules ?? [])
    for (const { metadata, rules } of this.#items(Role))
      roles.set(`${metadata.namespace}/${metadata.name}`, rules ?? [])
    const bindings = new Map<string, Binding[]>()
    const add = (kind: string, namespace: string, object: ClusterRoleBinding | RoleBinding) => {
      const name = namespace === '' ? object.metadata.name : `${object.metadata.name}/${namespace}`
      for (const subject of object.subjects ?? []) {
        const key = subjectKey(subject, namespace)
        const binding = { kind, namespace, name, roleRef: object.roleRef, subject: describe(subject, namespace) }
        const known = bindings.get(key)
        if (known) known.push(binding)
        else bindings.set(key, [binding])
      }
    }
    for (const binding of this.#items(ClusterRoleBinding)) add('ClusterRoleBinding', '', binding)
    for (const binding of this.#items(RoleBinding)) add('RoleBinding', binding.metadata.namespace, binding)
    return (this.#policy = { roles, bindings })
  }

  /** @returns the rules of a role, or undefined when it does not exist. @param namespace '' = a ClusterRole */
  rulesOf(namespace: string, name: string): readonly PolicyRule[] | undefined {
    return this.#current().roles.get(`${namespace}/${name}`)
  }

  /** Every rule that the user has in a namespace ('' = cluster-wide only). */
  *grantsOf(user: UserInfo, namespace: string): Generator<GrantedRule> {
    const grants = this.#grants(user)
    yield* grants.cluster
    if (namespace !== '') yield* grants.namespaces.get(namespace) ?? []
  }

  #grants(user: UserInfo): Grants {
    const key = JSON.stringify([user.name, user.groups])
    const known = this.#users.get(key)
    if (known) return known
    const { roles, bindings } = this.#current()
    const cluster: GrantedRule[] = []
    const namespaces = new Map<string, GrantedRule[]>()
    for (const subject of [`User:${user.name}`, ...user.groups.map(group => `Group:${group}`)])
      for (const { kind, name, namespace, roleRef, subject: to } of bindings.get(subject) ?? []) {
        const rules = roles.get(`${roleRef.kind === 'Role' ? namespace : ''}/${roleRef.name}`) ?? []
        const origin = `${kind} ${JSON.stringify(name)} of ${roleRef.kind} ${JSON.stringify(roleRef.name)} to ${to}`
        const granted = rules.map(rule => ({ rule, origin }))
        if (namespace === '') cluster.push(...granted)
        else namespaces.set(namespace, [...(namespaces.get(namespace) ?? []), ...granted])
      }
    const grants = { cluster, namespaces }
    if (this.#users.size > 10_000) this.#users.clear()
    this.#users.set(key, grants)
    return grants
  }

  [Symbol.dispose](): void {
    this.#watch?.close()
  }
}
