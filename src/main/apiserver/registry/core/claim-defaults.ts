// Defaults of persistent volume claims, also as templates of StatefulSets.
import type { PersistentVolumeClaim } from '../../../../shared/api/core/v1.ts'

export function setClaimDefaults(claim: PersistentVolumeClaim): void {
  claim.spec ??= {}
  claim.status ??= {}
  claim.status.phase ||= 'Pending'
  const { spec } = claim
  spec.volumeMode ??= 'Filesystem'
  spec.resources ??= {}
  // Either of the two spellings of a data source stands for both, as long as it stays inside the namespace.
  if (spec.dataSource && !spec.dataSourceRef) spec.dataSourceRef = { ...spec.dataSource }
  else if (spec.dataSourceRef && !spec.dataSource && !spec.dataSourceRef.namespace) {
    const { apiGroup, kind, name } = spec.dataSourceRef
    spec.dataSource = { ...(apiGroup === undefined ? {} : { apiGroup }), kind, name }
  }
}
