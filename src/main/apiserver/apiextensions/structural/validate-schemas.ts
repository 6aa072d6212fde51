// What is wrong with the schemas of a definition. A schema that stays as it is is not looked at anew: what was let in stays.
import type {
  CustomResourceDefinition,
  CustomResourceDefinitionVersion,
} from '../../../../shared/api/apiextensions/v1.ts'
import { deepEqual } from '../../../../shared/machinery/deep-equal.ts'
import { type FieldError, forbiddenField, invalidValue } from '../../../../shared/machinery/field-error.ts'
import { ruleErrors } from '../rules/definition-errors.ts'
import type { Schema } from '../schema.ts'
import { defaultErrors, ruleErrorsOfDefaults } from './default-errors.ts'
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

/** Rules count on the structure, and defaults on both. */
function errorsOf(schema: Schema, path: string, hasStatus: boolean): FieldError[] {
  const odd = whyNotStructural(schema)
  const structure = odd ? [] : structureErrors(schema, path)
  const isStructural = !odd && structure.length === 0
  const errors = [
    ...rootErrors(schema, path, hasStatus),
    ...structure,
    ...(isStructural ? defaultErrors(schema, path) : []),
    ...schemaErrors(schema, path),
  ]
  if (errors.length > 0) return errors
  return odd ? [invalidValue(path, '', odd)] : ruleErrors(schema, path)
}

interface Changed {
  readonly schema: Schema
  readonly path: string
  readonly hasStatus: boolean
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

export const validateSchemas = (definition: CustomResourceDefinition, old?: CustomResourceDefinition): FieldError[] =>
  [...changedSchemas(definition, old)].flatMap(({ schema, path, hasStatus }) => errorsOf(schema, path, hasStatus))

/** As validateSchemas(), of what takes turns. */
export async function validateDefaults(
  definition: CustomResourceDefinition,
  old?: CustomResourceDefinition,
): Promise<FieldError[]> {
  const errors: FieldError[] = []
  for (const { schema, path } of changedSchemas(definition, old))
    errors.push(...(await ruleErrorsOfDefaults(schema, path)))
  return errors
}
