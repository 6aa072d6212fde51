// Composes the node's HTTP proxy for Ingresses and Gateways: what it knows, where that is kept, and the proxy itself.
import { join } from 'node:path'
import type { Client } from '../../shared/client/client.ts'
import type { InformerFactory } from '../../shared/client/informer-factory.ts'
import type { Clock } from '../../shared/machinery/clock.ts'
import { ingressNodes } from '../../shared/machinery/ingress/ours.ts'
import type { Log } from '../../shared/machinery/log.ts'
import { Owned } from '../../shared/machinery/owned.ts'
import { Checkpoint } from '../network/checkpoint.ts'
import type { ClusterView } from '../network/cluster-view.ts'
import { placeOf } from '../proxy/proxier.ts'
import { Backends } from './backends.ts'
import { GatewayView } from './gateway/gateway-view.ts'
import { IngressProxy } from './ingress.ts'
import { IngressView } from './ingress-view.ts'
import { type IngressPorts, routingOf } from './routing.ts'

export interface StartIngressOptions {
  readonly client: Client
  readonly informers: InformerFactory
  readonly cluster: ClusterView
  readonly nodeName: string
  /** Folder of the files that remember what is served, with its certificates. */
  readonly stateDir: string
  readonly ports: IngressPorts
  readonly clock: Clock
  readonly log: Log
  /** 0 ≤ x < 1, picks the endpoint that is tried first. */
  readonly random?: () => number
}

/** Nothing listens before there is an IngressClass or a GatewayClass of ours. Ended by dispose. */
export function startIngress({
  client,
  informers,
  cluster,
  nodeName,
  stateDir,
  ports,
  clock,
  log,
  random = Math.random,
}: StartIngressOptions): AsyncDisposable {
  const owned = new Owned()
  const mayServe = () => ingressNodes([...cluster.nodes.values()]).some(({ metadata }) => metadata.name === nodeName)
  const view = owned.use(new IngressView({ client, clock, mayServe }))
  const gateways = owned.use(new GatewayView({ client, clock, mayServe }))
  owned.use(new Checkpoint({ path: join(stateDir, 'ingress.json'), view, clock, log }))
  owned.use(new Checkpoint({ path: join(stateDir, 'gateway.json'), view: gateways, clock, log }))
  view.follow(informers)
  gateways.follow(informers)
  let before = mayServe()
  owned.defer(
    cluster.on({
      node: () => {
        if (mayServe() === before) return
        before = !before
        view.changed()
        gateways.changed()
      },
    }),
  )
  const backends = new Backends(cluster, () => placeOf(cluster, nodeName), random)
  const onChange = (changed: () => void) => {
    const ends = [view.onChange(changed), gateways.onChange(changed)]
    return () => {
      for (const end of ends) end()
    }
  }
  const routing = () => routingOf(view, gateways, ports)
  owned.use(new IngressProxy({ routing, onChange, backends, clock, log, random }))
  return owned
}
