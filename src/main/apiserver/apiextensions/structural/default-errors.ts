// Whether the defaults of a schema are values that it lets in itself, with upstream's messages.
import { type FieldError, invalidValue } from '../../../../shared/machinery/field-error.ts'
import { inTurns } from '../../../pieces/pacer.ts'
import { embeddedErrors } from '../embedded.ts'
import { prune } from '../prune.ts'
import { OF_OBJECTS, type Schema, propertyOf, schemaIn } from '../schema.ts'
import { compileRules, hasRules } from '../rules/compile.ts'
import { validateRules } from '../rules/validate.ts'
import { validateValue } from '../validate-value.ts'

interface Default {
  readonly value: unknown
  readonly schema: Schema
  readonly path: string
  /** It is part of the type or the metadata of an object. */
  readonly isOfMeta: boolean
}

/** None are looked for in the schema of other properties, where there may be none. */
function* defaultsIn(schema: Schema, path: string, isOfMeta = false): Generator<Default> {
  const isObject = schema['x-kubernetes-embedded-resource'] === true
  if (schema.default !== undefined && schema.default !== null)
    yield { value: schema.default, schema, path: `${path}.default`, isOfMeta: isOfMeta && !isObject }
  const items = schemaIn(schema.items)
  if (items) yield* defaultsIn(items, `${path}.items`, isOfMeta && !isObject)
  for (const name of Object.keys(schema.properties ?? {})) {
    const property = propertyOf(schema, name)
    const isMeta = isObject ? OF_OBJECTS.has(name) : isOfMeta
    if (property) yield* defaultsIn(property, `${path}.properties[${name}]`, isMeta)
  }
}

/** A custom resource is an object like those within one. */
const ofRoot = (schema: Schema): Schema => ({ ...schema, 'x-kubernetes-embedded-resource': true })

/** A default is told apart by where it stands; within, its parts are named as those of a value. */
const placed = (errors: readonly FieldError[], path: string): FieldError[] =>
  errors.map(error => ({
    ...error,
    field: error.field === '' || error.field === '<nil>' ? path : `${path}.${error.field}`,
  }))

/** What stands in the value of a field, named as if it were the whole. */
const WRAPPED = 'default'
const unwrapped = (errors: readonly FieldError[], path: string): FieldError[] =>
  errors.map(error => ({ ...error, field: path + error.field.slice(WRAPPED.length) }))

function errorsOf({ value, schema, path, isOfMeta }: Default): FieldError[] {
  const errors: FieldError[] = []
  if (!isOfMeta) {
    const around: Schema = { type: 'object', properties: { [WRAPPED]: schema } }
    const pruned = prune({ [WRAPPED]: value }, around, true)
    if (pruned.unknown.length > 0) errors.push(invalidValue(path, value, 'must not have unknown fields'))
    if (pruned.errors.length > 0) return [...errors, ...unwrapped(pruned.errors, path)]
    const objects = embeddedErrors({ [WRAPPED]: value }, around)
    if (objects.length > 0) return [...errors, ...unwrapped(objects, path)]
  }
  return [...errors, ...placed(validateValue(value, schema, ''), path)]
}

/** @param root of a custom resource */
export const defaultErrors = (root: Schema, path: string): FieldError[] =>
  [...defaultsIn(ofRoot(root), path)].flatMap(errorsOf)

/** @returns whether there are defaults that rules are about */
export function hasDefaultsWithRules(root: Schema): boolean {
  for (const { schema } of defaultsIn(root, '')) if (hasRules(schema)) return true
  return false
}

/** @returns the defaults that break rules of their schemas */
export async function ruleErrorsOfDefaults(root: Schema, path: string): Promise<FieldError[]> {
  const errors: FieldError[] = []
  for (const { value, schema, path: at } of defaultsIn(root, path)) {
    const rules = await inTurns(compileRules(schema, schema['x-kubernetes-embedded-resource'] === true))
    if (rules) errors.push(...placed(await validateRules(rules, value, undefined, () => undefined), at))
  }
  return errors
}
