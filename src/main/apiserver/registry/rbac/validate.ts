// What roles and bindings must look like.
import type {
  ClusterRole,
  ClusterRoleBinding,
  PolicyRule,
  RoleBinding,
  Subject,
} from '../../../../shared/api/rbac/v1.ts'
import type { LabelSelector } from '../../../../shared/api/meta/v1.ts'
import { deepEqual } from '../../../../shared/machinery/deep-equal.ts'
import { type FieldError, invalidValue, notSupported, required } from '../../../../shared/machinery/field-error.ts'
import { dns1123Subdomain, pathSegmentName } from '../../../../shared/machinery/names.ts'
import { list } from '../support/collections.ts'
import { each, obey, requiredAnd, requiredText, validateLabelSelector } from '../support/rules.ts'
import { RBAC_GROUP } from './defaults.ts'

function ruleErrors(path: string, rule: PolicyRule, namespaced: boolean): FieldError[] {
  const errors: FieldError[] = []
  if (list(rule.verbs).length === 0) errors.push(required(`${path}.verbs`, 'verbs must contain at least one value'))
  const urls = list(rule.nonResourceURLs)
  if (urls.length > 0) {
    const at = `${path}.nonResourceURLs`
    if (namespaced) errors.push(invalidValue(at, urls, 'namespaced rules cannot apply to non-resource URLs'))
    if (list(rule.apiGroups).length + list(rule.resources).length + list(rule.resourceNames).length > 0)
      errors.push(invalidValue(at, urls, 'rules cannot apply to both regular resources and non-resource URLs'))
    return errors
  }
  if (list(rule.apiGroups).length === 0)
    errors.push(required(`${path}.apiGroups`, 'resource rules must supply at least one api group'))
  if (list(rule.resources).length === 0)
    errors.push(required(`${path}.resources`, 'resource rules must supply at least one resource'))
  return errors
}

export const validateRules = (rules: readonly PolicyRule[] | undefined, namespaced: boolean): FieldError[] =>
  each('rules', rules, (at, rule) => ruleErrors(at, rule, namespaced))

export function validateClusterRole({ rules, aggregationRule }: ClusterRole): FieldError[] {
  const errors = validateRules(rules, false)
  if (!aggregationRule) return errors
  const at = 'aggregationRule.clusterRoleSelectors'
  if (list(aggregationRule.clusterRoleSelectors).length === 0)
    errors.push(required(at, 'at least one clusterRoleSelector required if aggregationRule is non-nil'))
  const selectorErrors = (path: string, selector: LabelSelector) => {
    const inside = validateLabelSelector(path, selector)
    return inside.length === 0 ? [] : [...inside, invalidValue(path, null, 'invalid label selector.')]
  }
  return [...errors, ...each(at, aggregationRule.clusterRoleSelectors, selectorErrors)]
}

function subjectErrors(path: string, subject: Subject, namespaced: boolean): FieldError[] {
  const errors = requiredText(`${path}.name`, subject.name)
  switch (subject.kind) {
    case 'ServiceAccount':
      if (subject.name) errors.push(...obey(`${path}.name`, subject.name, dns1123Subdomain))
      if (subject.apiGroup) errors.push(notSupported(`${path}.apiGroup`, subject.apiGroup, ['']))
      if (!namespaced && !subject.namespace) errors.push(required(`${path}.namespace`))
      break
    case 'User':
    case 'Group':
      if (subject.apiGroup !== RBAC_GROUP)
        errors.push(notSupported(`${path}.apiGroup`, subject.apiGroup ?? '', [RBAC_GROUP]))
      break
    default:
      errors.push(notSupported(`${path}.kind`, subject.kind ?? '', ['ServiceAccount', 'User', 'Group']))
  }
  return errors
}

export function validateBinding(binding: RoleBinding | ClusterRoleBinding, namespaced: boolean): FieldError[] {
  const { roleRef, subjects } = binding
  const errors: FieldError[] = []
  if (roleRef) {
    const kinds = namespaced ? ['Role', 'ClusterRole'] : ['ClusterRole']
    if (roleRef.apiGroup !== RBAC_GROUP)
      errors.push(notSupported('roleRef.apiGroup', roleRef.apiGroup ?? '', [RBAC_GROUP]))
    if (!kinds.includes(roleRef.kind)) errors.push(notSupported('roleRef.kind', roleRef.kind ?? '', kinds))
    errors.push(...requiredAnd('roleRef.name', roleRef.name, pathSegmentName))
  }
  return [...errors, ...each('subjects', subjects, (at, subject) => subjectErrors(at, subject, namespaced))]
}

/** A binding that changes its role would be another binding: delete and create it. */
export const validateBindingUpdate = (
  binding: RoleBinding | ClusterRoleBinding,
  old: RoleBinding | ClusterRoleBinding,
): FieldError[] =>
  deepEqual(binding.roleRef, old.roleRef) ? [] : [invalidValue('roleRef', binding.roleRef, 'cannot change roleRef')]
