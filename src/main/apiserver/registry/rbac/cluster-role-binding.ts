// ClusterRoleBindings.
import { ClusterRoleBinding } from '../../../../shared/api/rbac/v1.ts'
import { pathSegmentName } from '../../../../shared/machinery/names.ts'
import { defineResource } from '../resource.ts'
import { bindingColumns } from './columns.ts'
import { setBindingDefaults } from './defaults.ts'
import { validateBinding, validateBindingUpdate } from './validate.ts'

export const clusterRoleBindings = defineResource<ClusterRoleBinding>({
  type: ClusterRoleBinding,
  createdByUpdates: true,
  validateName: pathSegmentName,
  setDefaults: setBindingDefaults,
  validate: binding => validateBinding(binding, false),
  validateUpdate: validateBindingUpdate,
  columns: bindingColumns,
})
