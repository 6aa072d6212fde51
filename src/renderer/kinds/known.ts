// The kinds that have columns and a status of their own. Every other kind is shown by the server's Table.
import { DaemonSet, Deployment, ReplicaSet, StatefulSet } from '../../shared/api/apps/v1.ts'
import { HorizontalPodAutoscaler } from '../../shared/api/autoscaling/v2.ts'
import { CronJob, Job } from '../../shared/api/batch/v1.ts'
import { CertificateSigningRequest } from '../../shared/api/certificates/v1.ts'
import {
  ConfigMap,
  Event,
  Namespace,
  Node,
  PersistentVolume,
  PersistentVolumeClaim,
  Pod,
  ReplicationController,
  Secret,
  Service,
} from '../../shared/api/core/v1.ts'
import { NetworkPolicy } from '../../shared/api/networking/v1.ts'
import { PodDisruptionBudget } from '../../shared/api/policy/v1.ts'
import type { AnyObject, KubeObject } from '../../shared/machinery/object.ts'
import type { ResourceType } from '../../shared/machinery/resource-type.ts'
import { kindKey } from '../api/discovery.ts'
import {
  conventionalStatus,
  namespaceStatus,
  nodeStatus,
  requestStatus,
  volumeStatus,
} from '../status/object-status.ts'
import { autoscalerStatus, budgetStatus, policyStatus } from '../status/steering-status.ts'
import { podStatus } from '../status/pod-status.ts'
import type { StatusView } from '../status/tone.ts'
import {
  cronJobStatus,
  daemonSetStatus,
  deploymentStatus,
  jobStatus,
  replicaSetStatus,
  statefulSetStatus,
} from '../status/workload-status.ts'
import {
  claimColumns,
  configMapColumns,
  namespaceColumns,
  nodeColumns,
  secretColumns,
  serviceColumns,
  volumeColumns,
} from './cluster-columns.ts'
import { eventColumns } from './event-columns.ts'
import type { Columns } from './column.ts'
import { podColumns } from './pod-columns.ts'
import {
  cronJobColumns,
  daemonSetColumns,
  deploymentColumns,
  jobColumns,
  replicaSetColumns,
  replicationControllerColumns,
  statefulSetColumns,
} from './workload-columns.ts'

export interface KnownKind {
  readonly columns: Columns
  readonly status?: (object: AnyObject) => StatusView
}

const known = new Map<string, KnownKind>()
function add<T extends KubeObject>(type: ResourceType<T>, columns: Columns, status?: (object: T) => StatusView) {
  const erased = status as ((object: KubeObject) => StatusView) | undefined
  known.set(kindKey(type), { columns, ...(erased ? { status: erased } : {}) })
}
add(Pod, podColumns, podStatus)
add(Deployment, deploymentColumns, deploymentStatus)
add(ReplicaSet, replicaSetColumns, replicaSetStatus)
add(ReplicationController, replicationControllerColumns, replicaSetStatus)
add(StatefulSet, statefulSetColumns, statefulSetStatus)
add(DaemonSet, daemonSetColumns, daemonSetStatus)
add(Job, jobColumns, jobStatus)
add(CronJob, cronJobColumns, cronJobStatus)
add(Node, nodeColumns, nodeStatus)
add(Namespace, namespaceColumns, namespaceStatus)
add(Service, serviceColumns)
add(ConfigMap, configMapColumns)
add(Secret, secretColumns)
add(PersistentVolume, volumeColumns, volumeStatus)
add(PersistentVolumeClaim, claimColumns, volumeStatus)
add(Event, eventColumns)

/** Kinds that are listed in the server's columns and have a state all the same. */
const states = new Map<string, (object: AnyObject) => StatusView>()
function addState<T extends KubeObject>(type: ResourceType<T>, status: (object: T) => StatusView) {
  states.set(kindKey(type), status as unknown as (object: KubeObject) => StatusView)
}
addState(HorizontalPodAutoscaler, autoscalerStatus)
addState(PodDisruptionBudget, budgetStatus)
addState(NetworkPolicy, policyStatus)
addState(CertificateSigningRequest, requestStatus)

export const knownKind = (type: ResourceType<unknown>): KnownKind | undefined => known.get(kindKey(type))

export const statusOf = (type: ResourceType<unknown>, object: AnyObject): StatusView | undefined =>
  (knownKind(type)?.status ?? states.get(kindKey(type)))?.(object) ?? conventionalStatus(object)
