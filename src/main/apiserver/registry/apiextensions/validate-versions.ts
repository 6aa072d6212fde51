// What the versions of a CustomResourceDefinition hold beside their schemas: columns, fields to select by, sub-resources.
import type {
  CustomResourceColumnDefinition,
  CustomResourceDefinition,
  CustomResourceDefinitionVersion,
  CustomResourceSubresourceScale,
  JSONSchemaProps,
  SelectableField,
} from '../../../../shared/api/apiextensions/v1.ts'
import {
  type FieldError,
  duplicate,
  invalidValue,
  required,
  tooMany,
} from '../../../../shared/machinery/field-error.ts'
import { dns1035Label } from '../../../../shared/machinery/names.ts'
import { isKnownFormat } from '../../apiextensions/formats.ts'
import { propertyOf, schemaIn, schemasIn } from '../../apiextensions/schema.ts'
import { list } from '../support/collections.ts'
import { each, requiredText } from '../support/rules.ts'

const COLUMN_TYPES = ['boolean', 'date', 'integer', 'number', 'string']
const COLUMN_FORMATS = ['byte', 'date', 'date-time', 'double', 'float', 'int32', 'int64', 'password']
const MAX_WARNING = 256
const MAX_SELECTABLE = 8

const simplePath = (at: string, path: string): FieldError[] =>
  path.startsWith('.') ? [] : [invalidValue(at, path, 'must be a simple json path starting with .')]

function columnErrors(at: string, column: CustomResourceColumnDefinition): FieldError[] {
  const { name, type = '', format, jsonPath } = column as Partial<CustomResourceColumnDefinition>
  const types = `must be one of ${COLUMN_TYPES.join(',')}`
  return [
    ...requiredText(`${at}.name`, name),
    ...(type === ''
      ? [required(`${at}.type`, types)]
      : COLUMN_TYPES.includes(type)
        ? []
        : [invalidValue(`${at}.type`, type, types)]),
    ...(!format || COLUMN_FORMATS.includes(format)
      ? []
      : [invalidValue(`${at}.format`, format, `must be one of ${COLUMN_FORMATS.join(',')}`)]),
    ...(jsonPath ? simplePath(`${at}.JSONPath`, jsonPath) : [required(`${at}.JSONPath`)]),
  ]
}

const NO_FIELD = 'is an invalid path: does not refer to a valid field'

/** @returns the schema that a path of names leads to, or why it leads nowhere */
function fieldAt(schema: JSONSchemaProps, path: string): JSONSchemaProps | string {
  if (path.includes('[')) return 'is an invalid path: array notation is not allowed'
  if (!path.startsWith('.')) return `is an invalid path: expected [ or . but got: ${path.split('.', 1)[0]}`
  let at: JSONSchemaProps | undefined = schema
  for (const name of path.slice(1).split('.')) {
    if (name === '') return 'is an invalid path: unexpected end of JSON path'
    at = at.properties ? propertyOf(at, name) : schemaIn(at.additionalProperties)
    if (!at) return NO_FIELD
  }
  return at
}

/** Why a version's fields are not selected by; where they are those of all versions, it is told otherwise. */
export const NO_SCHEMA = 'may only be set when `version.schema.openAPIV3Schema` is not included'

function selectableErrors(
  path: string,
  fields: readonly SelectableField[],
  schema: JSONSchemaProps | undefined,
): FieldError[] {
  if (fields.length === 0) return []
  if (!schema) return [invalidValue(path, '', NO_SCHEMA)]
  const seen = new Set<string>()
  const errors = each(path, fields, (item, { jsonPath }) => {
    if (!jsonPath) return [required(`${item}.jsonPath`)]
    const at = `${item}.jsonPath`
    const found = fieldAt(schema, jsonPath)
    if (typeof found === 'string') return [invalidValue(at, jsonPath, found)]
    const wrong: FieldError[] = []
    if (/^\.metadata(\.|$)/.test(jsonPath))
      wrong.push(invalidValue(at, jsonPath, 'must not point to fields in metadata'))
    if (!['string', 'boolean', 'integer'].includes(found.type ?? '')) {
      const kinds = 'must point to a field of type string, boolean or integer.'
      wrong.push(invalidValue(at, jsonPath, `${kinds} Enum string fields and strings with formats are allowed.`))
    }
    if (seen.has(jsonPath)) wrong.push(duplicate(at, jsonPath))
    seen.add(jsonPath)
    return wrong
  })
  return seen.size > MAX_SELECTABLE ? [...errors, tooMany(path, seen.size, MAX_SELECTABLE)] : errors
}

function scaleErrors(at: string, scale: CustomResourceSubresourceScale | undefined): FieldError[] {
  if (!scale) return []
  const below = (field: keyof CustomResourceSubresourceScale, where: string, starts: readonly string[]) => {
    const path = scale[field] ?? ''
    if (path === '') return field === 'labelSelectorPath' ? [] : [required(`${at}.${field}`)]
    const wrong = simplePath(`${at}.${field}`, path)
    if (wrong.length > 0 || starts.some(start => path.startsWith(start))) return wrong
    return [invalidValue(`${at}.${field}`, path, `should be a json path under ${where}`)]
  }
  return [
    ...below('specReplicasPath', '.spec', ['.spec.']),
    ...below('statusReplicasPath', '.status', ['.status.']),
    ...below('labelSelectorPath', 'either .spec or .status', ['.spec.', '.status.']),
  ]
}

function deprecationErrors(at: string, { deprecated, deprecationWarning: text }: CustomResourceDefinitionVersion) {
  if (text === undefined) return []
  if (!deprecated) return [invalidValue(at, text, 'can only be set for deprecated versions')]
  const errors: FieldError[] = []
  if (text.length > MAX_WARNING) errors.push(invalidValue(at, text, `must be <= ${MAX_WARNING} characters long`))
  if (text === '') errors.push(invalidValue(at, text, 'must not be an empty string'))
  const hidden = text.search(/[^\P{C}]|[\p{Zl}\p{Zp}]|(?! )\p{Zs}/u)
  if (hidden >= 0) {
    const why = 'must only contain printable UTF-8 characters; non-printable character found at index'
    errors.push(invalidValue(at, text, `${why} ${hidden}`))
  }
  return errors
}

/** What of a version is kept beside all versions where they share it. */
const partErrors = (at: string, version: CustomResourceDefinitionVersion): FieldError[] => [
  ...scaleErrors(`${at}.subresources.scale`, version.subresources?.scale),
  ...each(`${at}.additionalPrinterColumns`, version.additionalPrinterColumns, columnErrors),
  ...selectableErrors(`${at}.selectableFields`, list(version.selectableFields), version.schema?.openAPIV3Schema),
]

export function versionErrors({ spec }: CustomResourceDefinition): FieldError[] {
  const versions = list(spec.versions)
  const at = 'spec.versions'
  const errors = each(at, versions, (path, version) => [
    ...(version.schema?.openAPIV3Schema ? [] : [required(`${path}.schema.openAPIV3Schema`)]),
    ...dns1035Label(version.name ?? '').map(why => invalidValue(`${path}.name`, version.name ?? '', why)),
    ...deprecationErrors(`${path}.deprecationWarning`, version),
  ])
  const told = versions.map(({ name, storage }) => ({ name, storage }))
  // The first one is kept beside all others, too.
  const [{ name: first = '' } = { name: '' }] = versions
  if (first !== '') errors.push(...dns1035Label(first).map(why => invalidValue('spec.version', first, why)))
  if (new Set(versions.map(({ name }) => name)).size < versions.length)
    errors.push(invalidValue(at, told, 'must contain unique version names'))
  if (versions.filter(({ storage }) => storage).length !== 1)
    errors.push(
      invalidValue(at, spec.versions ? told : null, 'must have exactly one version marked as storage version'),
    )
  return [...errors, ...each(at, versions, partErrors)]
}

/** Objects may still be kept in each version that the status names. */
export function storedVersionErrors({ spec, status }: CustomResourceDefinition): FieldError[] {
  const stored = list(status?.storedVersions)
  const at = 'status.storedVersions'
  if (stored.length === 0) return [invalidValue(at, null, 'must have at least one stored version')]
  const known = list(spec.versions).map(({ name }) => name)
  const lost = (name: string) =>
    `missing from spec.versions; ${name} was previously a storage version, and must remain in spec.versions until a ` +
    `storage migration ensures no data remains persisted in ${name} and removes ${name} from status.storedVersions`
  const left = new Set(stored)
  return [
    ...list(spec.versions)
      .filter(({ name, storage }) => !left.delete(name) && storage)
      .map(({ name }) => invalidValue(at, stored, `must have the storage version ${name}`)),
    ...stored.flatMap((name, i) => (known.includes(name) ? [] : [invalidValue(`${at}[${i}]`, name, lost(name))])),
  ]
}

const allSchemas = ({ versions }: CustomResourceDefinition['spec']): JSONSchemaProps[] =>
  list(versions).flatMap(({ schema }) => [...(schema?.openAPIV3Schema ? schemasIn(schema.openAPIV3Schema) : [])])

export const hasDefaults = (spec: CustomResourceDefinition['spec']): boolean =>
  allSchemas(spec).some(schema => schema.default !== undefined)

const unknownFormats = ({ spec }: CustomResourceDefinition): string[] =>
  allSchemas(spec).flatMap(({ format, type }) => (format && !isKnownFormat(format, type) ? [format] : []))

/** Whoever asks for a format that is not looked at is told, once. */
export function formatWarnings(definition: CustomResourceDefinition, old: CustomResourceDefinition | undefined) {
  const known = old ? unknownFormats(old) : []
  return unknownFormats(definition)
    .filter(format => !known.includes(format))
    .map(format => `unrecognized format ${JSON.stringify(format)}`)
}
