// Who is given what: roles, bindings and service accounts, each seen from the others.
import { ServiceAccount } from '../../shared/api/core/v1.ts'
import { ClusterRole, ClusterRoleBinding, Role, RoleBinding } from '../../shared/api/rbac/v1.ts'
import type { AnyObject, KubeObject } from '../../shared/machinery/object.ts'
import type { ResourceType } from '../../shared/machinery/resource-type.ts'
import type { Wanted } from '../api/live-pool.ts'
import { type World, refTo } from '../world/world.ts'
import type { Related } from './contract.ts'
import { t } from '../i18n/i18n.ts'

export type Binding = RoleBinding | ClusterRoleBinding

/** A role that is not of a namespace can be given in each of them. */
export function accessKinds({ kind }: ResourceType<KubeObject>, namespace: string | undefined): readonly Wanted[] {
  if (kind === Role.kind) return [{ type: RoleBinding, namespace }]
  if (kind === ClusterRole.kind) return [{ type: RoleBinding }, { type: ClusterRoleBinding }]
  return kind === ServiceAccount.kind ? [{ type: RoleBinding, namespace }, { type: ClusterRoleBinding }] : []
}

export const bindings = (
  world: World,
): readonly { readonly type: ResourceType<KubeObject>; readonly binding: Binding }[] => [
  ...world.all(RoleBinding).map(binding => ({ type: RoleBinding, binding })),
  ...world.all(ClusterRoleBinding).map(binding => ({ type: ClusterRoleBinding, binding })),
]

export const roleOf = ({ roleRef, metadata }: Binding) =>
  roleRef.kind === Role.kind
    ? { type: Role, namespace: metadata.namespace, name: roleRef.name }
    : { type: ClusterRole, name: roleRef.name }

/** A subject without a namespace is of the binding's. */
export const accountsOf = ({ subjects = [], metadata }: Binding) =>
  subjects
    .filter(({ kind }) => kind === ServiceAccount.kind)
    .map(({ name, namespace = metadata.namespace }) => ({ type: ServiceAccount, namespace, name }))

function ofBinding(object: AnyObject): Related[] {
  const binding = object as unknown as Binding
  return [
    { relation: t('Grants'), ref: roleOf(binding) },
    ...accountsOf(binding).map(ref => ({ relation: t('Given to'), ref })),
  ]
}

const ofRole = (object: AnyObject, { world }: { readonly world: World }): Related[] =>
  bindings(world)
    .filter(({ binding: { roleRef, metadata } }) => {
      const isHere = object.kind === ClusterRole.kind || metadata.namespace === object.metadata.namespace
      return isHere && roleRef.kind === object.kind && roleRef.name === object.metadata.name
    })
    .map(({ type, binding }) => ({
      relation: t('Given by'),
      ref: refTo(type, binding),
      note: (binding.subjects ?? []).map(({ name }) => name).join(', '),
    }))

/** What an account may do, by the roles that it is given. */
export const rolesOfAccount = ({ metadata: account }: AnyObject, world: World): Related[] =>
  bindings(world)
    .filter(({ binding }) =>
      accountsOf(binding).some(({ namespace, name }) => name === account.name && namespace === account.namespace),
    )
    .flatMap(({ type, binding }) => [
      { relation: t('Is given'), ref: roleOf(binding) },
      { relation: t('Given by'), ref: refTo(type, binding) },
    ])

export const accessRelations = {
  RoleBinding: ofBinding,
  ClusterRoleBinding: ofBinding,
  Role: ofRole,
  ClusterRole: ofRole,
}
