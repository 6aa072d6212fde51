// Composes the node's Ingress proxy: what it knows, where that is kept, and the proxy itself.
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
import { IngressProxy } from './ingress.ts'
import { IngressView } from './ingress-view.ts'

export interface IngressPorts {
  readonly http: number
  readonly https: number
}

export interface StartIngressOptions {
  readonly client: Client
  readonly informers: InformerFactory
  readonly cluster: ClusterView
  readonly nodeName: string
  /** File that remembers Ingresses and certificates. */
  readonly path: string
  readonly ports: IngressPorts
  readonly clock: Clock
  readonly log: Log
  /** 0 ≤ x < 1, picks the endpoint that is tried first. */
  readonly random?: () => number
}

/** Nothing listens before there is an IngressClass of ours. Ended by dispose. */
export function startIngress({
  client,
  informers,
  cluster,
  nodeName,
  path,
  ports,
  clock,
  log,
  random = Math.random,
}: StartIngressOptions): AsyncDisposable {
  const owned = new Owned()
  const mayServe = () => ingressNodes([...cluster.nodes.values()]).some(({ metadata }) => metadata.name === nodeName)
  const view = owned.use(new IngressView({ client, clock, mayServe }))
  owned.use(new Checkpoint({ path, view, clock, log }))
  view.follow(informers)
  let before = mayServe()
  owned.defer(
    cluster.on({
      node: () => {
        if (mayServe() === before) return
        before = !before
        view.changed()
      },
    }),
  )
  const backends = new Backends(cluster, () => placeOf(cluster, nodeName), random)
  owned.use(new IngressProxy({ view, backends, clock, log, httpPort: ports.http, httpsPort: ports.https }))
  return owned
}
