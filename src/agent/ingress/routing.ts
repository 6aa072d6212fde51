// All that is to be served, by port: rules and certificates, out of Gateways and Ingresses. Made anew with every change.
import type { ListenerProtocol } from '../../shared/machinery/gateway/listeners.ts'
import { isOlder } from '../../shared/machinery/older.ts'
import type { CertificateClaim } from './certificates.ts'
import { GatewayRouter } from './gateway/gateway-router.ts'
import type { GatewayPlan, GatewayView } from './gateway/gateway-view.ts'
import type { IngressView } from './ingress-view.ts'
import { Router } from './router.ts'
import type { Action, Question } from './rules.ts'

export interface IngressPorts {
  readonly http: number
  readonly https: number
}

export interface Routing {
  readonly ports: ReadonlyMap<number, ListenerProtocol>
  readonly claims: readonly CertificateClaim[]
  /** @returns undefined when nothing on this port takes it */
  route(port: number, question: Question): Action | undefined
}

export const NO_ROUTING: Routing = { ports: new Map(), claims: [], route: () => undefined }

export function routingOf(ingress: IngressView, gateway: GatewayView, own: IngressPorts): Routing {
  const taken = new Map<number, ListenerProtocol>()
  if (ingress.serves) taken.set(own.http, 'HTTP').set(own.https, 'HTTPS')
  const plan = gateway.plan(taken)
  const ports = new Map(taken)
  for (const { listener } of plan.listeners) ports.set(listener.port, listener.protocol as ListenerProtocol)
  const routers = new Map([...ports.keys()].map(port => [port, routerOf(plan, port)]))
  const ingresses = new Router(ingress.ingresses)
  return {
    ports,
    claims: [...gatewayClaims(plan, gateway), ...ingressClaims(ingress, own.https)],
    // Where no route takes it, an Ingress may.
    route: (port, question) =>
      routers.get(port)?.route(question) ?? (taken.has(port) ? ingresses.route(question) : undefined),
  }
}

const routerOf = ({ listeners, attachments, grants }: GatewayPlan, port: number): GatewayRouter =>
  new GatewayRouter(
    listeners.filter(({ listener }) => listener.port === port).map(({ listener }) => listener.hostname ?? ''),
    attachments.filter(({ on }) => on.listener.port === port),
    grants,
  )

const gatewayClaims = ({ listeners }: GatewayPlan, view: GatewayView): CertificateClaim[] =>
  listeners.flatMap(({ listener: { port, hostname = '' }, certificates }) =>
    certificates.map(key => ({ port, host: hostname, depth: 'any', key, secret: view.secret(key) }) as const),
  )

const ingressClaims = (view: IngressView, port: number): CertificateClaim[] =>
  [...view.ingresses].sort(isOlder).flatMap(ingress =>
    (ingress.spec.tls ?? []).flatMap(({ hosts, secretName }) => {
      if (secretName === undefined) return []
      const key = `${ingress.metadata.namespace}/${secretName}`
      const names = hosts && hosts.length > 0 ? hosts : ['']
      return names.map(host => ({ port, host, depth: 'one', key, secret: view.secret(key) }) as const)
    }),
  )
