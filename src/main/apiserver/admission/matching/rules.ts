// Which requests a rule of a webhook or a policy is about, and in which version the object is then shown.
import type { NamedRuleWithOperations } from '../../../../shared/api/admissionregistration/v1.ts'
import type { ResourceType } from '../../../../shared/machinery/resource-type.ts'
import type { ResourceIndex } from '../../registry/resource-index.ts'
import type { ResourceDescriptor } from '../../registry/resource.ts'
import type { AdmissionRequest } from '../contract.ts'

/** What rules look at. */
export type Subject = Pick<AdmissionRequest, 'operation' | 'resource' | 'subresource' | 'namespace' | 'name'>

const listed = (values: readonly string[] | undefined, value: string) =>
  values !== undefined && values.some(given => given === '*' || given === value)

// `pods`, `pods/log`, `pods/*`, `*`, `*/scale`, `*/*`.
function resourceListed(patterns: readonly string[] | undefined, plural: string, subresource: string): boolean {
  return (patterns ?? []).some(pattern => {
    const slash = pattern.indexOf('/')
    const wantedPlural = slash < 0 ? pattern : pattern.slice(0, slash)
    const wantedSub = slash < 0 ? '' : pattern.slice(slash + 1)
    return (wantedPlural === '*' || wantedPlural === plural) && (wantedSub === '*' || wantedSub === subresource)
  })
}

/** A Namespace is cluster-scoped, although its requests carry its own name as their namespace. */
function scopeFits(scope: string | undefined, { resource, namespace }: Subject): boolean {
  if (scope === undefined || scope === '*') return true
  const { group, plural } = resource.type
  const inside = namespace !== '' && !(group === '' && plural === 'namespaces')
  return inside === (scope === 'Namespaced')
}

function ruleFits(rule: NamedRuleWithOperations, subject: Subject, { group, version, plural }: Kind): boolean {
  return (
    listed(rule.operations, subject.operation) &&
    listed(rule.apiGroups, group) &&
    listed(rule.apiVersions, version) &&
    resourceListed(rule.resources, plural, subject.subresource) &&
    scopeFits(rule.scope, subject) &&
    (!rule.resourceNames?.length || rule.resourceNames.includes(subject.name))
  )
}

type Kind = Pick<ResourceType<unknown>, 'group' | 'version' | 'plural'>

/** The other versions, in any group, in which the same objects are served. */
export const equivalentsOf = (resource: ResourceDescriptor, resources: ResourceIndex): ResourceDescriptor[] =>
  resources.all.filter(other => other.storage === resource.storage && other !== resource && !other.virtual)

/**
 * @param matchPolicy `Exact` looks at the request's own version only; otherwise a rule for another version of the same
 *   objects counts as well
 * @returns the version in which the matching rule wants to see the object; undefined when no rule is about the request
 * @see https://kubernetes.io/docs/reference/access-authn-authz/extensible-admission-controllers/#matching-requests-rules
 */
export function matchRules(
  rules: readonly NamedRuleWithOperations[] | undefined,
  matchPolicy: string | undefined,
  subject: Subject,
  resources: ResourceIndex,
): ResourceDescriptor | undefined {
  const list = rules ?? []
  if (list.some(rule => ruleFits(rule, subject, subject.resource.type))) return subject.resource
  if (matchPolicy === 'Exact' || list.length === 0) return undefined
  const others = equivalentsOf(subject.resource, resources)
  for (const rule of list) {
    const other = others.find(({ type }) => ruleFits(rule, subject, type))
    if (other) return other
  }
  return undefined
}
