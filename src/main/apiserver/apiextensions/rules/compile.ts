// The validation rules of a schema, compiled once per definition, in a tree of the schema's shape.
import type { ValidationRule } from '../../../../shared/api/apiextensions/v1.ts'
import { type Compiled, Environment, tryCompile } from '../../../cel/environment.ts'
import { type CelType, optionalOf } from '../../../cel/types.ts'
import { escapeName } from '../../../cel/values.ts'
import type { Pieces } from '../../../pieces/pacer.ts'
import { type Schema, schemaIn } from '../schema.ts'
import { normalFieldPath } from './field-path.ts'
import { declaredType } from './schema-type.ts'

export interface CompiledRule {
  readonly rule: ValidationRule
  /** Undefined when the rule does not compile; then `error` says why. */
  readonly program?: Compiled
  readonly error?: string
  readonly messageProgram?: Compiled
  readonly messageError?: string
  /** `.a.b` as it is told: appended to the path of the object. */
  readonly fieldPath: string
}

export interface RuleNode {
  readonly schema: Schema
  readonly type: CelType
  readonly rules: readonly CompiledRule[]
  readonly items?: RuleNode
  readonly additional?: RuleNode
  readonly properties: ReadonlyMap<string, RuleNode>
  /** Rules of the schemas in `allOf`, on the same value. */
  readonly allOf: readonly RuleNode[]
}

export function hasRules(schema: Schema): boolean {
  return (
    (schema['x-kubernetes-validations']?.length ?? 0) > 0 ||
    Object.values(schema.properties ?? {}).some(hasRules) ||
    (schema.allOf ?? []).some(hasRules) ||
    [schema.items, schema.additionalProperties].some(inner => {
      const nested = schemaIn(inner)
      return nested !== undefined && hasRules(nested)
    })
  )
}

export function compileRule(rule: ValidationRule, schema: Schema, type: CelType): CompiledRule {
  const old = rule.optionalOldSelf ? optionalOf(type) : type
  const environment = new Environment({
    variables: new Map([
      ['self', type],
      ['oldSelf', old],
    ]),
  })
  const fieldPath = rule.fieldPath ? (normalFieldPath(rule.fieldPath, schema) ?? '') : ''
  const program = tryCompile(environment, rule.rule)
  if (program instanceof Error) return { rule, fieldPath, error: program.told }
  if (program.type.kind !== 'bool') return { rule, fieldPath, error: 'cel expression must evaluate to a bool' }
  if (!rule.messageExpression) return { rule, fieldPath, program }
  const message = tryCompile(environment, rule.messageExpression)
  if (message instanceof Error) return { rule, fieldPath, program, messageError: `messageExpression ${message.told}` }
  if (message.type.kind !== 'string')
    return { rule, fieldPath, program, messageError: 'messageExpression must evaluate to a string' }
  return { rule, fieldPath, program, messageProgram: message }
}

/** @param rules the schema whose rules these are: the node's own, or one of its `allOf` */
function* nodeOf(rules: Schema, schema: Schema, type: CelType): Pieces<RuleNode | undefined> {
  if (!hasRules(rules)) return undefined
  const properties = new Map<string, RuleNode>()
  for (const [name, inner] of Object.entries(rules.properties ?? {})) {
    const property = schema.properties && Object.hasOwn(schema.properties, name) ? schema.properties[name] : undefined
    const key = escapeName(name)
    const known = key === undefined ? undefined : type.fields?.get(key)
    const own = property && (known ?? (key === undefined ? declaredType(property) : undefined))
    const node = property && own && (yield* nodeOf(inner, property, own))
    if (node) properties.set(name, node)
  }
  const items = yield* nodeInside('items', rules, schema, type)
  const additional = yield* nodeInside('additionalProperties', rules, schema, type)
  const compiled: CompiledRule[] = []
  for (const rule of rules['x-kubernetes-validations'] ?? []) {
    compiled.push(compileRule(rule, schema, type))
    yield
  }
  const allOf: RuleNode[] = []
  for (const inner of rules.allOf ?? []) {
    const node = yield* nodeOf(inner, schema, type)
    if (node) allOf.push(node)
  }
  return {
    ...{ schema, type, rules: compiled, properties, allOf },
    ...(items ? { items } : {}),
    ...(additional ? { additional } : {}),
  }
}

function* nodeInside(
  field: 'items' | 'additionalProperties',
  rules: Schema,
  schema: Schema,
  { elem }: CelType,
): Pieces<RuleNode | undefined> {
  const [ruled, within] = [schemaIn(rules[field]), schemaIn(schema[field])]
  return ruled && within && elem && (yield* nodeOf(ruled, within, elem))
}

/**
 * Rules are compiled one by one: a definition may have hundreds.
 * @param isObject whether it says of itself what it is, and has metadata
 * @returns undefined for a schema without rules
 */
export function* compileRules(root: Schema, isObject = true): Pieces<RuleNode | undefined> {
  const type = hasRules(root) ? declaredType(root, 'selfType', isObject) : undefined
  yield
  return type && (yield* nodeOf(root, root, type))
}
