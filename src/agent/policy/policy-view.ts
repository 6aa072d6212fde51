// What network policies depend on: the policies themselves, and every pod's and namespace's labels. Pods and namespaces
// of the whole cluster are followed only once there is a policy: most clusters have none, and pods are many.
import { Namespace, Pod } from '../../shared/api/core/v1.ts'
import { NetworkPolicy } from '../../shared/api/networking/v1.ts'
import type { Informer } from '../../shared/client/informer.ts'
import type { InformerFactory } from '../../shared/client/informer-factory.ts'
import { keyOf } from '../../shared/client/object-key.ts'
import { deepEqual } from '../../shared/machinery/deep-equal.ts'
import { policyPodOf, type PolicyPod } from '../../shared/machinery/network-policy/policy-pod.ts'
import type { KubeObject } from '../../shared/machinery/object.ts'
import type { Labels } from '../../shared/machinery/selectors.ts'

export interface PolicyViewHandler {
  policy(key: string): void
  pod(key: string): void
  namespace(name: string): void
}

interface PolicySnapshot {
  readonly policies: readonly NetworkPolicy[]
  readonly pods: readonly PolicyPod[]
  readonly namespaces: readonly (readonly [string, Labels])[]
}

export class PolicyView {
  readonly #policies = new Map<string, NetworkPolicy>()
  readonly #pods = new Map<string, PolicyPod>()
  readonly #namespaces = new Map<string, Labels>()
  readonly #handlers = new Set<PolicyViewHandler>()
  #informers: InformerFactory | undefined
  #followsPods = false
  #known: Promise<unknown> = Promise.resolve()

  get policies(): ReadonlyMap<string, NetworkPolicy> {
    return this.#policies
  }
  get pods(): ReadonlyMap<string, PolicyPod> {
    return this.#pods
  }
  get namespaces(): ReadonlyMap<string, Labels> {
    return this.#namespaces
  }
  /** Settles when the policies are known, from the API server or from the last run. */
  get known(): Promise<unknown> {
    return this.#known
  }

  /** @returns a function that removes the handler. */
  on(handler: PolicyViewHandler): () => void {
    this.#handlers.add(handler)
    return () => this.#handlers.delete(handler)
  }

  onChange(changed: () => void): () => void {
    return this.on({ policy: changed, pod: changed, namespace: changed })
  }

  putPolicy(policy: NetworkPolicy): void {
    this.#policies.set(keyOf(policy.metadata), policy)
    this.#followPods()
    for (const handler of this.#handlers) handler.policy(keyOf(policy.metadata))
  }
  removePolicy(key: string): void {
    if (this.#policies.delete(key)) for (const handler of this.#handlers) handler.policy(key)
  }

  putPod(pod: PolicyPod): void {
    const key = keyOf(pod)
    if (deepEqual(this.#pods.get(key), pod)) return
    this.#pods.set(key, pod)
    for (const handler of this.#handlers) handler.pod(key)
  }
  removePod(key: string): void {
    if (this.#pods.delete(key)) for (const handler of this.#handlers) handler.pod(key)
  }

  putNamespace(name: string, labels: Labels): void {
    if (this.#namespaces.has(name) && deepEqual(this.#namespaces.get(name) ?? {}, labels ?? {})) return
    this.#namespaces.set(name, labels ?? {})
    for (const handler of this.#handlers) handler.namespace(name)
  }
  removeNamespace(name: string): void {
    if (this.#namespaces.delete(name)) for (const handler of this.#handlers) handler.namespace(name)
  }

  snapshot(): PolicySnapshot {
    return {
      policies: [...this.#policies.values()].map(({ apiVersion, kind, metadata: { name, namespace, uid }, spec }) => ({
        apiVersion,
        kind,
        metadata: { name, namespace, uid, creationTimestamp: '', resourceVersion: '' },
        spec,
      })),
      pods: [...this.#pods.values()],
      namespaces: [...this.#namespaces],
    }
  }

  /** Takes what the last run knew; a damaged or older file counts as nothing. */
  restore(saved: unknown): void {
    if (!isSnapshot(saved)) return
    for (const [name, labels] of saved.namespaces) this.putNamespace(name, labels)
    for (const pod of saved.pods) this.putPod(pod)
    for (const policy of saved.policies) this.putPolicy(policy)
  }

  /** Follows the API server from now on; what it does not list is dropped once its first list is complete. */
  follow(informers: InformerFactory): void {
    this.#informers = informers
    const policies = informers.informer(NetworkPolicy)
    this.#mirror(policies, this.#policies, policy => this.putPolicy(policy), this.removePolicy.bind(this))
    if (this.#policies.size === 0) this.#known = policies.synced().catch(() => undefined)
    else this.#followPods()
  }

  #followPods(): void {
    if (this.#followsPods || !this.#informers) return
    this.#followsPods = true
    this.#mirror(
      this.#informers.informer(Namespace),
      this.#namespaces,
      ({ metadata }) => this.putNamespace(metadata.name, metadata.labels),
      this.removeNamespace.bind(this),
    )
    this.#mirror(
      this.#informers.informer(Pod),
      this.#pods,
      pod => this.putPod(policyPodOf(pod)),
      this.removePod.bind(this),
    )
  }

  #mirror<T extends KubeObject>(
    informer: Informer<T>,
    known: ReadonlyMap<string, unknown>,
    put: (object: T) => void,
    remove: (key: string) => void,
  ): void {
    informer.on({ added: put, updated: put, deleted: ({ metadata }) => remove(keyOf(metadata)) })
    informer.synced().then(
      () => {
        for (const key of [...known.keys()]) if (!informer.lister.byKey(key)) remove(key)
      },
      () => undefined, // stopped before the first list: what is known stays
    )
  }
}

function isSnapshot(value: unknown): value is PolicySnapshot {
  const snapshot = value as Partial<PolicySnapshot> | undefined
  return Array.isArray(snapshot?.policies) && Array.isArray(snapshot.pods) && Array.isArray(snapshot.namespaces)
}
