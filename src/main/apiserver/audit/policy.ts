// An audit policy: how much is written down about which requests. The first rule that matches decides.
// @see https://kubernetes.io/docs/reference/config-api/apiserver-audit.v1/
import { isObject, type JsonObject } from '../../../shared/machinery/json-object.ts'
import type { AuthorizationAttributes } from '../authz/contract.ts'

const LEVELS = ['None', 'Metadata', 'Request', 'RequestResponse'] as const
export type AuditLevel = (typeof LEVELS)[number]

export const STAGES = ['RequestReceived', 'ResponseStarted', 'ResponseComplete', 'Panic'] as const
export type AuditStage = (typeof STAGES)[number]

interface ResourceRule {
  readonly group: string
  readonly resources: readonly string[]
  readonly resourceNames: readonly string[]
}

interface AuditRule {
  readonly level: AuditLevel
  readonly users: readonly string[]
  readonly userGroups: readonly string[]
  readonly verbs: readonly string[]
  readonly namespaces: readonly string[]
  readonly resources: readonly ResourceRule[]
  readonly nonResourceURLs: readonly string[]
  readonly omitStages: readonly AuditStage[]
  readonly omitManagedFields: boolean
}

export interface AuditPolicy {
  readonly rules: readonly AuditRule[]
}

/** What a policy says about one request. */
export type AuditDecision = Pick<AuditRule, 'level' | 'omitStages' | 'omitManagedFields'>

export const includes = (level: AuditLevel, least: AuditLevel): boolean =>
  LEVELS.indexOf(level) >= LEVELS.indexOf(least)

const NOTHING: AuditDecision = { level: 'None', omitStages: [], omitManagedFields: false }

const anyOr = (wanted: readonly string[], value: string) => wanted.length === 0 || wanted.includes(value)

function resourceMatches(patterns: readonly string[], resource: string, subresource: string): boolean {
  const whole = subresource === '' ? resource : `${resource}/${subresource}`
  return patterns.some(
    pattern =>
      pattern === '*' ||
      pattern === whole ||
      (subresource !== '' && (pattern === `*/${subresource}` || pattern === `${resource}/*`)),
  )
}

function targetMatches(rule: AuditRule, at: AuthorizationAttributes): boolean {
  if (rule.namespaces.length > 0 || rule.resources.length > 0) {
    if (!at.isResource || (rule.namespaces.length > 0 && !rule.namespaces.includes(at.namespace))) return false
    return (
      rule.resources.length === 0 ||
      rule.resources.some(
        ({ group, resources, resourceNames }) =>
          group === at.group &&
          (resources.length === 0 ||
            (anyOr(resourceNames, at.name) && resourceMatches(resources, at.resource, at.subresource))),
      )
    )
  }
  if (rule.nonResourceURLs.length === 0) return true
  return (
    !at.isResource &&
    rule.nonResourceURLs.some(url =>
      url.endsWith('*') ? at.path.startsWith(url.slice(0, -1)) : url.replace(/\/$/, '') === at.path.replace(/\/$/, ''),
    )
  )
}

/** @param at the request as it is authorized, with the user it is made as */
export function decide({ rules }: AuditPolicy, at: AuthorizationAttributes): AuditDecision {
  const rule = rules.find(
    candidate =>
      anyOr(candidate.users, at.user.name) &&
      (candidate.userGroups.length === 0 || candidate.userGroups.some(group => at.user.groups.includes(group))) &&
      anyOr(candidate.verbs, at.verb) &&
      targetMatches(candidate, at),
  )
  if (!rule) return NOTHING
  return includes(rule.level, 'Request') && isSecret(at) ? { ...rule, level: 'Metadata' } : rule
}

/** What people answer to hosts are passwords, and what is asked of the store may bring its next one: no policy writes them down. */
const isSecret = ({ group, resource, subresource }: AuthorizationAttributes): boolean =>
  group === 'flotilla.dev' &&
  ((resource === 'hostoperations' && subresource === 'answers') || resource === 'storeoperations')

function texts(value: unknown, path: string): string[] {
  if (value === undefined || value === null) return []
  if (!Array.isArray(value) || !value.every(item => typeof item === 'string'))
    throw new Error(`${path} must be a list of texts`)
  return value
}

function stages(value: unknown, path: string): AuditStage[] {
  return texts(value, path).map(stage => {
    const known = STAGES.find(each => each === stage)
    if (!known) throw new Error(`${path} knows ${STAGES.join(', ')}, and not ${JSON.stringify(stage)}`)
    return known
  })
}

function objects(value: unknown, path: string): JsonObject[] {
  if (value === undefined || value === null) return []
  if (!Array.isArray(value) || !value.every(isObject)) throw new Error(`${path} must be a list of maps`)
  return value
}

function only(value: JsonObject, path: string, ...names: readonly string[]): void {
  const unknown = Object.keys(value).find(name => !names.includes(name))
  if (unknown !== undefined) throw new Error(`${path}.${unknown} is not a field of a policy`)
}

function ruleOf(given: JsonObject, path: string, policyStages: readonly AuditStage[], omit: boolean): AuditRule {
  only(given, path, 'level', 'users', 'userGroups', 'verbs', 'namespaces', 'resources', 'nonResourceURLs', 'omitStages', 'omitManagedFields') // prettier-ignore
  const level = LEVELS.find(each => each === given['level'])
  if (!level) throw new Error(`${path}.level wants one of ${LEVELS.join(', ')}`)
  const resources = objects(given['resources'], `${path}.resources`).map((resource, i) => {
    const at = `${path}.resources[${i}]`
    only(resource, at, 'group', 'resources', 'resourceNames')
    return {
      group: typeof resource['group'] === 'string' ? resource['group'] : '',
      resources: texts(resource['resources'], `${at}.resources`),
      resourceNames: texts(resource['resourceNames'], `${at}.resourceNames`),
    }
  })
  const { omitManagedFields } = given
  return {
    level,
    users: texts(given['users'], `${path}.users`),
    userGroups: texts(given['userGroups'], `${path}.userGroups`),
    verbs: texts(given['verbs'], `${path}.verbs`),
    namespaces: texts(given['namespaces'], `${path}.namespaces`),
    resources,
    nonResourceURLs: texts(given['nonResourceURLs'], `${path}.nonResourceURLs`),
    omitStages: [...policyStages, ...stages(given['omitStages'], `${path}.omitStages`)],
    omitManagedFields: typeof omitManagedFields === 'boolean' ? omitManagedFields : omit,
  }
}

/** @param value the parsed file @throws Error that says where it is wrong */
export function parseAuditPolicy(value: unknown): AuditPolicy {
  if (!isObject(value) || value['apiVersion'] !== 'audit.k8s.io/v1' || value['kind'] !== 'Policy')
    throw new Error('the file is no Policy of audit.k8s.io/v1')
  only(value, 'the file', 'apiVersion', 'kind', 'metadata', 'rules', 'omitStages', 'omitManagedFields')
  const omitted = stages(value['omitStages'], 'omitStages')
  const rules = objects(value['rules'], 'rules')
  if (rules.length === 0) throw new Error('rules must have at least one rule')
  return { rules: rules.map((rule, i) => ruleOf(rule, `rules[${i}]`, omitted, value['omitManagedFields'] === true)) }
}
