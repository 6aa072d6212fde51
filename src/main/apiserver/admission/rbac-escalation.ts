// Nobody hands out rights that they do not have: roles need the rights themselves or `escalate`, bindings those of the
// bound role or `bind`.
// @see https://kubernetes.io/docs/reference/access-authn-authz/rbac/#privilege-escalation-prevention-and-bootstrapping
import {
  ClusterRole,
  ClusterRoleBinding,
  type PolicyRule,
  Role,
  RoleBinding,
  type RoleRef,
} from '../../../shared/api/rbac/v1.ts'
import { deepEqual } from '../../../shared/machinery/deep-equal.ts'
import type { AnyObject } from '../../../shared/machinery/object.ts'
import { forbidden, notFound } from '../../../shared/machinery/status.ts'
import type { Authorizer } from '../authz/contract.ts'
import type { PolicyIndex } from '../authz/rbac/policy-index.ts'
import { rbacAuthorizer } from '../authz/rbac/rbac-authorizer.ts'
import { compact, showRule, uncovered } from '../authz/rbac/rules.ts'
import type { AdmissionPlugin, AdmissionRequest } from './contract.ts'
import { isType } from './is-type.ts'

const SUPERUSERS = 'system:masters'
const EVERYTHING: PolicyRule[] = [
  { verbs: ['*'], apiGroups: ['*'], resources: ['*'] },
  { verbs: ['*'], nonResourceURLs: ['*'] },
]

interface Check {
  readonly policy: PolicyIndex
  readonly authorizer: Authorizer
  readonly request: AdmissionRequest
}

/** Owners and finalizers may change without the rights: the garbage collector does that. */
function onlyBookkeeping({ object, oldObject }: AdmissionRequest): boolean {
  if (!object || !oldObject) return false
  const rest = ({ metadata, ...fields }: AnyObject) => {
    const { ownerReferences: _o, finalizers: _f, managedFields: _m, resourceVersion: _r, ...kept } = metadata
    return { ...fields, metadata: kept }
  }
  return deepEqual(rest(object), rest(oldObject))
}

function may({ authorizer, request }: Check, verb: string, resource: string, name: string): boolean {
  const { decision } = authorizer.authorize({
    isResource: true,
    verb,
    group: ClusterRole.group,
    version: 'v1',
    namespace: request.namespace,
    resource,
    subresource: '',
    name,
    path: '',
    user: request.user,
  })
  return decision === 'allow'
}

function missingRules({ policy, request }: Check, rules: readonly PolicyRule[]): PolicyRule[] {
  const owned = [...policy.grantsOf(request.user, request.namespace)].map(({ rule }) => rule)
  return uncovered(owned, rules)
}

/** @throws ApiError 403 */
function assertHeld(check: Check, rules: readonly PolicyRule[]): void {
  const missing = missingRules(check, rules)
  if (missing.length === 0) return
  const { user, resource, object, name } = check.request
  const groups = `[${user.groups.map(group => JSON.stringify(group)).join(' ')}]`
  const shown = [...new Set(compact(missing).map(showRule))].sort()
  throw forbidden(
    resource.type,
    object?.metadata.name ?? name,
    `user ${JSON.stringify(user.name)} (groups=${groups}) is attempting to grant RBAC permissions not currently held:\n${shown.join('\n')}`,
  )
}

function checkRole(check: Check): void {
  const { request } = check
  const role = request.object as unknown as ClusterRole
  // Who creates one has named none yet.
  const name = request.verb === 'create' ? '' : role.metadata.name
  if (may(check, 'escalate', request.resource.type.plural, name)) return
  assertHeld(check, role.rules ?? [])
  // Aggregation gathers whatever carries the labels, now and later; without it, rights that were taken away would stay.
  const gathers = [role, request.oldObject as unknown as ClusterRole | undefined].some(
    one => one?.aggregationRule?.clusterRoleSelectors?.length,
  )
  if (gathers && missingRules(check, EVERYTHING).length > 0)
    throw forbidden(ClusterRole, role.metadata.name, 'must have cluster-admin privileges to use the aggregationRule')
}

function rulesOf({ policy, request }: Check, { kind, name }: RoleRef): readonly PolicyRule[] {
  const rules = policy.rulesOf(kind === 'Role' ? request.namespace : '', name)
  if (rules) return rules
  throw notFound(request.resource.type, name) // upstream calls it by the kind that is asked for, too
}

function checkBinding(check: Check): void {
  const { roleRef } = check.request.object as unknown as RoleBinding
  if (!roleRef?.name) return // validation says what is missing
  if (may(check, 'bind', roleRef.kind === 'Role' ? 'roles' : 'clusterroles', roleRef.name)) return
  assertHeld(check, rulesOf(check, roleRef))
}

/** Upstream does this where roles are stored; as a plugin it sees every way of writing them. @throws ApiError 403 */
export function rbacEscalation(policy: PolicyIndex): AdmissionPlugin {
  const authorizer = rbacAuthorizer(policy)
  return {
    name: 'RBACEscalation',
    kinds: [ClusterRole, Role, ClusterRoleBinding, RoleBinding],
    validate(request) {
      const { operation, user } = request
      if ((operation !== 'CREATE' && operation !== 'UPDATE') || user.groups.includes(SUPERUSERS)) return
      const role = isType(request, ClusterRole) || isType(request, Role)
      const binding = isType(request, ClusterRoleBinding) || isType(request, RoleBinding)
      if ((!role && !binding) || onlyBookkeeping(request)) return
      const check = { policy, authorizer, request }
      if (role) checkRole(check)
      else checkBinding(check)
    },
  }
}
