// ClusterRoleBindings.
import { ClusterRoleBinding } from '../../../../shared/api/rbac/v1.ts'
import { defineResource } from '../resource.ts'
import { bindingColumns } from './columns.ts'
import { setBindingDefaults } from './defaults.ts'

export const clusterRoleBindings = defineResource<ClusterRoleBinding>({
  type: ClusterRoleBinding,
  setDefaults: setBindingDefaults,
  columns: bindingColumns,
})
