// "Why?" for any object: pure, from what the window knows of the cluster to a chain of causes.
import { DaemonSet, Deployment, ReplicaSet, StatefulSet } from '../../shared/api/apps/v1.ts'
import { HorizontalPodAutoscaler } from '../../shared/api/autoscaling/v2.ts'
import { CronJob, Job } from '../../shared/api/batch/v1.ts'
import {
  ConfigMap,
  Event,
  Namespace,
  Node,
  PersistentVolume,
  PersistentVolumeClaim,
  Pod,
  Secret,
  Service,
} from '../../shared/api/core/v1.ts'
import { Host } from '../../shared/api/flotilla/v1.ts'
import { Ingress, IngressClass, NetworkPolicy } from '../../shared/api/networking/v1.ts'
import { StorageClass } from '../../shared/api/storage/v1.ts'
import type { AnyObject, KubeObject } from '../../shared/machinery/object.ts'
import type { ResourceType } from '../../shared/machinery/resource-type.ts'
import { kindKey } from '../api/discovery.ts'
import type { Wanted } from '../api/live-pool.ts'
import { type ObjectRef, type World, refId } from '../world/world.ts'
import type { Cause, Explainer, LinesOf, Scene } from './cause.ts'
import { explainNode } from './explain-node.ts'
import { explainAutoscaler, explainNamespace, explainOther } from './explain-other.ts'
import { explainPod } from './explain-pod.ts'
import { explainClaim } from './explain-storage.ts'
import { explainIngress, explainService } from './explain-traffic.ts'
import {
  explainCronJob,
  explainDaemonSet,
  explainDeployment,
  explainJob,
  explainReplicaSet,
  explainStatefulSet,
} from './explain-workload.ts'

const explainers = new Map<string, Explainer<AnyObject>>()
function add<T extends KubeObject>(type: ResourceType<T>, explainer: Explainer<T>) {
  explainers.set(kindKey(type), explainer as unknown as Explainer<AnyObject>)
}
add(Pod, explainPod)
add(Deployment, explainDeployment)
add(ReplicaSet, explainReplicaSet)
add(StatefulSet, explainStatefulSet)
add(DaemonSet, explainDaemonSet)
add(Job, explainJob)
add(CronJob, explainCronJob)
add(Service, explainService)
add(Ingress, explainIngress)
add(PersistentVolumeClaim, explainClaim)
add(Node, explainNode)
add(Namespace, explainNamespace)
add(HorizontalPodAutoscaler, explainAutoscaler)

/**
 * The kinds a chain of causes may lead through, in the namespace of the object. Room on the nodes counts the pods of all
 * namespaces; what a pod does not reach may be in any.
 */
export const kindsOfWhy = (namespace: string | undefined): readonly Wanted[] => [
  ...[Pod, ReplicaSet, Deployment, StatefulSet, DaemonSet, Job, Service, Ingress, PersistentVolumeClaim, Event].map(
    type => ({ type, namespace }),
  ),
  ...[ConfigMap, Secret].map(type => ({ type, namespace, metadataOnly: true })),
  ...[Node, Host, PersistentVolume, StorageClass, IngressClass, Namespace].map(type => ({ type })),
  // Who may not list those of the others gets by with these.
  { type: NetworkPolicy, namespace },
  ...[Pod, Service, NetworkPolicy].map(type => ({ type })),
]

/** @returns undefined when nothing is wrong, or nothing is known of the object */
export function why(world: World, ref: ObjectRef, now: number, linesOf: LinesOf = () => []): Cause | undefined {
  const known = new Map<string, Cause | undefined>()
  const explain = (about: ObjectRef): Cause | undefined => {
    const id = refId(about)
    if (known.has(id)) return known.get(id)
    // A chain that comes back to itself ends there.
    known.set(id, undefined)
    const object = world.find(about.type as ResourceType<AnyObject>, about.namespace, about.name)
    const explainer = explainers.get(kindKey(about.type)) ?? explainOther
    const cause = object && explainer(object, scene, about)
    known.set(id, cause)
    return cause
  }
  const scene: Scene = { world, now, explain, linesOf }
  return explain(ref)
}
