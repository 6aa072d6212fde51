// What a pod and a volume refer to: the objects that the node which runs the pod may read.
import type { PersistentVolume, Pod, Volume } from '../../../../shared/api/core/v1.ts'
import { configurationOf } from '../../../../shared/machinery/pod-configuration.ts'
import { claimNamesOf } from '../../../../shared/machinery/resource-claims.ts'

/** `<resource>/<namespace>/<name>`, e.g. `secrets/default/db`. */
export type Reference = string

export const referenceTo = (resource: string, namespace: string, name: string): Reference =>
  `${resource}/${namespace}/${name}`

const MIRROR = 'kubernetes.io/config.mirror'

function claimOf(pod: Pod, volume: Volume): string | undefined {
  return volume.ephemeral ? `${pod.metadata.name}-${volume.name}` : volume.persistentVolumeClaim?.claimName
}

/** A mirror pod comes from the node itself: if it could refer to anything, a node could read everything. */
export function referencesOf(pod: Pod): Set<Reference> {
  const { namespace, annotations } = pod.metadata
  const found = new Set<Reference>()
  if (annotations?.[MIRROR] !== undefined) return found
  const add = (resource: string, names: readonly (string | undefined)[]) => {
    for (const name of names) if (name) found.add(referenceTo(resource, namespace, name))
  }
  const { secrets, configMaps } = configurationOf(pod)
  add('secrets', secrets)
  add('configmaps', configMaps)
  add('persistentvolumeclaims', (pod.spec.volumes ?? []).map(volume => claimOf(pod, volume))) // prettier-ignore
  add('serviceaccounts', [pod.spec.serviceAccountName])
  add('resourceclaims', claimNamesOf(pod))
  return found
}

/** The Secrets that mounting a volume needs on the node; those without a namespace are in the claim's. */
export function secretsOfVolume({ spec }: PersistentVolume): Set<Reference> {
  const claimNamespace = spec.claimRef?.namespace ?? ''
  const refs = [
    spec.azureFile && { name: spec.azureFile.secretName, namespace: spec.azureFile.secretNamespace },
    spec.cephfs?.secretRef,
    spec.cinder?.secretRef,
    spec.flexVolume?.secretRef,
    spec.rbd?.secretRef,
    spec.scaleIO?.secretRef,
    spec.iscsi?.secretRef,
    spec.storageos?.secretRef,
    spec.csi?.nodePublishSecretRef,
    spec.csi?.nodeStageSecretRef,
    spec.csi?.nodeExpandSecretRef,
  ]
  return new Set(
    refs.flatMap(ref => (ref?.name ? [referenceTo('secrets', ref.namespace || claimNamespace, ref.name)] : [])),
  )
}
