// Roles.
import { Role } from '../../../../shared/api/rbac/v1.ts'
import { pathSegmentName } from '../../../../shared/machinery/names.ts'
import { defaultColumns } from '../columns/common.ts'
import { defineResource } from '../resource.ts'
import { validateRules } from './validate.ts'

export const roles = defineResource<Role>({
  type: Role,
  createdByUpdates: true,
  validateName: pathSegmentName,
  validate: role => validateRules(role.rules, true),
  columns: defaultColumns,
})
