// What this node needs to know to serve Ingresses: the classes, the Ingresses of ours, and — only when it serves — the
// Secrets that these name, each watched by its name. Remembered on disk, so that a rebooted node serves on.
import { Secret } from '../../shared/api/core/v1.ts'
import { Ingress, IngressClass } from '../../shared/api/networking/v1.ts'
import type { Client } from '../../shared/client/client.ts'
import { Informer } from '../../shared/client/informer.ts'
import type { InformerFactory } from '../../shared/client/informer-factory.ts'
import { keyOf, refOf } from '../../shared/client/object-key.ts'
import type { Clock } from '../../shared/machinery/clock.ts'
import { isOurClass, isOurIngress, secretsOf } from '../../shared/machinery/ingress/ours.ts'
import type { KubeObject } from '../../shared/machinery/object.ts'

interface Snapshot {
  readonly classes: readonly IngressClass[]
  readonly ingresses: readonly Ingress[]
  readonly secrets: readonly Secret[]
}

export interface IngressViewOptions {
  readonly client: Client
  readonly clock: Clock
  /** @returns whether this node is one that serves Ingresses, when there are any */
  readonly mayServe: () => boolean
}

export class IngressView implements Disposable {
  readonly #options: IngressViewOptions
  readonly #classes = new Map<string, IngressClass>()
  readonly #ingresses = new Map<string, Ingress>()
  readonly #secrets = new Map<string, Secret>()
  readonly #watches = new Map<string, AbortController>()
  readonly #handlers = new Set<() => void>()
  #followsIngresses: (() => void) | undefined

  constructor(options: IngressViewOptions) {
    this.#options = options
  }

  /** Whether this node serves Ingresses at all. */
  get serves(): boolean {
    return this.#classes.size > 0 && this.#options.mayServe()
  }
  /** Those of our classes. */
  get ingresses(): readonly Ingress[] {
    const classes = new Set(this.#classes.keys())
    return [...this.#ingresses.values()].filter(ingress => isOurIngress(ingress, classes))
  }
  secret = (key: string): Secret | undefined => this.#secrets.get(key)

  onChange(changed: () => void): () => void {
    this.#handlers.add(changed)
    return () => this.#handlers.delete(changed)
  }

  snapshot(): Snapshot {
    return {
      classes: [...this.#classes.values()],
      ingresses: [...this.#ingresses.values()],
      secrets: [...this.#secrets.values()],
    }
  }

  restore(saved: unknown): void {
    const { classes, ingresses, secrets } = (saved ?? {}) as Partial<Snapshot>
    if (!Array.isArray(classes) || !Array.isArray(ingresses) || !Array.isArray(secrets)) return
    for (const object of classes) this.#classes.set(object.metadata.name, object)
    for (const object of ingresses) this.#ingresses.set(keyOf(object.metadata), object)
    for (const object of secrets) this.#secrets.set(keyOf(object.metadata), object)
  }

  follow(informers: InformerFactory): void {
    // Ingresses are followed once a class of ours was seen: most clusters never have one.
    this.#followsIngresses = () => {
      this.#followsIngresses = undefined
      this.#mirror(informers.informer(Ingress), this.#ingresses, () => true)
    }
    this.#mirror(informers.informer(IngressClass), this.#classes, isOurClass)
    if (this.#classes.size > 0) this.#followsIngresses()
    this.changed()
  }

  /** Which nodes serve may have changed. */
  changed(): void {
    if (this.#classes.size > 0) this.#followsIngresses?.()
    this.#followSecrets()
    for (const handler of this.#handlers) handler()
  }

  [Symbol.dispose](): void {
    for (const watch of this.#watches.values()) watch.abort()
  }

  #mirror<T extends KubeObject>(informer: Informer<T>, kept: Map<string, T>, isWanted: (object: T) => boolean): void {
    const put = (object: T) => {
      const key = keyOf(object.metadata)
      const isNews = isWanted(object) || kept.has(key)
      if (isWanted(object)) kept.set(key, object)
      else kept.delete(key)
      if (isNews) this.changed()
    }
    informer.on({
      added: put,
      updated: put,
      deleted: ({ metadata }) => {
        if (kept.delete(keyOf(metadata))) this.changed()
      },
    })
    informer.synced().then(
      () => {
        for (const key of [...kept.keys()]) if (!informer.lister.byKey(key)) kept.delete(key)
        this.changed()
      },
      () => undefined, // stopped before the first list: what is known stays
    )
  }

  /** A node may read just these, and no list of a namespace's Secrets. */
  #followSecrets(): void {
    const wanted = new Set(
      this.serves
        ? this.ingresses.flatMap(ingress => secretsOf(ingress).map(name => `${ingress.metadata.namespace}/${name}`))
        : [],
    )
    for (const [key, watch] of this.#watches)
      if (!wanted.has(key)) {
        watch.abort()
        this.#watches.delete(key)
      }
    for (const key of this.#secrets.keys()) if (!wanted.has(key)) this.#secrets.delete(key)
    for (const key of wanted) if (!this.#watches.has(key)) this.#watch(key)
  }

  #watch(key: string): void {
    const { client, clock } = this.#options
    const { namespace = '', name } = refOf(key)
    const stop = new AbortController()
    this.#watches.set(key, stop)
    const informer = new Informer(client, Secret, { namespace, fieldSelector: `metadata.name=${name}`, clock })
    const put = (secret: Secret) => {
      if (keyOf(secret.metadata) !== key || stop.signal.aborted) return
      this.#secrets.set(key, secret)
      for (const handler of this.#handlers) handler()
    }
    informer.on({
      added: put,
      updated: put,
      deleted: secret => {
        if (keyOf(secret.metadata) !== key || !this.#secrets.delete(key)) return
        for (const handler of this.#handlers) handler()
      },
    })
    void informer.start(stop.signal)
  }
}
