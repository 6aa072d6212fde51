// The parameters of operations. In version 2 they stand in the document once, and operations refer to them.
import { createHash } from 'node:crypto'
import type { Dialect, JsonSchema } from './type-schemas.ts'

export interface Parameter {
  readonly name: string
  readonly type: 'string' | 'boolean' | 'integer'
  /** Ours, where the official text is not at hand. */
  readonly description: string
}

/** Official texts by the name of the parameter. */
export type ParameterTexts = Readonly<Record<string, string>>

export const parameter = (name: string, type: Parameter['type'], description: string): Parameter => ({
  name,
  type,
  description,
})
const DRY_RUN = parameter(
  'dryRun',
  'string',
  'When All, nothing is stored, and the answer is what would have been stored.',
)
const FIELD_MANAGER = parameter('fieldManager', 'string', 'The name of the actor that makes the change.')
const FIELD_VALIDATION = parameter(
  'fieldValidation',
  'string',
  'What becomes of unknown and duplicate fields: Ignore drops them, Warn (the default) answers with warnings, Strict refuses the request.',
)
export const PRETTY = parameter('pretty', 'string', 'When true, JSON comes in lines.')
export const FORCE = parameter('force', 'boolean', 'Takes over fields of other managers when an apply conflicts.')
export const LIST: readonly Parameter[] = [
  parameter('allowWatchBookmarks', 'boolean', 'Asks a watch for BOOKMARK events.'),
  parameter('continue', 'string', 'The token of the next page, out of the last one.'),
  parameter('fieldSelector', 'string', 'Restricts by fields.'),
  parameter('labelSelector', 'string', 'Restricts by labels.'),
  parameter('limit', 'integer', 'The greatest number of items in a page.'),
  parameter('resourceVersion', 'string', 'A constraint on what versions may be served.'),
  parameter('resourceVersionMatch', 'string', 'How resourceVersion is applied to a list.'),
  parameter('sendInitialEvents', 'boolean', 'Starts a watch with the objects that exist.'),
  parameter('timeoutSeconds', 'integer', 'The duration of the call.'),
  parameter('watch', 'boolean', 'Watches for changes instead of listing.'),
]
/** Who empties a collection chooses as who lists it, and watches nothing. */
export const CHOOSE = LIST.filter(({ name }) => name !== 'watch' && name !== 'allowWatchBookmarks')
export const DELETE: readonly Parameter[] = [
  DRY_RUN,
  parameter('gracePeriodSeconds', 'integer', 'Seconds until the object is deleted.'),
  parameter('orphanDependents', 'boolean', 'Deprecated: use propagationPolicy.'),
  parameter('propagationPolicy', 'string', 'Orphan, Background or Foreground.'),
]
export const WRITE = [DRY_RUN, FIELD_MANAGER, FIELD_VALIDATION]

/** kubectl looks for these in the operation itself. */
const IN_PLACE = new Set([DRY_RUN, FIELD_VALIDATION])

function parameterSchema({ name, type, description }: Parameter, dialect: Dialect, texts: ParameterTexts): JsonSchema {
  const value = { type, uniqueItems: true }
  const shown = texts[name] ?? description
  return { name, in: 'query', description: shown, ...(dialect.version === 3 ? { schema: value } : value) }
}

const sharedName = (schema: JsonSchema): string =>
  `${String(schema['name'])}-${createHash('sha256').update(JSON.stringify(schema)).digest('base64url').slice(0, 8)}`

/** @returns what stands in an operation */
export function parameterReference(each: Parameter, dialect: Dialect, texts: ParameterTexts): JsonSchema {
  const schema = parameterSchema(each, dialect, texts)
  return dialect.version === 3 || IN_PLACE.has(each) ? schema : { $ref: `#/parameters/${sharedName(schema)}` }
}

/** @returns what operations of version 2 refer to, name → parameter */
export function sharedParameters(
  dialect: Dialect,
  texts: ParameterTexts,
  more: readonly Parameter[],
): Map<string, JsonSchema> {
  const all = [PRETTY, FORCE, ...LIST, ...DELETE, ...WRITE, ...more].filter(each => !IN_PLACE.has(each))
  return new Map(
    all.map(each => {
      const schema = parameterSchema(each, dialect, texts)
      return [sharedName(schema), schema]
    }),
  )
}

export const pathParameter = (name: string, description: string, dialect: Dialect): JsonSchema => ({
  name,
  in: 'path',
  required: true,
  description,
  ...(dialect.version === 3
    ? { schema: { type: 'string', uniqueItems: true } }
    : { type: 'string', uniqueItems: true }),
})
