// What this node needs to know to serve Gateways. Their kinds are custom resources: they are followed from when they are
// installed, and only once there is a class of ours. Remembered on disk, so that a rebooted node serves on.
import { CustomResourceDefinition } from '../../../shared/api/apiextensions/v1.ts'
import { Namespace, type Secret } from '../../../shared/api/core/v1.ts'
import { Gateway, GatewayClass, HTTPRoute, ReferenceGrant } from '../../../shared/api/gateway/v1.ts'
import type { Client } from '../../../shared/client/client.ts'
import { InformerFactory } from '../../../shared/client/informer-factory.ts'
import type { Clock } from '../../../shared/machinery/clock.ts'
import { type JudgedListener, judgeListeners, type ListenerProtocol } from '../../../shared/machinery/gateway/listeners.ts' // prettier-ignore
import { certificatesOf, GATEWAY_CLASS_CRD, isOurGatewayClass, ourGateways } from '../../../shared/machinery/gateway/ours.ts' // prettier-ignore
import { patternProblem } from '../../../shared/machinery/gateway/patterns.ts'
import { type Attachment, judgeRoute } from '../../../shared/machinery/gateway/routes.ts'
import type { ServingViewOptions } from '../ingress-view.ts'
import { Mirror } from '../mirror.ts'
import { SecretWatches } from '../secret-watches.ts'

interface Snapshot {
  readonly classes: readonly GatewayClass[]
  readonly gateways: readonly Gateway[]
  readonly routes: readonly HTTPRoute[]
  readonly grants: readonly ReferenceGrant[]
  readonly namespaces: readonly Namespace[]
  readonly secrets: readonly Secret[]
}

/** What is to be served, and how. */
export interface GatewayPlan {
  /** Those that can answer. */
  readonly listeners: readonly JudgedListener[]
  readonly attachments: readonly Attachment[]
  readonly grants: readonly ReferenceGrant[]
}

const NOTHING: GatewayPlan = { listeners: [], attachments: [], grants: [] }

export class GatewayView implements Disposable {
  readonly #client: Client
  readonly #clock: Clock
  readonly #mayServe: () => boolean
  readonly #classes: Mirror<GatewayClass>
  readonly #gateways: Mirror<Gateway>
  readonly #routes: Mirror<HTTPRoute>
  readonly #grants: Mirror<ReferenceGrant>
  readonly #namespaces: Mirror<Namespace>
  readonly #secrets: SecretWatches
  readonly #handlers = new Set<() => void>()
  #informers: InformerFactory | undefined
  /** Ends what follows the custom resources; undefined while they are not installed. */
  #following: AbortController | undefined
  #followsRest: (() => void) | undefined

  constructor({ client, clock, mayServe }: ServingViewOptions) {
    const changed = () => this.changed()
    this.#client = client
    this.#clock = clock
    this.#mayServe = mayServe
    this.#classes = new Mirror(changed, isOurGatewayClass)
    this.#gateways = new Mirror(changed)
    this.#routes = new Mirror(changed)
    this.#grants = new Mirror(changed)
    this.#namespaces = new Mirror(changed)
    this.#secrets = new SecretWatches(client, clock, () => this.#tell())
  }

  secret = (key: string): Secret | undefined => this.#secrets.get(key)

  /** @param taken ports that Ingresses have */
  plan(taken: ReadonlyMap<number, ListenerProtocol>): GatewayPlan {
    if (!this.#serves) return NOTHING
    const grants = this.#grants.list()
    const gateways = ourGateways(this.#classes.list(), this.#gateways.list())
    const all = judgeListeners({ gateways, grants, taken, certificateProblem: () => undefined })
    const listeners = all.filter(({ isServed }) => isServed)
    const world = {
      listeners: all,
      labelsOf: (namespace: string) => this.#namespaces.get(namespace)?.metadata.labels,
      patternProblem,
    }
    const attachments = this.#routes
      .list()
      .filter(({ metadata }) => !metadata.deletionTimestamp)
      .flatMap(route => judgeRoute(route, world))
      .flatMap(parent => parent.attachments)
      .filter(({ on }) => on.isServed)
    return { listeners, attachments, grants }
  }

  onChange(changed: () => void): () => void {
    this.#handlers.add(changed)
    return () => this.#handlers.delete(changed)
  }

  snapshot(): Snapshot {
    return {
      classes: this.#classes.list(),
      gateways: this.#gateways.list(),
      routes: this.#routes.list(),
      grants: this.#grants.list(),
      namespaces: this.#namespaces.list(),
      secrets: this.#secrets.list(),
    }
  }

  restore(saved: unknown): void {
    const { classes, gateways, routes, grants, namespaces, secrets } = (saved ?? {}) as Partial<Snapshot>
    this.#classes.restore(classes ?? [])
    this.#gateways.restore(gateways ?? [])
    this.#routes.restore(routes ?? [])
    this.#grants.restore(grants ?? [])
    this.#namespaces.restore(namespaces ?? [])
    this.#secrets.restore(secrets ?? [])
  }

  follow(informers: InformerFactory): void {
    this.#informers = informers
    const definition = informers.informer(CustomResourceDefinition, {
      fieldSelector: `metadata.name=${GATEWAY_CLASS_CRD}`,
    })
    definition.on({
      added: ({ metadata }) => {
        if (metadata.name === GATEWAY_CLASS_CRD) this.#installed()
      },
      deleted: ({ metadata }) => {
        if (metadata.name === GATEWAY_CLASS_CRD) this.#removed()
      },
    })
    definition.synced().then(
      () => this.#following ?? this.#removed(),
      () => undefined, // stopped before the first list: what is known stays
    )
    this.changed()
  }

  /** Which nodes serve may have changed. */
  changed(): void {
    if (this.#classes.size > 0) this.#followsRest?.()
    const grants = this.#grants.list()
    const gateways = this.#serves ? ourGateways(this.#classes.list(), this.#gateways.list()) : []
    this.#secrets.follow(gateways.flatMap(gateway => certificatesOf(gateway, grants)))
    this.#tell()
  }

  [Symbol.dispose](): void {
    this.#following?.abort()
    this.#secrets[Symbol.dispose]()
  }

  get #serves(): boolean {
    return this.#classes.size > 0 && this.#mayServe()
  }

  #installed(): void {
    if (this.#following) return
    const following = new AbortController()
    this.#following = following
    // Of its own: informers of kinds that are gone would ask for ever.
    const own = new InformerFactory(this.#client, this.#clock)
    own.start(following.signal)
    this.#followsRest = () => {
      this.#followsRest = undefined
      this.#gateways.follow(own.informer(Gateway))
      this.#routes.follow(own.informer(HTTPRoute))
      this.#grants.follow(own.informer(ReferenceGrant))
      if (this.#informers) this.#namespaces.follow(this.#informers.informer(Namespace))
    }
    this.#classes.follow(own.informer(GatewayClass))
    this.changed()
  }

  #removed(): void {
    this.#following?.abort()
    this.#following = undefined
    this.#followsRest = undefined
    for (const mirror of [this.#classes, this.#gateways, this.#routes, this.#grants]) mirror.clear()
  }

  #tell(): void {
    for (const handler of this.#handlers) handler()
  }
}
