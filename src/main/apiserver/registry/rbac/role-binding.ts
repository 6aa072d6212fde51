// RoleBindings.
import { RoleBinding } from '../../../../shared/api/rbac/v1.ts'
import { pathSegmentName } from '../../../../shared/machinery/names.ts'
import { defineResource } from '../resource.ts'
import { bindingColumns } from './columns.ts'
import { setBindingDefaults } from './defaults.ts'
import { validateBinding, validateBindingUpdate } from './validate.ts'

export const roleBindings = defineResource<RoleBinding>({
  type: RoleBinding,
  createdByUpdates: true,
  validateName: pathSegmentName,
  setDefaults: setBindingDefaults,
  validate: binding => validateBinding(binding, true),
  validateUpdate: validateBindingUpdate,
  columns: bindingColumns,
})
