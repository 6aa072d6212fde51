// Runs the rules of a schema over an object, within one budget. Between rules, and within those that take long,
// everybody else gets a turn.
import type { ValidationRule } from '../../../../shared/api/apiextensions/v1.ts'
import { deepEqual } from '../../../../shared/machinery/deep-equal.ts'
import { type FieldError, invalidValue, showValue } from '../../../../shared/machinery/field-error.ts'
import { getField, isObject, type JsonObject } from '../../../../shared/machinery/json-object.ts'
import { PER_CALL_LIMIT } from '../../../cel/environment.ts'
import { CostError } from '../../../cel/errors.ts'
import type { Variables } from '../../../cel/evaluate.ts'
import { fromJson, NONE, Optional, type Value } from '../../../cel/values.ts'
import { Pacer } from '../../../pieces/pacer.ts'
import type { CompiledRule, RuleNode } from './compile.ts'
import { encodeJson } from '../../../../shared/machinery/json-text.ts'

/** What all rules of one object may cost together; about a second upstream. */
const BUDGET = 10_000_000
const MAX_MESSAGE_BYTES = 5 * 1024

class OutOfBudget extends Error {}

/** The value at the same place before: undefined where there was none, or none that can be told to be the same. */
type Old = unknown

const textOf = ({ rule, message }: ValidationRule) => (message ? message.trim() : rule.trim())

const messageOf = (rule: ValidationRule) => (rule.message ? rule.message.trim() : `failed rule: ${textOf(rule)}`)

/** Lists and objects are not repeated in messages. */
function errorOf(path: string, value: unknown, detail: string, reason: string | undefined): FieldError {
  const compound = typeof value === 'object' && value !== null
  const shown = compound ? '' : `: ${showValue(value)}`
  const type = (reason ?? 'FieldValueInvalid') as FieldError['type']
  switch (type) {
    case 'FieldValueForbidden':
      return { type, field: path, message: `Forbidden: ${detail}` }
    case 'FieldValueRequired':
      return { type, field: path, message: `Required value: ${detail}` }
    case 'FieldValueDuplicate':
      return { type, field: path, message: `Duplicate value${shown}` }
    default:
      return { type, field: path, message: `Invalid value${shown}: ${detail}` }
  }
}

class Validation {
  readonly errors: FieldError[] = []
  readonly #warn: (text: string) => void
  readonly #pacer = new Pacer()
  #budget = BUDGET

  constructor(warn: (text: string) => void) {
    this.#warn = warn
  }

  #exhausted(path: string, { type = '' }: RuleNode['schema']): OutOfBudget {
    const detail = 'validation failed due to running out of cost budget, no further validation rules will be run'
    this.errors.push(invalidValue(path, type, detail))
    return new OutOfBudget()
  }

  /** @param unchanged whether the nearest value that can be compared is what it was: then rules only warn */
  async node(node: RuleNode, value: unknown, old: Old, path: string, unchanged: boolean): Promise<void> {
    if (value === null || value === undefined) return
    const same = old === undefined ? unchanged : deepEqual(value, old, { nullIsValue: true })
    await this.#rules(node, value, old, path, same)
    for (const inner of node.allOf) await this.node(inner, value, old, path, same)
    if (Array.isArray(value)) await this.#list(node, value, old, path, same)
    else if (isObject(value)) await this.#fields(node, value, old, path, same)
  }

  async #list(node: RuleNode, value: readonly unknown[], old: Old, path: string, same: boolean): Promise<void> {
    const { items, schema } = node
    if (!items) return
    const keys = schema['x-kubernetes-list-type'] === 'map' ? (schema['x-kubernetes-list-map-keys'] ?? []) : undefined
    const keyOf = (item: unknown) =>
      encodeJson((keys ?? []).map(key => (isObject(item) ? (getField(item, key) ?? null) : null)))
    const before = new Map(keys && Array.isArray(old) ? old.map(item => [keyOf(item), item as unknown]) : [])
    for (const [i, item] of value.entries())
      await this.node(items, item, before.get(keyOf(item)), `${path}[${i}]`, same)
  }

  async #fields(node: RuleNode, value: JsonObject, old: Old, path: string, same: boolean): Promise<void> {
    const before = isObject(old) ? old : {}
    const { additional, properties } = node
    if (additional)
      for (const key of Object.keys(value))
        await this.node(additional, getField(value, key), getField(before, key), `${path}[${key}]`, same)
    for (const [key, inner] of properties) {
      const at = path === '' ? key : `${path}.${key}`
      await this.node(inner, getField(value, key), getField(before, key), at, same)
    }
  }

  async #rules(node: RuleNode, value: unknown, old: Old, path: string, same: boolean): Promise<void> {
    if (node.rules.length === 0) return
    const at = path === '' ? '<nil>' : path
    const self = fromJson(value, node.type)
    const oldSelf = old === undefined || old === null ? undefined : fromJson(old, node.type)
    for (const rule of node.rules) {
      if (this.#budget <= 0) throw this.#exhausted(at, node.schema)
      if (this.#pacer.due) await this.#pacer.pause()
      await this.#rule(rule, node, value, self, oldSelf, at, same)
    }
  }

  async #rule(
    compiled: CompiledRule,
    { schema }: RuleNode,
    value: unknown,
    self: Value,
    oldSelf: Value | undefined,
    path: string,
    same: boolean,
  ): Promise<void> {
    const { rule, program } = compiled
    const complain = (detail: string) => this.errors.push(invalidValue(path, schema.type ?? '', detail))
    if (!program) {
      complain(`rule compile error: ${compiled.error ?? ''}`)
      return
    }
    const usesOld = program.variables.has('oldSelf')
    if (usesOld && oldSelf === undefined && !rule.optionalOldSelf) return
    const optional = oldSelf === undefined ? NONE : new Optional(oldSelf)
    const variables: Variables = name => (name === 'self' ? self : rule.optionalOldSelf ? optional : oldSelf)
    const { value: verdict, error, cost } = await program.runInTurns(variables, PER_CALL_LIMIT)
    if (cost > this.#budget) throw this.#exhausted(path, schema)
    this.#budget -= cost
    if (error instanceof CostError) {
      complain(
        `'${error.message}': no further validation rules will be run due to call cost exceeds limit for rule: ${textOf(rule)}`,
      )
      throw new OutOfBudget()
    }
    if (error) {
      complain(
        error.message.startsWith('no such overload')
          ? `'${error.message}': call arguments did not match a supported operator, function or macro signature for rule: ${textOf(rule)}`
          : `${error.message} evaluating rule: ${textOf(rule)}`,
      )
      return
    }
    if (verdict === true) return
    const where =
      compiled.fieldPath === ''
        ? path
        : path === '<nil>'
          ? compiled.fieldPath.replace(/^\./, '')
          : `${path}${compiled.fieldPath}`
    const failure = errorOf(where, value, (await this.#message(compiled, variables)) ?? messageOf(rule), rule.reason)
    // What was wrong before and has not been touched is told, not refused.
    if (same && !usesOld) this.#warn(`${failure.field}: ${failure.message}`)
    else this.errors.push(failure)
  }

  /** @returns undefined when the expression has nothing usable to say */
  async #message({ messageProgram }: CompiledRule, variables: Variables): Promise<string | undefined> {
    if (!messageProgram) return undefined
    const { value, cost } = await messageProgram.runInTurns(variables, Math.min(PER_CALL_LIMIT, this.#budget))
    this.#budget -= cost
    const text = typeof value === 'string' ? value.trim() : ''
    return text === '' || text.includes('\n') || Buffer.byteLength(text) > MAX_MESSAGE_BYTES ? undefined : text
  }
}

/**
 * @param old the object before an update: transition rules compare with it, and what has not changed is only warned of
 * @see https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/#validation-rules
 */
export async function validateRules(
  root: RuleNode,
  value: unknown,
  old: unknown,
  warn: (text: string) => void,
): Promise<FieldError[]> {
  const validation = new Validation(warn)
  try {
    await validation.node(root, value, old, '', false)
  } catch (error) {
    if (!(error instanceof OutOfBudget)) throw error
  }
  return validation.errors
}
