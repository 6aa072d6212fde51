// What is wrong with the rules of a definition: texts, types, and what they might cost at most.
import type { ValidationRule } from '../../../../shared/api/apiextensions/v1.ts'
import {
  type FieldError,
  forbiddenField,
  invalidValue,
  notSupported,
  required,
} from '../../../../shared/machinery/field-error.ts'
import type { Pieces } from '../../../pieces/pacer.ts'
import { type CelType } from '../../../cel/types.ts'
import { escapeName } from '../../../cel/values.ts'
import { type Schema, schemaIn } from '../schema.ts'
import { compileRule, hasRules } from './compile.ts'
import { normalFieldPath } from './field-path.ts'
import { declaredType, MAX_REQUEST_BYTES } from './schema-type.ts'

const RULE_LIMIT = 10_000_000
const DEFINITION_LIMIT = 100_000_000
const REASONS = ['FieldValueDuplicate', 'FieldValueForbidden', 'FieldValueInvalid', 'FieldValueRequired']
const NEWLINES = /[\n\r]/

/** Texts and paths; the expressions themselves are compiled afterwards. */
export function ruleTextErrors(rule: ValidationRule, schema: Schema, path: string): FieldError[] {
  const { rule: text = '', message, messageExpression, reason, fieldPath } = rule
  const errors: FieldError[] = []
  if (text.trim() === '') errors.push(required(`${path}.rule`, 'rule is not specified'))
  else if (message && message.trim() === '')
    errors.push(invalidValue(`${path}.message`, message, 'must be non-empty if specified'))
  else if (message && NEWLINES.test(message.trim()))
    errors.push(invalidValue(`${path}.message`, message, 'must not contain line breaks'))
  else if (NEWLINES.test(text.trim()) && !message?.trim())
    errors.push(required(`${path}.message`, 'message must be specified if rule contains line breaks'))
  if (messageExpression && messageExpression.trim() === '')
    errors.push(required(`${path}.messageExpression`, 'messageExpression must be non-empty if specified'))
  if (reason !== undefined && !REASONS.includes(reason)) errors.push(notSupported(`${path}.reason`, reason, REASONS))
  if (!fieldPath) return errors
  if (fieldPath.trim() === '')
    errors.push(invalidValue(`${path}.fieldPath`, fieldPath, 'must be non-empty if specified'))
  if (NEWLINES.test(fieldPath))
    errors.push(invalidValue(`${path}.fieldPath`, fieldPath, 'must not contain line breaks'))
  if (normalFieldPath(fieldPath, schema) === undefined)
    errors.push(invalidValue(`${path}.fieldPath`, fieldPath, 'must be a valid path'))
  return errors
}

function tooExpensive(what: string, cost: number, limit: number): string {
  const factor = cost / limit
  const shown = factor > 100 ? 'more than 100x' : `${factor.toFixed(factor < 1.5 ? 6 : 1)}x`
  return `${what} exceeds budget by factor of ${shown} (try simplifying the rule, or adding maxItems, maxProperties, and maxLength where arrays, maps, and strings are declared)`
}

interface Place {
  readonly path: string
  readonly type: CelType
  /** How often the value may occur in one object; undefined where nothing bounds it. */
  readonly count: number | undefined
  /** The nearest list around it whose items cannot be told apart between two states. */
  readonly uncorrelatable: string | undefined
}

class Collector {
  readonly errors: FieldError[] = []
  #total = 0
  readonly #expensive: { readonly path: string; readonly cost: number }[] = []

  #spend(path: string, cost: number): void {
    this.#total += cost
    if (cost >= DEFINITION_LIMIT / 100) this.#expensive.push({ path, cost })
  }

  rule(rule: ValidationRule, schema: Schema, at: string, { type, count, uncorrelatable }: Place): void {
    const compiled = compileRule(rule, schema, type)
    const times = count ?? Math.floor(MAX_REQUEST_BYTES / ((type.minSize ?? 0) + 1))
    const cost = (compiled.program?.maxCost ?? 0) === 0 ? 0 : (compiled.program?.maxCost ?? 0) * times
    if (cost > RULE_LIMIT)
      this.errors.push(forbiddenField(`${at}.rule`, tooExpensive('estimated rule cost', cost, RULE_LIMIT)))
    this.#spend(`${at}.rule`, cost)
    if (compiled.error) this.errors.push(invalidValue(`${at}.rule`, rule, compiled.error))
    if (compiled.messageError) this.errors.push(invalidValue(`${at}.messageExpression`, rule, compiled.messageError))
    const messageCost = compiled.messageProgram?.maxCost ?? 0
    if (messageCost > RULE_LIMIT)
      this.errors.push(
        forbiddenField(
          `${at}.messageExpression`,
          tooExpensive('estimated messageExpression cost', messageCost, RULE_LIMIT),
        ),
      )
    this.#spend(`${at}.messageExpression`, messageCost)
    if (!compiled.program) return
    if (compiled.program.variables.has('oldSelf')) {
      if (uncorrelatable !== undefined)
        this.errors.push(
          invalidValue(
            `${at}.rule`,
            rule.rule,
            `oldSelf cannot be used on the uncorrelatable portion of the schema within ${uncorrelatable}`,
          ),
        )
    } else if (rule.optionalOldSelf !== undefined)
      this.errors.push(
        invalidValue(`${at}.optionalOldSelf`, rule.optionalOldSelf, 'may not be set if oldSelf is not used in rule'),
      )
  }

  finish(path: string): FieldError[] {
    if (this.#total > DEFINITION_LIMIT) {
      for (const { path: at } of this.#expensive.sort((a, b) => b.cost - a.cost).slice(0, 4))
        this.errors.push(
          forbiddenField(
            at,
            'contributed to estimated rule cost total exceeding cost limit for entire OpenAPIv3 schema',
          ),
        )
      const what = 'x-kubernetes-validations estimated rule cost total for entire OpenAPIv3 schema'
      this.errors.push(forbiddenField(path, tooExpensive(what, this.#total, DEFINITION_LIMIT)))
    }
    return this.errors
  }
}

function* walk(rules: Schema, schema: Schema, place: Place, collector: Collector): Pieces<void> {
  if (!hasRules(rules)) return
  const { path, type, count } = place
  for (const [i, rule] of (rules['x-kubernetes-validations'] ?? []).entries()) {
    collector.rule(rule, schema, `${path}.x-kubernetes-validations[${i}]`, place)
    yield
  }
  for (const [name, inner] of Object.entries(rules.properties ?? {})) {
    const property = schema.properties && Object.hasOwn(schema.properties, name) ? schema.properties[name] : undefined
    const key = escapeName(name)
    const own = property && ((key === undefined ? undefined : type.fields?.get(key)) ?? declaredType(property))
    if (property && own)
      yield* walk(inner, property, { ...place, path: `${path}.properties[${name}]`, type: own }, collector)
  }
  const items = [schemaIn(rules.items), schemaIn(schema.items)] as const
  if (items[0] && items[1] && type.elem) {
    const at = `${path}.items`
    const known = schema['x-kubernetes-list-type'] === 'map'
    const within: Place = {
      path: at,
      type: type.elem,
      count: count === undefined || schema.maxItems === undefined ? undefined : count * Number(schema.maxItems),
      uncorrelatable: place.uncorrelatable ?? (known ? undefined : path),
    }
    yield* walk(items[0], items[1], within, collector)
  }
  const additional = [schemaIn(rules.additionalProperties), schemaIn(schema.additionalProperties)] as const
  if (additional[0] && additional[1] && type.elem) {
    const most = schema.maxProperties
    const within: Place = {
      ...place,
      path: `${path}.additionalProperties`,
      type: type.elem,
      count: count === undefined || most === undefined ? undefined : count * Number(most),
    }
    yield* walk(additional[0], additional[1], within, collector)
  }
  for (const [i, inner] of (rules.allOf ?? []).entries())
    yield* walk(inner, schema, { ...place, path: `${path}.allOf[${i}]` }, collector)
}

/** Only for a schema that is otherwise right: without types nothing can be checked. */
export function* ruleErrors(schema: Schema, path: string): Pieces<FieldError[]> {
  const type = hasRules(schema) ? declaredType(schema, 'selfType', true) : undefined
  if (!type) return []
  const collector = new Collector()
  yield
  yield* walk(schema, schema, { path, type, count: 1, uncorrelatable: undefined }, collector)
  return collector.finish(path)
}
