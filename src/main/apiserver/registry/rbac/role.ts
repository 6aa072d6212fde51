// Roles.
import { Role } from '../../../../shared/api/rbac/v1.ts'
import { pathSegmentName } from '../../../../shared/machinery/names.ts'
import { defaultColumns } from '../columns/common.ts'
import { defineResource } from '../resource.ts'

export const roles = defineResource<Role>({ type: Role, validateName: pathSegmentName, columns: defaultColumns })
