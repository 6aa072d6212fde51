// Defaults of role bindings.
import type { ClusterRoleBinding, RoleBinding } from '../../../../shared/api/rbac/v1.ts'
import { list } from '../support/collections.ts'

export const RBAC_GROUP = 'rbac.authorization.k8s.io'

export function setBindingDefaults(binding: RoleBinding | ClusterRoleBinding): void {
  binding.roleRef ??= {} as typeof binding.roleRef
  binding.roleRef.apiGroup ||= RBAC_GROUP
  for (const subject of list(binding.subjects))
    if (subject.kind === 'User' || subject.kind === 'Group') subject.apiGroup ||= RBAC_GROUP
}
