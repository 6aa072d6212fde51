// The control loops of the cluster, in one readable list.
import type { Client } from '../../shared/client/client.ts'
import { type ControllerMetrics, ControllerManager } from '../../shared/client/controller-manager.ts'
import { type Controller, controller } from '../../shared/client/reconciler.ts'
import type { Clock } from '../../shared/machinery/clock.ts'
import type { Log } from '../../shared/machinery/log.ts'
import { DeploymentController } from './deployment/controller.ts'
import { EndpointsController } from './endpoints/controller.ts'
import { EndpointSliceController } from './endpointslice/controller.ts'
import { NamespaceController } from './namespace/controller.ts'
import { replicaSetController } from './replicaset/controller.ts'
import { RootCaCertPublisher } from './root-ca-cert-publisher/controller.ts'
import { ServiceAccountController } from './serviceaccount/controller.ts'

export interface ControllerOptions {
  readonly clock: Clock
  /** PEM of the CA that signed the API server's certificate. */
  readonly rootCa: string
}

export interface StartControllersOptions extends ControllerOptions {
  /** Reads for the caches that all controllers share: `system:kube-controller-manager`. */
  readonly client: Client
  /** A client that acts as `system:serviceaccount:kube-system:<name>`, such as `replicaset-controller`. */
  readonly clientFor: (serviceAccount: string) => Client
  readonly log: Log
  readonly metrics?: ControllerMetrics
}

export const controllers = ({ clock, rootCa }: ControllerOptions): Controller[] => [
  controller(new NamespaceController()),
  controller(new ServiceAccountController()),
  controller(new RootCaCertPublisher(rootCa)),
  controller(new DeploymentController()),
  controller(replicaSetController(clock)),
  controller(new EndpointsController()),
  controller(new EndpointSliceController(clock)),
]

/** Starts all controllers. They stop when the signal aborts or the manager is disposed, whichever is first. */
export function startControllers(options: StartControllersOptions, signal?: AbortSignal): ControllerManager {
  const { client, clientFor, clock, log, metrics } = options
  const manager = new ControllerManager({
    controllers: controllers(options),
    client,
    clientFor,
    clock,
    log,
    ...(metrics ? { metrics } : {}),
  })
  manager.start(signal)
  return manager
}
