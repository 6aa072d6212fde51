// gateway: says in the statuses of GatewayClasses, Gateways and HTTPRoutes what the nodes serve of them, and why not the
// rest. Their kinds are custom resources, which come and go: each is followed while it is installed. Everything depends
// on everything — a listener counts the routes of all namespaces — so a change has all statuses worked out again; those
// that say something new are written.
import { CustomResourceDefinition } from '../../../shared/api/apiextensions/v1.ts'
import { Namespace, Node, Secret, Service } from '../../../shared/api/core/v1.ts'
import { Gateway, GATEWAY_GROUP, GatewayClass, HTTPRoute, ReferenceGrant } from '../../../shared/api/gateway/v1.ts'
import { IngressClass } from '../../../shared/api/networking/v1.ts'
import { Informer } from '../../../shared/client/informer.ts'
import { keyOf } from '../../../shared/client/object-key.ts'
import { type ControllerContext, type ControlLoop, type Watch } from '../../../shared/client/reconciler.ts'
import { delay, formatTime } from '../../../shared/machinery/clock.ts'
import { isConditionTrue } from '../../../shared/machinery/conditions.ts'
import { deferred } from '../../../shared/machinery/deferred.ts'
import { type JudgedListener, judgeListeners, type ListenerProtocol } from '../../../shared/machinery/gateway/listeners.ts' // prettier-ignore
import { GATEWAY_CLASS_CRD, isOurGatewayClass, ourGateways } from '../../../shared/machinery/gateway/ours.ts'
import { patternProblem } from '../../../shared/machinery/gateway/patterns.ts'
import { judgeBackends, judgeRoute } from '../../../shared/machinery/gateway/routes.ts'
import { isOurClass } from '../../../shared/machinery/ingress/ours.ts'
import type { KubeObject } from '../../../shared/machinery/object.ts'
import type { ResourceType } from '../../../shared/machinery/resource-type.ts'
import { isSamePlace, servingAddresses } from '../support/serving-nodes.ts'
import { writeStatus } from '../support/write-status.ts'
import { certificateProblem } from './certificate-problem.ts'
import { classStatus, gatewayStatus, routeStatus } from './statuses.ts'

/** Changes within this time are looked at together. */
const SETTLE_MS = 50
const RETRY_MS = 1_000
const KINDS: readonly ResourceType<KubeObject>[] = [GatewayClass, Gateway, HTTPRoute, ReferenceGrant]
/** Where Ingresses are served. */
const INGRESS_PORTS = new Map<number, ListenerProtocol>([
  [80, 'HTTP'],
  [443, 'HTTPS'],
])
/** Of the definitions whose meaning is known here. */
const KNOWN_VERSION = /^v1\./
const VERSION_ANNOTATION = `${GATEWAY_GROUP}/bundle-version`

/** One kind that is followed. */
interface Followed {
  readonly stop: AbortController
  readonly informer: Informer<KubeObject>
}

export class GatewayController implements ControlLoop {
  readonly name = 'gateway'
  readonly watches: readonly Watch[] = [
    this.#wakes(CustomResourceDefinition),
    this.#wakes(IngressClass),
    this.#wakes(Node, isSamePlace),
  ]
  readonly #followed = new Map<string, Followed>()
  #changed = deferred()

  async run(context: ControllerContext): Promise<void> {
    const { clock, signal, log } = context
    signal.addEventListener('abort', () => this.#changed.resolve(), { once: true })
    for (;;) {
      try {
        await this.#publish(context)
      } catch (error) {
        if (!signal.aborted) log.warn({ error: String(error) }, 'statuses of Gateways are not written; tried again')
        clock.after(RETRY_MS, () => this.#changed.resolve())
      }
      await this.#changed.promise
      await delay(clock, SETTLE_MS, signal).catch(() => undefined) // aborted: the loop ends
      if (signal.aborted) break
      this.#changed = deferred()
    }
    for (const { stop } of this.#followed.values()) stop.abort(signal.reason)
  }

  #wakes<T extends KubeObject>(type: ResourceType<T>, isSame: (old: T, now: T) => boolean = () => false): Watch {
    const changed = () => this.#changed.resolve()
    const handler = () => ({
      added: changed,
      deleted: changed,
      updated: (now: KubeObject, old: KubeObject) => isSame(old as T, now as T) || changed(),
    })
    return { type, handler }
  }

  /**
   * Follows the kinds that are there, and no others; the cluster's own only while there is something to say.
   * @returns whether there is, and all of it is known
   */
  #follow(context: ControllerContext): boolean {
    const definition = ({ plural, group }: ResourceType<unknown>) =>
      context.lister(CustomResourceDefinition).byKey(`${plural}.${group}`)
    const served = KINDS.filter(type => isConditionTrue(definition(type)?.status?.conditions, 'Established'))
    const hasClass = served.includes(GatewayClass) && this.#list(GatewayClass).some(isOurGatewayClass)
    this.#followOnly(context, hasClass ? [...served, Service, Secret, Namespace] : served)
    return hasClass && [...this.#followed.values()].every(({ informer }) => informer.hasSynced)
  }

  #followOnly({ clock, client }: ControllerContext, types: readonly ResourceType<KubeObject>[]): void {
    const wanted = new Set(types.map(({ plural }) => plural))
    for (const [plural, { stop }] of this.#followed)
      if (!wanted.has(plural)) {
        stop.abort(new Error('no longer wanted'))
        this.#followed.delete(plural)
      }
    const changed = () => this.#changed.resolve()
    for (const type of types) {
      if (this.#followed.has(type.plural)) continue
      const stop = new AbortController()
      const informer = new Informer(client, type, { clock })
      informer.on({ added: changed, updated: changed, deleted: changed })
      informer.synced().then(changed, () => undefined) // stopped before
      void informer.start(stop.signal)
      this.#followed.set(type.plural, { stop, informer })
    }
  }

  #lister<T extends KubeObject>(type: ResourceType<T>) {
    return (this.#followed.get(type.plural)?.informer as Informer<T> | undefined)?.lister
  }

  #list<T extends KubeObject>(type: ResourceType<T>): readonly T[] {
    return this.#lister(type)?.list() ?? []
  }

  async #publish(context: ControllerContext): Promise<void> {
    if (!this.#follow(context)) return
    const { lister, clock } = context
    const now = formatTime(clock.now())
    const classes = this.#list(GatewayClass).filter(isOurGatewayClass)
    const version =
      lister(CustomResourceDefinition).byKey(GATEWAY_CLASS_CRD)?.metadata.annotations?.[VERSION_ANNOTATION]
    for (const each of classes)
      await writeStatus(context, GatewayClass, each, classStatus(each, KNOWN_VERSION.test(version ?? ''), now))

    const grants = this.#list(ReferenceGrant)
    const listeners = judgeListeners({
      gateways: ourGateways(classes, this.#list(Gateway)),
      grants,
      taken: lister(IngressClass).list().some(isOurClass) ? INGRESS_PORTS : new Map<number, ListenerProtocol>(),
      certificateProblem: key => certificateProblem(this.#lister(Secret)?.byKey(key)),
    })
    const attached = await this.#publishRoutes(context, listeners, grants, now)
    const addresses = servingAddresses(lister(Node).list())
    for (const gateway of new Set(listeners.map(on => on.gateway))) {
      const own = listeners.filter(on => on.gateway === gateway)
      const status = gatewayStatus(gateway, own, on => attached.get(on) ?? 0, addresses, now)
      await writeStatus(context, Gateway, gateway, status)
    }
  }

  /** @returns how many routes each listener has */
  async #publishRoutes(
    context: ControllerContext,
    listeners: readonly JudgedListener[],
    grants: readonly ReferenceGrant[],
    now: string,
  ): Promise<Map<JudgedListener, number>> {
    const attached = new Map<JudgedListener, number>()
    const world = {
      listeners,
      patternProblem,
      labelsOf: (namespace: string) => this.#lister(Namespace)?.byKey(namespace)?.metadata.labels,
    }
    const serviceProblem = (namespace: string, name: string, port: number | undefined) => {
      const service = this.#lister(Service)?.byKey(keyOf({ namespace, name }))
      if (!service) return `there is no Service ${namespace}/${name}`
      const has = (service.spec.ports ?? []).some(each => each.port === port)
      return has ? undefined : `Service ${namespace}/${name} has no port ${port ?? ''}`
    }
    for (const route of this.#list(HTTPRoute)) {
      const parents = route.metadata.deletionTimestamp ? [] : judgeRoute(route, world)
      const on = new Set(parents.flatMap(({ attachments }) => attachments.map(each => each.on)))
      for (const listener of on) attached.set(listener, (attached.get(listener) ?? 0) + 1)
      const status = routeStatus(route, parents, judgeBackends(route, grants, serviceProblem), now)
      if (parents.length > 0 || (route.status?.parents.length ?? 0) > status.parents.length)
        await writeStatus(context, HTTPRoute, route, status)
    }
    return attached
  }
}
