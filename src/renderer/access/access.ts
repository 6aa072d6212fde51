// Who may do what, out of roles and bindings: each permission with the binding, the role and the rule that gives it.
import {
  ClusterRole,
  ClusterRoleBinding,
  type PolicyRule,
  Role,
  RoleBinding,
  type Subject,
} from '../../shared/api/rbac/v1.ts'
import type { World } from '../world/world.ts'
import { t } from '../i18n/i18n.ts'

export const RBAC_TYPES = [Role, ClusterRole, RoleBinding, ClusterRoleBinding]

export interface Resource {
  readonly group: string
  /** With its subresource: `pods/log`. */
  readonly resource: string
}

/** `pods/log@` / `deployments@apps`: one text a resource, in the place's address and in its choices. */
export const resourceId = ({ group, resource }: Resource): string => `${resource}@${group}`
export function resourceOf(id: string): Resource {
  const [resource = '', group = ''] = id.split('@')
  return { group, resource }
}
export const resourceLabel = ({ group, resource }: Resource): string => (group ? `${resource} (${group})` : resource)

export interface Grant {
  readonly subject: Subject
  readonly verb: string
  /** Undefined: in every namespace, and for what has none. */
  readonly namespace: string | undefined
  /** Only these objects; empty = all. */
  readonly names: readonly string[]
  readonly binding: RoleBinding | ClusterRoleBinding
  readonly role: Role | ClusterRole
  readonly rule: PolicyRule
}

export const VERBS = ['get', 'list', 'watch', 'create', 'update', 'patch', 'delete', 'deletecollection'] as const

const holds = (words: readonly string[] | undefined, word: string) => words?.some(each => each === '*' || each === word)

/** @see https://kubernetes.io/docs/reference/access-authn-authz/rbac/#referring-to-resources */
export function ruleCovers(rule: PolicyRule, { group, resource }: Resource): boolean {
  if (!holds(rule.apiGroups, group)) return false
  const [, sub] = resource.split('/')
  return (
    holds(rule.resources, resource) === true || (sub !== undefined && rule.resources?.includes(`*/${sub}`) === true)
  )
}

export const subjectKey = ({ kind, name, namespace }: Subject): string =>
  `${kind} ${namespace ? `${namespace}/` : ''}${name}`

/** Everything that any subject may do with a resource. */
export function grantsOn(world: World, resource: Resource, verbs: readonly string[]): Grant[] {
  const grants: Grant[] = []
  const add = (binding: RoleBinding | ClusterRoleBinding, namespace: string | undefined) => {
    const { kind, name } = binding.roleRef
    const role = kind === 'ClusterRole' ? world.find(ClusterRole, undefined, name) : world.find(Role, namespace, name)
    for (const rule of role?.rules ?? []) {
      if (!role || !ruleCovers(rule, resource)) continue
      for (const verb of verbs) {
        if (!holds(rule.verbs, verb)) continue
        for (const subject of binding.subjects ?? [])
          grants.push({ subject, verb, namespace, names: rule.resourceNames ?? [], binding, role, rule })
      }
    }
  }
  for (const binding of world.all(ClusterRoleBinding)) add(binding, undefined)
  for (const binding of world.all(RoleBinding)) add(binding, binding.metadata.namespace)
  return grants
}

/** `all`: wherever was asked; `some`: only there, or only certain objects. */
export type Extent = 'all' | 'some' | 'none'

export interface AccessRow {
  readonly key: string
  readonly subject: Subject
  readonly isSystem: boolean
  readonly extents: Readonly<Record<string, Extent>>
  readonly grants: readonly Grant[]
}

/** Kubernetes' own users and groups, and what runs in its own namespaces. */
const isSystem = ({ kind, name, namespace }: Subject) =>
  kind === 'ServiceAccount' ? namespace?.startsWith('kube-') === true : name.startsWith('system:')

/** @param namespace undefined = asked of every namespace */
export function accessMatrix(grants: readonly Grant[], namespace: string | undefined): AccessRow[] {
  const bySubject = new Map<string, Grant[]>()
  for (const grant of grants) {
    if (namespace !== undefined && grant.namespace !== undefined && grant.namespace !== namespace) continue
    const key = subjectKey(grant.subject)
    const known = bySubject.get(key)
    if (known) known.push(grant)
    else bySubject.set(key, [grant])
  }
  const isAll = (grant: Grant) =>
    grant.names.length === 0 && (grant.namespace === undefined || grant.namespace === namespace)
  return [...bySubject]
    .flatMap(([key, found]) => {
      const [first] = found
      if (!first) return []
      const extents: Record<string, Extent> = {}
      for (const grant of found)
        if (isAll(grant) || !extents[grant.verb]) extents[grant.verb] = isAll(grant) ? 'all' : 'some'
      return [{ key, subject: first.subject, isSystem: isSystem(first.subject), extents, grants: found }]
    })
    .sort((a, b) => Number(a.isSystem) - Number(b.isSystem) || a.key.localeCompare(b.key))
}

/** The users and groups as which a subject acts: a service account is a user in groups of its own. */
export function identityOf({ kind, name, namespace = '' }: Subject): { user: string; groups: string[] } {
  if (kind === 'ServiceAccount')
    return {
      user: `system:serviceaccount:${namespace}:${name}`,
      groups: ['system:serviceaccounts', `system:serviceaccounts:${namespace}`, 'system:authenticated'],
    }
  // Somebody of the group, whoever it is.
  if (kind === 'Group') return { user: '', groups: [name] }
  return { user: name, groups: ['system:authenticated'] }
}

/** `pods, pods/log`, `deployments (apps) only web`. */
export function objectsText({
  apiGroups = [],
  resources = [],
  resourceNames = [],
  nonResourceURLs = [],
}: PolicyRule): string {
  const groups = apiGroups.filter(Boolean)
  const isAll = resources.includes('*') && groups.includes('*')
  const what = isAll ? t('everything') : resources.join(', ')
  const where = isAll ? '' : groups.includes('*') ? t('any group') : groups.join(', ')
  const named = resourceNames.length ? t('only {names}', { names: resourceNames.join(', ') }) : ''
  return [what, where && resources.length ? `(${where})` : '', named, nonResourceURLs.join(', ')]
    .filter(Boolean)
    .join(' ')
}

/** `get, list`. */
export const verbsText = ({ verbs }: PolicyRule): string => (verbs.includes('*') ? t('all verbs') : verbs.join(', '))

/** A rule in words: `pods, pods/log: get, list`. */
export const ruleText = (rule: PolicyRule): string => `${objectsText(rule)}: ${verbsText(rule)}`
