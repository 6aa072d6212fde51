// Which flow schema a request belongs to: the first, by precedence, that has a rule for it.
import type {
  FlowSchema,
  NonResourcePolicyRule,
  PolicyRulesWithSubjects,
  ResourcePolicyRule,
  Subject,
} from '../../../../shared/api/flowcontrol/v1.ts'
import type { AuthorizationAttributes } from '../../authz/contract.ts'
import type { UserInfo } from '../../request.ts'

const listed = (values: readonly string[], value: string) => values.includes('*') || values.includes(value)

function isSubject(subject: Subject, { name, groups }: UserInfo): boolean {
  if (subject.user) return subject.user.name === '*' || subject.user.name === name
  if (subject.group) return subject.group.name === '*' || groups.includes(subject.group.name)
  const { serviceAccount } = subject
  if (!serviceAccount) return false
  const prefix = `system:serviceaccount:${serviceAccount.namespace}:`
  return serviceAccount.name === '*' ? name.startsWith(prefix) : name === `${prefix}${serviceAccount.name}`
}

function isResource(rule: ResourcePolicyRule, at: AuthorizationAttributes): boolean {
  const resource = at.subresource === '' ? at.resource : `${at.resource}/${at.subresource}`
  return (
    listed(rule.verbs, at.verb) &&
    listed(rule.apiGroups, at.group) &&
    listed(rule.resources, resource) &&
    (at.namespace === '' ? rule.clusterScope === true : listed(rule.namespaces ?? [], at.namespace))
  )
}

const isPath = ({ verbs, nonResourceURLs }: NonResourcePolicyRule, { verb, path }: AuthorizationAttributes): boolean =>
  listed(verbs, verb) &&
  nonResourceURLs.some(url => url === '*' || url === path || (url.endsWith('/*') && path.startsWith(url.slice(0, -1))))

function isAbout(rule: PolicyRulesWithSubjects, at: AuthorizationAttributes): boolean {
  if (!rule.subjects.some(subject => isSubject(subject, at.user))) return false
  return at.isResource
    ? (rule.resourceRules ?? []).some(each => isResource(each, at))
    : (rule.nonResourceRules ?? []).some(each => isPath(each, at))
}

export const belongsTo = ({ spec }: FlowSchema, at: AuthorizationAttributes): boolean =>
  (spec.rules ?? []).some(rule => isAbout(rule, at))

/** What requests of one schema are told apart by, so that none of them can crowd out the others. */
export function flowOf({ spec, metadata }: FlowSchema, { user, namespace }: AuthorizationAttributes): string {
  const by = spec.distinguisherMethod?.type
  const distinguisher = by === 'ByUser' ? user.name : by === 'ByNamespace' ? namespace : ''
  return `${metadata.name}\0${distinguisher}`
}

/** Lower precedence first; of equal ones, by name. */
export const byPrecedence = (a: FlowSchema, b: FlowSchema): number =>
  (a.spec.matchingPrecedence ?? 1000) - (b.spec.matchingPrecedence ?? 1000) ||
  (a.metadata.name < b.metadata.name ? -1 : 1)
