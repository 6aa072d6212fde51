// ClusterRoles.
import { ClusterRole } from '../../../../shared/api/rbac/v1.ts'
import { pathSegmentName } from '../../../../shared/machinery/names.ts'
import { defaultColumns } from '../columns/common.ts'
import { defineResource } from '../resource.ts'
import { validateClusterRole } from './validate.ts'

export const clusterRoles = defineResource<ClusterRole>({
  type: ClusterRole,
  createdByUpdates: true,
  validateName: pathSegmentName,
  validate: validateClusterRole,
  columns: defaultColumns,
})
