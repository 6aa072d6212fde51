// The volume that the local provisioner makes: a folder on one node, which that node's agent creates and deletes.
import type { Node, PersistentVolume, PersistentVolumeClaim } from '../../../shared/api/core/v1.ts'
import type { StorageClass } from '../../../shared/api/storage/v1.ts'
import { HOSTNAME, LOCAL_VOLUME_FINALIZER } from '../../../shared/machinery/local-volumes.ts'
import type { Draft } from '../../../shared/machinery/object.ts'
import {
  LOCAL_PROVISIONER,
  PROVISIONED_BY,
  storageClassOf,
  volumeModeOf,
} from '../../../shared/machinery/volume-claims.ts'

const MODES = ['ReadWriteOnce', 'ReadWriteOncePod']

export const volumeName = ({ metadata }: PersistentVolumeClaim): string => `pvc-${metadata.uid}`

/** @returns why this provisioner cannot serve the claim, or undefined */
export function unsupported(claim: PersistentVolumeClaim): string | undefined {
  const { accessModes = [], selector, dataSource, dataSourceRef } = claim.spec
  if (selector) return 'claim Selector is not supported'
  if (dataSource ?? dataSourceRef) return 'volumes with a data source are not supported'
  if (volumeModeOf(claim) !== 'Filesystem') return 'only volumes with mode Filesystem are supported'
  if (accessModes.some(mode => !MODES.includes(mode)))
    return `a folder of one node only supports the access modes ${MODES.join(' and ')}`
  return undefined
}

export function makeVolume(
  claim: PersistentVolumeClaim,
  { reclaimPolicy, mountOptions }: StorageClass,
  node: Node,
  folder: string,
): Draft<PersistentVolume> {
  const { namespace, name: claimName, uid, resourceVersion } = claim.metadata
  const name = volumeName(claim)
  const hostname = node.metadata.labels?.[HOSTNAME] ?? node.metadata.name
  return {
    metadata: {
      name,
      annotations: { [PROVISIONED_BY]: LOCAL_PROVISIONER },
      finalizers: [LOCAL_VOLUME_FINALIZER],
    },
    spec: {
      accessModes: [...(claim.spec.accessModes ?? [])],
      capacity: { storage: claim.spec.resources?.requests?.storage ?? '0' },
      claimRef: {
        apiVersion: 'v1',
        kind: 'PersistentVolumeClaim',
        namespace,
        name: claimName,
        uid,
        resourceVersion,
      },
      local: { path: `${folder.replace(/\/+$/, '')}/${name}` },
      nodeAffinity: {
        required: {
          nodeSelectorTerms: [{ matchExpressions: [{ key: HOSTNAME, operator: 'In', values: [hostname] }] }],
        },
      },
      persistentVolumeReclaimPolicy: reclaimPolicy ?? 'Delete',
      storageClassName: storageClassOf(claim),
      volumeMode: 'Filesystem',
      ...(mountOptions ? { mountOptions: [...mountOptions] } : {}),
    },
  }
}
