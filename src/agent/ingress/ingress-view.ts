// What this node needs to know to serve Ingresses: the classes, the Ingresses of ours, and — only when it serves — the
// Secrets that these name. Remembered on disk, so that a rebooted node serves on.
import type { Secret } from '../../shared/api/core/v1.ts'
import { Ingress, IngressClass } from '../../shared/api/networking/v1.ts'
import type { Client } from '../../shared/client/client.ts'
import type { InformerFactory } from '../../shared/client/informer-factory.ts'
import type { Clock } from '../../shared/machinery/clock.ts'
import { isOurClass, isOurIngress, secretsOf } from '../../shared/machinery/ingress/ours.ts'
import { Mirror } from './mirror.ts'
import { SecretWatches } from './secret-watches.ts'

interface Snapshot {
  readonly classes: readonly IngressClass[]
  readonly ingresses: readonly Ingress[]
  readonly secrets: readonly Secret[]
}

export interface ServingViewOptions {
  readonly client: Client
  readonly clock: Clock
  /** @returns whether this node is one that serves, when there is anything to serve */
  readonly mayServe: () => boolean
}

export class IngressView implements Disposable {
  readonly #mayServe: () => boolean
  readonly #classes: Mirror<IngressClass>
  readonly #ingresses: Mirror<Ingress>
  readonly #secrets: SecretWatches
  readonly #handlers = new Set<() => void>()
  #followsIngresses: (() => void) | undefined

  constructor({ client, clock, mayServe }: ServingViewOptions) {
    const changed = () => this.changed()
    this.#mayServe = mayServe
    this.#classes = new Mirror(changed, isOurClass)
    this.#ingresses = new Mirror(changed)
    this.#secrets = new SecretWatches(client, clock, () => this.#tell())
  }

  /** Whether this node serves Ingresses at all. */
  get serves(): boolean {
    return this.#classes.size > 0 && this.#mayServe()
  }
  /** Those of our classes. */
  get ingresses(): readonly Ingress[] {
    const classes = new Set(this.#classes.list().map(({ metadata }) => metadata.name))
    return this.#ingresses.list().filter(ingress => isOurIngress(ingress, classes))
  }
  secret = (key: string): Secret | undefined => this.#secrets.get(key)

  onChange(changed: () => void): () => void {
    this.#handlers.add(changed)
    return () => this.#handlers.delete(changed)
  }

  snapshot(): Snapshot {
    return { classes: this.#classes.list(), ingresses: this.#ingresses.list(), secrets: this.#secrets.list() }
  }

  restore(saved: unknown): void {
    const { classes, ingresses, secrets } = (saved ?? {}) as Partial<Snapshot>
    if (!Array.isArray(classes) || !Array.isArray(ingresses) || !Array.isArray(secrets)) return
    this.#classes.restore(classes)
    this.#ingresses.restore(ingresses)
    this.#secrets.restore(secrets)
  }

  follow(informers: InformerFactory): void {
    // Ingresses are followed once a class of ours was seen: most clusters never have one.
    this.#followsIngresses = () => {
      this.#followsIngresses = undefined
      this.#ingresses.follow(informers.informer(Ingress))
    }
    this.#classes.follow(informers.informer(IngressClass))
    if (this.#classes.size > 0) this.#followsIngresses()
    this.changed()
  }

  /** Which nodes serve may have changed. */
  changed(): void {
    if (this.#classes.size > 0) this.#followsIngresses?.()
    const keys = (ingress: Ingress) => secretsOf(ingress).map(name => `${ingress.metadata.namespace}/${name}`)
    this.#secrets.follow(this.serves ? this.ingresses.flatMap(keys) : [])
    this.#tell()
  }

  [Symbol.dispose](): void {
    this.#secrets[Symbol.dispose]()
  }

  #tell(): void {
    for (const handler of this.#handlers) handler()
  }
}
