// Whether one PolicyRule covers a request, and whether a set of rules covers another rule.
import type { PolicyRule } from '../../../../shared/api/rbac/v1.ts'
import type { AuthorizationAttributes } from '../contract.ts'

const has = (values: readonly string[] | undefined, wanted: string): boolean =>
  values?.some(value => value === '*' || value === wanted) ?? false

/** `pods`, `pods/log`, `*`, and `*` + `/scale` for that subresource of every resource. */
function coversResource(resources: readonly string[] | undefined, resource: string, subresource: string): boolean {
  const combined = subresource === '' ? resource : `${resource}/${subresource}`
  return (
    resources?.some(
      value => value === '*' || value === combined || (subresource !== '' && value === `*/${subresource}`),
    ) ?? false
  )
}

const coversUrl = (urls: readonly string[] | undefined, path: string): boolean =>
  urls?.some(url => url === '*' || url === path || (url.endsWith('*') && path.startsWith(url.slice(0, -1)))) ?? false

/** @see https://kubernetes.io/docs/reference/access-authn-authz/rbac/#referring-to-resources */
export function ruleAllows(rule: PolicyRule, attributes: Omit<AuthorizationAttributes, 'user'>): boolean {
  if (!has(rule.verbs, attributes.verb)) return false
  if (!attributes.isResource) return coversUrl(rule.nonResourceURLs, attributes.path)
  return (
    has(rule.apiGroups, attributes.group) &&
    coversResource(rule.resources, attributes.resource, attributes.subresource) &&
    (!rule.resourceNames?.length || rule.resourceNames.includes(attributes.name))
  )
}

/** One rule split into rules with a single verb, group, resource, name or URL each. */
function* atoms(rule: PolicyRule): Generator<PolicyRule> {
  for (const verb of rule.verbs) {
    for (const url of rule.nonResourceURLs ?? []) yield { verbs: [verb], nonResourceURLs: [url] }
    for (const group of rule.apiGroups ?? [])
      for (const resource of rule.resources ?? [])
        for (const name of rule.resourceNames?.length ? rule.resourceNames : [undefined])
          yield {
            verbs: [verb],
            apiGroups: [group],
            resources: [resource],
            ...(name === undefined ? {} : { resourceNames: [name] }),
          }
  }
}

function atomCovered(owned: readonly PolicyRule[], atom: PolicyRule): boolean {
  const [verb = ''] = atom.verbs
  const url = atom.nonResourceURLs?.[0]
  return owned.some(rule => {
    if (!has(rule.verbs, verb)) return false
    if (url !== undefined) return coversUrl(rule.nonResourceURLs, url)
    const [resource = '', subresource = ''] = (atom.resources?.[0] ?? '').split('/')
    if (!has(rule.apiGroups, atom.apiGroups?.[0] ?? '')) return false
    if (!coversResource(rule.resources, resource, subresource)) return false
    if (!rule.resourceNames?.length) return true
    const name = atom.resourceNames?.[0]
    return name !== undefined && rule.resourceNames.includes(name)
  })
}

/**
 * What nobody may hand out without having it.
 * @returns the parts of `wanted` that `owned` does not cover, one rule an atom
 * @see https://kubernetes.io/docs/reference/access-authn-authz/rbac/#privilege-escalation-prevention-and-bootstrapping
 */
export function uncovered(owned: readonly PolicyRule[], wanted: readonly PolicyRule[]): PolicyRule[] {
  return wanted.flatMap(rule => [...atoms(rule)]).filter(atom => !atomCovered(owned, atom))
}

/** Joins atoms of one group and resource that differ only in their verb, for messages. */
export function compact(rules: readonly PolicyRule[]): PolicyRule[] {
  const joined = new Map<string, PolicyRule>()
  for (const { verbs, ...rest } of rules) {
    const key = JSON.stringify(rest)
    const known = joined.get(key)
    joined.set(key, { ...rest, verbs: [...(known?.verbs ?? []), ...verbs] })
  }
  return [...joined.values()]
}

/** A rule as upstream's messages print it: `{APIGroups:["apps"], Resources:["deployments"], Verbs:["create"]}`. */
export function showRule({ apiGroups, resources, nonResourceURLs, resourceNames, verbs }: PolicyRule): string {
  const parts = [
    ['APIGroups', apiGroups],
    ['Resources', resources],
    ['NonResourceURLs', nonResourceURLs],
    ['ResourceNames', resourceNames],
    ['Verbs', verbs],
  ] as const
  const shown = parts.flatMap(([name, values]) =>
    values?.length ? [`${name}:[${values.map(value => JSON.stringify(value)).join(' ')}]`] : [],
  )
  return `{${shown.join(', ')}}`
}
