// Defaults of persistent volume claims, also as templates of StatefulSets.
import type { PersistentVolumeClaim, TypedLocalObjectReference } from '../../../../shared/api/core/v1.ts'

export function setClaimDefaults(claim: PersistentVolumeClaim): void {
  claim.spec ??= {}
  claim.status ??= {}
  claim.status.phase ||= 'Pending'
  const { spec } = claim
  spec.volumeMode ??= 'Filesystem'
  spec.resources ??= {}
}

const SNAPSHOTS = 'snapshot.storage.k8s.io'

const isClaimOrSnapshot = ({ apiGroup = '', kind }: TypedLocalObjectReference): boolean =>
  kind === 'PersistentVolumeClaim' ? apiGroup === '' : kind === 'VolumeSnapshot' && apiGroup === SNAPSHOTS

/**
 * Either of the two spellings of a data source stands for both, as long as it stays inside the namespace. The older one
 * has always been dropped where it names anything but a claim or a snapshot; the newer one is where it leaves the
 * namespace (CrossNamespaceVolumeDataSource).
 */
export function settleDataSources({ spec }: PersistentVolumeClaim, old?: PersistentVolumeClaim): void {
  if (spec.dataSourceRef?.namespace && !old?.spec.dataSourceRef) delete spec.dataSourceRef
  const isKnown = old?.spec.dataSource !== undefined || old?.spec.dataSourceRef !== undefined
  if (!isKnown && spec.dataSource && !spec.dataSourceRef && !isClaimOrSnapshot(spec.dataSource)) delete spec.dataSource
  if (spec.dataSource && !spec.dataSourceRef) spec.dataSourceRef = { ...spec.dataSource }
  else if (spec.dataSourceRef && !spec.dataSource && !spec.dataSourceRef.namespace) {
    const { apiGroup, kind, name } = spec.dataSourceRef
    spec.dataSource = { ...(apiGroup === undefined ? {} : { apiGroup }), kind, name }
  }
}
