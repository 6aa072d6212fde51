// Fields that name another object, and of which kind: so that the form can tell what there is.
import { Deployment, ReplicaSet, StatefulSet } from '../../shared/api/apps/v1.ts'
import {
  ConfigMap,
  Node,
  PersistentVolume,
  PersistentVolumeClaim,
  Secret,
  Service,
  ServiceAccount,
} from '../../shared/api/core/v1.ts'
import { IngressClass } from '../../shared/api/networking/v1.ts'
import { RuntimeClass } from '../../shared/api/node/v1.ts'
import { ClusterRole, Role } from '../../shared/api/rbac/v1.ts'
import { PriorityClass } from '../../shared/api/scheduling/v1.ts'
import { StorageClass } from '../../shared/api/storage/v1.ts'
import type { KubeObject } from '../../shared/machinery/object.ts'
import type { ResourceType } from '../../shared/machinery/resource-type.ts'

type Kind = ResourceType<KubeObject>

/** `Type.field`; of several kinds, the one that the field `kind` beside it says. */
const NAMED: Readonly<Record<string, Kind | readonly Kind[]>> = {
  'ConfigMapEnvSource.name': ConfigMap,
  'ConfigMapKeySelector.name': ConfigMap,
  'ConfigMapProjection.name': ConfigMap,
  'ConfigMapVolumeSource.name': ConfigMap,
  'CrossVersionObjectReference.name': [Deployment, StatefulSet, ReplicaSet],
  'IngressServiceBackend.name': Service,
  'IngressSpec.ingressClassName': IngressClass,
  'IngressTLS.secretName': Secret,
  'LocalObjectReference.name': Secret,
  'PersistentVolumeClaimSpec.storageClassName': StorageClass,
  'PersistentVolumeClaimSpec.volumeName': PersistentVolume,
  'PersistentVolumeClaimVolumeSource.claimName': PersistentVolumeClaim,
  'PersistentVolumeSpec.storageClassName': StorageClass,
  'PodSpec.nodeName': Node,
  'PodSpec.priorityClassName': PriorityClass,
  'PodSpec.runtimeClassName': RuntimeClass,
  'PodSpec.serviceAccountName': ServiceAccount,
  'RoleRef.name': [Role, ClusterRole],
  'SecretEnvSource.name': Secret,
  'SecretKeySelector.name': Secret,
  'SecretProjection.name': Secret,
  'SecretVolumeSource.secretName': Secret,
  'StatefulSetSpec.serviceName': Service,
  'Subject.name': [ServiceAccount],
}
export const NAMING_PLACES = Object.keys(NAMED)

/** @param kind what the field beside it says */
export function kindNamedAt(place: string, kind: unknown): Kind | undefined {
  const named = Object.hasOwn(NAMED, place) ? NAMED[place] : undefined
  return Array.isArray(named)
    ? (named as readonly Kind[]).find(each => each.kind === kind)
    : (named as Kind | undefined)
}
