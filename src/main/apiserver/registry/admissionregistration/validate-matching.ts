// Rules and conditions: what webhooks and policies say about the requests that they are about.
import type { MatchCondition, RuleWithOperations } from '../../../../shared/api/admissionregistration/v1.ts'
import { duplicate, type FieldError, invalidValue, required } from '../../../../shared/machinery/field-error.ts'
import { qualifiedName } from '../../../../shared/machinery/names.ts'
import { compileConditions, type Expression } from '../../admission/policies/expressions.ts'
import { list } from '../support/collections.ts'
import { atMost, each, optionalOneOf, requiredAnd, requiredText } from '../support/rules.ts'

const MAX_CONDITIONS = 64
const OPERATIONS = ['*', 'CONNECT', 'CREATE', 'DELETE', 'UPDATE']

const isAlone = (values: readonly string[], star = '*') => !values.includes(star) || values.length === 1

function valueErrors(path: string, values: readonly string[], what: string): FieldError[] {
  if (values.length === 0) return [required(path)]
  return isAlone(values) ? [] : [invalidValue(path, values, `if '*' is present, must not specify other ${what}`)]
}

/** Resources with their parts, such as `pods/*`: what a star before it means already is not said again. */
function resourceErrors(path: string, resources: readonly string[]): FieldError[] {
  const errors = resources.flatMap((resource, i) => {
    if (resource === '') return [required(`${path}[${i}]`)]
    const slash = resource.indexOf('/')
    if (slash < 0) return []
    const stars = [`${resource.slice(0, slash)}/*`, `*/${resource.slice(slash + 1)}`]
    return stars
      .filter(star => resources.slice(0, i).includes(star))
      .map(star => invalidValue(`${path}[${i}]`, resource, `if '${star}' is present, must not specify ${resource}`))
  })
  if (resources.length === 0) errors.push(required(path))
  if (!isAlone(resources, '*/*'))
    errors.push(invalidValue(path, resources, "if '*/*' is present, must not specify other resources"))
  const last = resources.findLast(resource => !resource.includes('/'))
  if (resources.includes('*') && last !== undefined && last !== '*')
    errors.push(
      invalidValue(path, resources, "if '*' is present, must not specify other resources without subresources"),
    )
  return errors
}

export function ruleErrors(path: string, rule: RuleWithOperations): FieldError[] {
  const operations = list(rule.operations)
  return [
    ...valueErrors(`${path}.operations`, operations, 'operations'),
    ...each(`${path}.operations`, operations, (at, operation) => optionalOneOf(at, operation, OPERATIONS)),
    ...valueErrors(`${path}.apiGroups`, list(rule.apiGroups), 'API groups'),
    ...valueErrors(`${path}.apiVersions`, list(rule.apiVersions), 'API versions'),
    ...each(`${path}.apiVersions`, rule.apiVersions, (at, version) => requiredText(at, version)),
    ...resourceErrors(`${path}.resources`, list(rule.resources)),
    ...optionalOneOf(`${path}.scope`, rule.scope, ['*', 'Cluster', 'Namespaced']),
  ]
}

export const blank = (text: string | undefined): boolean => (text ?? '').trim() === ''

/** An expression that is there must compile. */
export function expressionErrors(
  path: string,
  text: string | undefined,
  compiled: Expression | undefined,
  missing = '',
): FieldError[] {
  if (blank(text)) return [required(path, missing)]
  return compiled?.error === undefined ? [] : [invalidValue(path, text, compiled.error)]
}

/** @param params whether the conditions may read parameters */
export function conditionErrors(
  path: string,
  conditions: readonly MatchCondition[] | undefined,
  params: boolean,
): FieldError[] {
  const compiled = compileConditions(conditions, params)
  const names = new Set<string>()
  const errors = atMost(path, conditions, MAX_CONDITIONS)
  list(conditions).forEach(({ name, expression }, i) => {
    const at = `${path}[${i}]`
    errors.push(...expressionErrors(`${at}.expression`, expression, compiled[i]))
    errors.push(...requiredAnd(`${at}.name`, name, qualifiedName))
    if (names.has(name)) errors.push(duplicate(`${at}.name`, name))
    names.add(name)
  })
  return errors
}
