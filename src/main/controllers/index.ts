// The control loops of the cluster, in one readable list.
import { setMaxListeners } from 'node:events'
import type { Client } from '../../shared/client/client.ts'
import { type ControllerMetrics, ControllerManager } from '../../shared/client/controller-manager.ts'
import { type Controller, controller } from '../../shared/client/reconciler.ts'
import type { Clock } from '../../shared/machinery/clock.ts'
import type { Log } from '../../shared/machinery/log.ts'
import type { Pki } from '../pki/pki.ts'
import type { ControllerChoice } from './choice.ts'
import { BootstrapSigner } from './bootstrapsigner/controller.ts'
import { ClusterRoleAggregation } from './clusterrole-aggregation/controller.ts'
import { CronJobController } from './cronjob/controller.ts'
import { CertificateApprover } from './csrapproving/controller.ts'
import { CertificateRequestCleaner } from './csrcleaner/controller.ts'
import { CertificateSigner } from './csrsigning/controller.ts'
import { DaemonSetController } from './daemonset/controller.ts'
import { DeploymentAutoRollback } from './deployment-auto-rollback/controller.ts'
import { DeploymentController } from './deployment/controller.ts'
import { DeviceTaintEvictionController } from './device-taint-eviction/controller.ts'
import { DisruptionController } from './disruption/controller.ts'
import { StaleDisruptionCondition } from './disruption/stale-condition.ts'
import { EndpointsController } from './endpoints/controller.ts'
import { EndpointSliceController } from './endpointslice/controller.ts'
import { EndpointSliceMirroringController } from './endpointslicemirroring/controller.ts'
import { GarbageCollector } from './garbage-collector/controller.ts'
import { EphemeralVolumeController } from './ephemeral-volume/controller.ts'
import { GatewayController } from './gateway/controller.ts'
import { IngressStatusController } from './ingress/controller.ts'
import { HorizontalPodAutoscaling } from './horizontal-pod-autoscaling/controller.ts'
import { JobController } from './job/controller.ts'
import { JobOrphanPods } from './job/orphan-pods.ts'
import { LocalPathDeleter } from './local-path-provisioner/delete.ts'
import { LocalPathProvisioner } from './local-path-provisioner/provision.ts'
import { NamespaceController } from './namespace/controller.ts'
import { NodeIpamController } from './node-ipam/controller.ts'
import { NodeLifecycleController } from './node-lifecycle/controller.ts'
import { ClaimBinder } from './persistentvolume-binder/claims.ts'
import { VolumeBinder } from './persistentvolume-binder/volumes.ts'
import { AttachDetachController } from './persistentvolume-attach-detach/controller.ts'
import { PersistentVolumeExpander } from './persistentvolume-expander/controller.ts'
import { PodGarbageCollector } from './pod-gc/controller.ts'
import { PvProtectionController } from './pv-protection/controller.ts'
import { PvcProtectionController } from './pvc-protection/controller.ts'
import { replicaSetController } from './replicaset/controller.ts'
import { replicationController } from './replicationcontroller/controller.ts'
import { ResourceClaimController } from './resourceclaim/claims.ts'
import { PodResourceClaims } from './resourceclaim/pods.ts'
import { ResourceQuotaController } from './resourcequota/controller.ts'
import { RootCaCertPublisher } from './root-ca-cert-publisher/controller.ts'
import { ServiceLoadBalancerController } from './service/controller.ts'
import { ServiceAccountController } from './serviceaccount/controller.ts'
import { ServiceAccountTokenController, type SignToken } from './serviceaccount-token/controller.ts'
import { ServiceCidrs } from './service-cidrs/controller.ts'
import { ServiceIpRepair } from './service-ip-repair/controller.ts'
import { StatefulSetController } from './statefulset/controller.ts'
import { ObservedTime } from '../../shared/machinery/observed-time.ts'
import { TaintEvictionController } from './taint-eviction/controller.ts'
import { LegacyServiceAccountTokenCleaner } from './legacy-serviceaccount-token-cleaner/controller.ts'
import { TokenCleaner } from './token-cleaner/controller.ts'
import { NodeTtlController } from './ttl/controller.ts'
import { TtlAfterFinished } from './ttl-after-finished/controller.ts'
import { VolumeAttributesClassProtectionController } from './volumeattributesclass-protection/controller.ts'

export interface ControllerOptions {
  readonly clock: Clock
  /** PEM of the CA that signed the API server's certificate. */
  readonly rootCa: string
  /** Signs legacy tokens; without it, Secrets of type kubernetes.io/service-account-token stay empty. */
  readonly signToken?: SignToken
  /** Signs the certificates of nodes and users; without it, CertificateSigningRequests wait for somebody else. */
  readonly pki?: Pick<Pki, 'readRequest' | 'signRequest' | 'servingNames'>
  /** Networks that the nodes' pod networks are cut out of, one for each family; default 10.244.0.0/16. */
  readonly clusterCidrs?: readonly string[]
  /** Of Services. */
  readonly serviceCidrs?: readonly string[]
  /** Which of them run. Default: all. */
  readonly choice?: ControllerChoice
  /** Shared by all that judge by time passed; it ticks while `startControllers` runs. */
  readonly time?: ObservedTime
}

export interface StartControllersOptions extends ControllerOptions {
  /** Reads for the caches that all controllers share: `system:kube-controller-manager`. */
  readonly client: Client
  /** A client that acts as `system:serviceaccount:kube-system:<name>`, such as `replicaset-controller`. */
  readonly clientFor: (serviceAccount: string) => Client
  readonly log: Log
  readonly metrics?: ControllerMetrics
}

export const controllers = ({
  clock,
  rootCa,
  signToken,
  pki,
  clusterCidrs,
  serviceCidrs = [],
  time = new ObservedTime(clock),
}: ControllerOptions): Controller[] => [
  new GarbageCollector(),
  controller(new NamespaceController()),
  controller(new ServiceAccountController()),
  controller(new RootCaCertPublisher(rootCa)),
  ...(signToken ? [controller(new ServiceAccountTokenController(rootCa, signToken))] : []),
  ...(pki
    ? [
        controller(new CertificateApprover(pki, [...(clusterCidrs ?? []), ...serviceCidrs])),
        controller(new CertificateSigner(pki)),
      ]
    : []),
  controller(new CertificateRequestCleaner()),
  controller(new BootstrapSigner()),
  controller(new DeploymentController(time)),
  controller(new DeploymentAutoRollback(time)),
  controller(replicaSetController(clock)),
  controller(replicationController(clock)),
  controller(new DaemonSetController(clock)),
  controller(new StatefulSetController(clock)),
  controller(new JobController(clock)),
  controller(new JobOrphanPods()),
  controller(new CronJobController()),
  controller(new HorizontalPodAutoscaling()),
  controller(new TtlAfterFinished()),
  controller(new TokenCleaner()),
  controller(new LegacyServiceAccountTokenCleaner()),
  controller(new ClusterRoleAggregation()),
  controller(new DisruptionController()),
  controller(new StaleDisruptionCondition()),
  controller(new ResourceQuotaController()),
  controller(new EndpointsController()),
  controller(new EndpointSliceController(clock)),
  controller(new EndpointSliceMirroringController(clock)),
  controller(new ServiceLoadBalancerController()),
  controller(new ServiceCidrs()),
  controller(new ServiceIpRepair()),
  controller(new IngressStatusController()),
  new GatewayController(),
  controller(new ClaimBinder()),
  controller(new VolumeBinder()),
  controller(new LocalPathProvisioner()),
  controller(new LocalPathDeleter()),
  controller(new AttachDetachController(time)),
  controller(new PersistentVolumeExpander()),
  controller(new EphemeralVolumeController()),
  controller(new PodResourceClaims(clock)),
  controller(new ResourceClaimController()),
  controller(new PvcProtectionController()),
  controller(new PvProtectionController()),
  controller(new VolumeAttributesClassProtectionController()),
  controller(new NodeIpamController(clusterCidrs)),
  controller(new NodeLifecycleController(clock, time)),
  controller(new NodeTtlController()),
  controller(new TaintEvictionController(time)),
  controller(new DeviceTaintEvictionController()),
  controller(new PodGarbageCollector(time)),
]

/** Starts all controllers. They stop when the signal aborts or the manager is disposed, whichever is first. */
export function startControllers(options: StartControllersOptions, signal?: AbortSignal): ControllerManager {
  const { client, clientFor, clock, log, metrics, choice = () => true } = options
  const time = options.time ?? new ObservedTime(clock)
  const manager = new ControllerManager({
    controllers: controllers({ ...options, time }).filter(({ name }) => choice(name)),
    client,
    clientFor,
    clock,
    log,
    ...(metrics ? { metrics } : {}),
  })
  // Every cache, queue and timer ends with this one signal.
  setMaxListeners(0, manager.signal)
  time.onGap(() => manager.afterGap())
  manager.start(signal)
  time.start(manager.signal)
  return manager
}
