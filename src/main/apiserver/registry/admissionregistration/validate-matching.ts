// Rules and conditions: what webhooks and policies say about the requests that they are about.
import type { MatchCondition, RuleWithOperations } from '../../../../shared/api/admissionregistration/v1.ts'
import { duplicate, type FieldError, invalidValue, required } from '../../../../shared/machinery/field-error.ts'
import { qualifiedName } from '../../../../shared/machinery/names.ts'
import { compileConditions, type Expression } from '../../admission/policies/expressions.ts'
import { list } from '../support/collections.ts'
import { atMost, each, optionalOneOf, requiredAnd, requiredText } from '../support/rules.ts'

const MAX_CONDITIONS = 64
const OPERATIONS = ['*', 'CONNECT', 'CREATE', 'DELETE', 'UPDATE']

export function ruleErrors(path: string, rule: RuleWithOperations): FieldError[] {
  const errors: FieldError[] = []
  for (const field of ['operations', 'apiGroups', 'apiVersions', 'resources'] as const) {
    const values = list(rule[field])
    if (values.length === 0) errors.push(required(`${path}.${field}`))
    if (values.length > 1 && values.includes('*') && field !== 'resources')
      errors.push(invalidValue(`${path}.${field}`, values, "if '*' is present, must not specify other values"))
  }
  return [
    ...errors,
    ...(['apiVersions', 'resources'] as const).flatMap(field =>
      each(`${path}.${field}`, rule[field], (at, value) => requiredText(at, value)),
    ),
    ...each(`${path}.operations`, rule.operations, (at, operation) => optionalOneOf(at, operation, OPERATIONS)),
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
