// What is wrong with the schemas of a definition. A schema that stays as it is is not looked at anew: what was let in stays.
import type {
  CustomResourceDefinition,
  CustomResourceDefinitionVersion,
} from '../../../../shared/api/apiextensions/v1.ts'
import { deepEqual } from '../../../../shared/machinery/deep-equal.ts'
import { type FieldError, forbiddenField, invalidValue } from '../../../../shared/machinery/field-error.ts'
import { inTurns, type Pieces } from '../../../pieces/pacer.ts'
import { ruleErrors } from '../rules/definition-errors.ts'
import type { Schema } from '../schema.ts'
import { defaultErrors, hasDefaultsWithRules, ruleErrorsOfDefaults } from './default-errors.ts'
import { schemaErrors } from './schema-rules.ts'
import { structureErrors, whyNotStructural } from './structure.ts'

/** As Go names them, in the order of its struct; the status is validated by what the root says of its property. */
const BESIDE_STATUS =
  'Description Type Format Title Maximum ExclusiveMaximum Minimum ExclusiveMinimum MaxLength MinLength Pattern MaxItems ' +
  'MinItems UniqueItems MultipleOf Required Items Properties ExternalDocs Example XPreserveUnknownFields XValidations'
const AHEAD_OF_TYPE = ['id', '$schema', '$ref'] as const
const NOT_BESIDE_STATUS = [
  ...['nullable', 'default', 'maxProperties', 'minProperties', 'enum', 'allOf', 'oneOf', 'anyOf', 'not'],
  ...['additionalProperties', 'patternProperties', 'dependencies', 'additionalItems', 'definitions'],
  ...['x-kubernetes-embedded-resource', 'x-kubernetes-int-or-string', 'x-kubernetes-list-map-keys'],
  ...['x-kubernetes-list-type', 'x-kubernetes-map-type'],
] as (keyof Schema)[]

const isSaid = (value: unknown): boolean => value !== undefined && value !== false

function rootErrors(schema: Schema, path: string, hasStatus: boolean): FieldError[] {
  const why = `only [${BESIDE_STATUS}] fields are allowed at the root of the schema if the status subresource is enabled`
  const errors: FieldError[] = []
  if (hasStatus) {
    const isOdd = AHEAD_OF_TYPE.some(name => (name === '$ref' ? isSaid(schema[name]) : Boolean(schema[name])))
    if (!isOdd && schema.type && schema.type !== 'object') {
      const only = 'only "object" is allowed as the type at the root of the schema if the status subresource is enabled'
      errors.push(invalidValue(`${path}.type`, schema.type, only))
    } else if (isOdd || NOT_BESIDE_STATUS.some(name => isSaid(schema[name])))
      errors.push(invalidValue(path, schema, why))
  }
  if (schema.nullable) errors.push(forbiddenField(`${path}.nullable`, 'nullable cannot be true at the root'))
  return errors
}

interface Changed {
  readonly schema: Schema
  readonly path: string
  readonly hasStatus: boolean
}

/** Defaults count on the structure, and rules on both. */
function* errorsOf({ schema, path, hasStatus }: Changed): Pieces<FieldError[]> {
  const odd = whyNotStructural(schema)
  yield
  const errors = rootErrors(schema, path, hasStatus)
  const structure = odd ? [] : yield* structureErrors(schema, path)
  errors.push(...structure)
  yield
  if (!odd && structure.length === 0) errors.push(...defaultErrors(schema, path))
  yield
  errors.push(...schemaErrors(schema, path))
  if (errors.length > 0) return errors
  yield
  return odd ? [invalidValue(path, '', odd)] : yield* ruleErrors(schema, path)
}

function* changedSchemas({ spec }: CustomResourceDefinition, old?: CustomResourceDefinition): Generator<Changed> {
  const before = new Map((old?.spec.versions ?? []).map(version => [version.name, version]))
  const parts = (version?: CustomResourceDefinitionVersion) => ({
    schema: version?.schema?.openAPIV3Schema,
    hasStatus: version?.subresources?.status !== undefined,
  })
  for (const [i, version] of (spec.versions ?? []).entries()) {
    const { schema, hasStatus } = parts(version)
    if (schema && !deepEqual({ schema, hasStatus }, parts(before.get(version.name))))
      yield { schema, hasStatus, path: `spec.versions[${i}].schema.openAPIV3Schema` }
  }
}

/** @returns what is wrong with them */
export function* schemasInPieces(
  definition: CustomResourceDefinition,
  old?: CustomResourceDefinition,
): Pieces<FieldError[]> {
  const errors: FieldError[] = []
  for (const changed of changedSchemas(definition, old)) errors.push(...(yield* errorsOf(changed)))
  return errors
}

/** @returns the defaults that break rules, where nothing else is wrong */
export async function validateDefaults(
  definition: CustomResourceDefinition,
  old?: CustomResourceDefinition,
): Promise<FieldError[]> {
  const errors: FieldError[] = []
  for (const changed of changedSchemas(definition, old)) {
    const { schema, path } = changed
    if (hasDefaultsWithRules(schema) && (await inTurns(errorsOf(changed))).length === 0)
      errors.push(...(await ruleErrorsOfDefaults(schema, path)))
  }
  return errors
}
