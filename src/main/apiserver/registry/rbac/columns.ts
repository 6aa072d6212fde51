// How kubectl shows role bindings.
import type { ClusterRoleBinding, RoleBinding, Subject } from '../../../../shared/api/rbac/v1.ts'
import { ageColumn, nameColumn, text, wide } from '../columns/common.ts'
import type { Column } from '../resource.ts'
import { list } from '../support/collections.ts'

type Binding = RoleBinding | ClusterRoleBinding

const subjects = (kind: string, show: (subject: Subject) => string) => (binding: Binding) =>
  list(binding.subjects)
    .filter(subject => subject.kind === kind)
    .map(show)
    .join(', ')

export const bindingColumns: readonly Column<Binding>[] = [
  nameColumn,
  text('Role', 'Role that is granted.', binding => `${binding.roleRef?.kind}/${binding.roleRef?.name}`),
  ageColumn,
  wide(
    text(
      'Users',
      'Users that get the role.',
      subjects('User', s => s.name),
    ),
  ),
  wide(
    text(
      'Groups',
      'Groups that get the role.',
      subjects('Group', s => s.name),
    ),
  ),
  wide(
    text(
      'ServiceAccounts',
      'Service accounts that get the role.',
      subjects('ServiceAccount', s => (s.namespace ? `${s.namespace}/${s.name}` : s.name)),
    ),
  ),
]
