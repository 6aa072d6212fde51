// A definition's version as a resource descriptor: from there on the generic verbs do the rest.
import type { CustomResourceDefinition, CustomResourceDefinitionVersion } from '../../../shared/api/apiextensions/v1.ts'
import { deepEqual } from '../../../shared/machinery/deep-equal.ts'
import { type FieldError, invalidValue } from '../../../shared/machinery/field-error.ts'
import { cloneJson, getField, isObject, setField } from '../../../shared/machinery/json-object.ts'
import type { AnyObject } from '../../../shared/machinery/object.ts'
import { apiVersionOf, type ResourceType } from '../../../shared/machinery/resource-type.ts'
import { compareVersions } from '../discovery/priorities.ts'
import { ApiError, methodNotSupported } from '../../../shared/machinery/status.ts'
import {
  type CustomSchema,
  defineResource,
  type ResourceDescriptor,
  type ScalePaths,
  type WebhookConversion,
} from '../registry/resource.ts'
import { keepField, METADATA_OF_OBJECT } from '../registry/support/strategy.ts'
import { atOnce, inTurns, type Pieces } from '../../pieces/pacer.ts'
import { objectTooLarge } from '../codec/decode-body.ts'
import { decodeObjectInPieces } from '../schema/decode.ts'
import { finalizerWarnings } from '../schema/validate-meta.ts'
import { hasDefaults, setSchemaDefaults } from './defaults.ts'
import { embeddedErrors } from './embedded.ts'
import { fieldsIn } from './json-path.ts'
import { columnsOf } from './printer-columns.ts'
import { isSettled, prune, pruneInPieces } from './prune.ts'
import type { WebhookTransport } from '../webhook/transport.ts'
import { conversionOf } from './webhook-conversion.ts'
import { compileRules, hasRules, type RuleNode } from './rules/compile.ts'
import { validateRules } from './rules/validate.ts'
import { factOf, propertyOf, type Schema } from './schema.ts'
import { validateInPieces } from './validate-value.ts'
import { encodeJson } from '../../../shared/machinery/json-text.ts'

const EVERYTHING: Schema = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true }

/** What keeps rules from being evaluated: they count on the types and bounds of the schema. */
const BLOCKING: ReadonlySet<string> = new Set<FieldError['type']>([
  'FieldValueRequired',
  'FieldValueNotSupported',
  'FieldValueTooLong',
  'FieldValueTooMany',
  'FieldValueTypeInvalid',
])
const MOST_REPLICAS = 2 ** 31 - 1
const UNCHECKED = invalidValue(
  '<nil>',
  null,
  'some validation rules were not checked because the object was invalid; correct the existing errors to complete validation',
)

export function customSchema(schema: Schema): CustomSchema {
  return {
    fact: factOf(schema, true),
    openapi: schema,
    *decode(value, wording) {
      const isApplied = wording === 'apply'
      const pruned = yield* pruneInPieces(value, schema, isApplied)
      const { unknown, unknownMetadata, tooDeep, errors: unreadable } = pruned
      const object = pruned.value as AnyObject
      // Also of what is applied: empty labels are owned, and dropped before they are stored.
      const meta = yield* decodeObjectInPieces('meta.v1.ObjectMeta', object.metadata ?? {}, 'metadata')
      object.metadata = meta.object as unknown as AnyObject['metadata']
      return {
        object,
        unknown: [...meta.unknown.map(path => `metadata.${path}`).sort(), ...unknown.sort(), ...unknownMetadata.sort()],
        errors: tooDeep ? ['exceeded max depth of 64'] : [...meta.errors.map(error => asOf(object, error)), ...unreadable.map(error => cannotBeHandled(object, error))], // prettier-ignore
      }
    },
  }
}

const handledAs = ({ apiVersion, kind }: AnyObject): string =>
  `${kind} in version ${JSON.stringify(String(apiVersion).split('/').at(-1))} cannot be handled as a ${kind}: `

const cannotBeHandled = (object: AnyObject, { field, message }: FieldError): string =>
  `${handledAs(object)}${field}: ${message}`

/** @param problem of the metadata, as that of the object */
const asOf = (object: AnyObject, problem: string): string =>
  problem.replace(/^ObjectMeta in version "v1" cannot be handled as a ObjectMeta: /, () => handledAs(object))

const valueAt = (object: unknown, path: string | undefined): unknown =>
  path === undefined
    ? undefined
    : fieldsIn(path).reduce<unknown>((value, name) => (isObject(value) ? getField(value, name) : undefined), object)

function scaleOf({ subresources }: CustomResourceDefinitionVersion): ScalePaths<AnyObject> | undefined {
  const scale = subresources?.scale
  if (!scale) return undefined
  const count = (value: unknown) => (typeof value === 'number' || typeof value === 'bigint' ? Number(value) : 0)
  return {
    replicas: object => count(valueAt(object, scale.specReplicasPath)),
    missing: object => (valueAt(object, scale.specReplicasPath) === undefined ? scale.specReplicasPath : undefined),
    statusReplicas: object => count(valueAt(object, scale.statusReplicasPath)),
    selector: object => String(valueAt(object, scale.labelSelectorPath) ?? ''),
    setReplicas(object, replicas) {
      const names = fieldsIn(scale.specReplicasPath)
      let at = object as unknown as Record<string, unknown>
      for (const name of names.slice(0, -1)) {
        const inner = getField(at, name)
        const next = isObject(inner) ? inner : {}
        setField(at, name, next)
        at = next
      }
      setField(at, names.at(-1) ?? 'replicas', replicas)
    },
  }
}

/** How Go calls the type of a JSON value. */
function goTypeOf(value: unknown): string {
  if (Array.isArray(value)) return '[]interface {}'
  if (typeof value === 'object') return 'map[string]interface {}'
  return typeof value === 'boolean' ? 'bool' : typeof value === 'string' ? 'string' : 'float64'
}

/** What the fields of a scale hold must be what a Scale can say. */
function scaleErrors(
  object: AnyObject,
  { subresources }: CustomResourceDefinitionVersion,
  isStatus: boolean,
): FieldError[] {
  const scale = subresources?.scale
  if (!scale) return []
  const ofCount = (path: string): FieldError[] => {
    const value = valueAt(object, path)
    if (value === undefined) return []
    const isWhole = typeof value === 'bigint' || (typeof value === 'number' && Number.isInteger(value))
    if (!isWhole) {
      const shown = typeof value === 'string' ? value : encodeJson(value)
      return [
        invalidValue(path, 0, `${path} accessor error: ${shown} is of the type ${goTypeOf(value)}, expected int64`),
      ]
    }
    if (value < 0) return [invalidValue(path, value, 'should be a non-negative integer')]
    return value > MOST_REPLICAS ? [invalidValue(path, value, `should be less than or equal to ${MOST_REPLICAS}`)] : []
  }
  return [...(isStatus ? [] : ofCount(scale.specReplicasPath)), ...ofCount(scale.statusReplicasPath)]
}

/** Items that are there twice are no news where the object had such before: a definition may have become stricter. */
function* findingsOf(value: unknown, before: object | undefined, schema: Schema): Pieces<readonly FieldError[]> {
  const errors = yield* validateInPieces(value, schema, '', before)
  const isTwice = ({ type }: FieldError) => type === 'FieldValueDuplicate'
  const isInherited = before && errors.some(isTwice) && (yield* validateInPieces(before, schema, '')).some(isTwice)
  return isInherited ? errors.filter(error => !isTwice(error)) : errors
}

/** A status that is written by itself is held against its part of the schema alone; texts name places in it. */
function* findingsOfStatus(
  object: AnyObject,
  old: AnyObject | undefined,
  schema: Schema,
): Pieces<readonly FieldError[]> {
  const [part, status, before] = [
    propertyOf(schema, 'status'),
    getField(object, 'status'),
    old && getField(old, 'status'),
  ]
  if (!part || status === undefined) return []
  const found = yield* findingsOf(status, isObject(before) ? before : undefined, part)
  return found.map(error => ({
    ...error,
    field: error.field === '' || error.field === '<nil>' ? 'status' : `status.${error.field}`,
  }))
}

/** Without a status subresource, everything but the metadata counts for the generation. */
function bump(object: AnyObject, old: AnyObject, withStatus: boolean): void {
  const content = ({ metadata: _metadata, apiVersion: _apiVersion, ...rest }: AnyObject) => {
    if (withStatus) delete (rest as { status?: unknown }).status
    return rest
  }
  const before = old.metadata.generation ?? 1
  object.metadata.generation = deepEqual(content(object), content(old), { nullIsValue: true }) ? before : before + 1
}

function statusUpdate(object: AnyObject, old: AnyObject): void {
  for (const key of new Set([...Object.keys(object), ...Object.keys(old)]))
    if (!['status', 'metadata', 'apiVersion', 'kind'].includes(key)) keepField(object, old, key)
  const { managedFields } = object.metadata
  object.metadata = { ...cloneJson(old.metadata), ...(managedFields ? { managedFields } : {}) }
}

/** What descriptors need besides the definition. */
export interface Surroundings {
  /** The way to webhooks that convert. */
  readonly transport: WebhookTransport
  /** The definition is being deleted: no more objects are made. */
  readonly isTerminating: () => boolean
  /** Aborted once the definition says something else. */
  readonly replaced: AbortSignal
}

/** @returns what was stored once by today's terms of its version: without what nobody knows now, with its defaults */
function settler({ spec: { group, versions } }: CustomResourceDefinition): (stored: AnyObject) => AnyObject {
  const terms = new Map(
    versions.map(({ name, schema: given }) => {
      const schema: Schema = given?.openAPIV3Schema ?? EVERYTHING
      return [`${group}/${name}`, { schema, defaulting: hasDefaults(schema) }]
    }),
  )
  return stored => {
    const known = terms.get(stored.apiVersion)
    if (!known || isSettled(stored, known.schema)) return stored
    const { value, unknown, tooDeep } = prune(stored, known.schema)
    if (tooDeep || (unknown.length === 0 && !known.defaulting)) return stored
    if (known.defaulting) setSchemaDefaults(value, known.schema)
    return { ...(value as AnyObject), metadata: stored.metadata }
  }
}

function describe(
  definition: CustomResourceDefinition,
  version: CustomResourceDefinitionVersion,
  conversion: WebhookConversion | undefined,
  settled: (stored: AnyObject) => AnyObject,
  { isTerminating, replaced }: Surroundings,
): ResourceDescriptor {
  const { group, names, scope, versions } = definition.spec
  const type = {
    group,
    version: version.name,
    kind: names.kind,
    plural: names.plural,
    namespaced: scope === 'Namespaced',
  }
  const schema: Schema = version.schema?.openAPIV3Schema ?? EVERYTHING
  const stored = apiVersionOf({ group, version: versions.find(({ storage }) => storage)?.name ?? version.name })
  const served = apiVersionOf(type)
  const withStatus = version.subresources?.status !== undefined
  const defaulting = conversion !== undefined && hasDefaults(schema)
  const scale = scaleOf(version)
  const custom = customSchema(schema)
  const isRuled = hasRules(schema)
  let compiled: RuleNode | undefined | Promise<RuleNode | undefined>
  /** What the other version declares and this one does not is not there. */
  const inVersion = (object: AnyObject): AnyObject => {
    if (object.apiVersion === served) return object
    const { value, tooDeep } = prune(object, schema)
    return tooDeep ? object : { ...(value as AnyObject), metadata: object.metadata }
  }
  /** Most kinds of an installation never have an object. */
  const rulesOf = () => (compiled ??= inTurns(compileRules(schema)))
  function* findings(object: AnyObject, old: AnyObject | undefined): Pieces<readonly FieldError[]> {
    const { metadata: _metadata, ...content } = object
    const found = yield* findingsOf({ ...content, metadata: {} }, old && { ...old, metadata: {} }, schema)
    yield
    return [...found, ...embeddedErrors(content, schema)]
  }
  const check: ResourceDescriptor['check'] = async (object, old, warn, isStatus) => {
    const found = await inTurns(isStatus ? findingsOfStatus(object, old, schema) : findings(object, old))
    const errors = [...found, ...scaleErrors(object, version, isStatus)]
    const rules = isRuled ? await rulesOf() : undefined
    if (!rules) return errors
    if (errors.some(({ type: of }) => BLOCKING.has(of))) return [...errors, UNCHECKED]
    return [...errors, ...(await validateRules(rules, object, old, warn))]
  }
  return defineResource<AnyObject>({
    updatesNeedVersion: true,
    type,
    schema: `custom:${group.split('.').reverse().join('.')}.${version.name}.${names.kind}`,
    storage: `${group}/${names.plural}`,
    storedAs: `${stored}/${names.kind}`,
    listKind: names.listKind,
    singular: names.singular ?? names.kind.toLowerCase(),
    shortNames: names.shortNames ?? [],
    categories: names.categories ?? [],
    custom,
    ...(conversion ? { conversion } : {}),
    fromStorage: given => {
      if (conversion && given.apiVersion !== served)
        throw new Error(`${given.apiVersion} ${names.kind} was not converted to ${served} before it was read`)
      // What a webhook made may hold anything.
      const object = conversion ? atOnce(custom.decode(given)).object : inVersion(settled(given))
      if (!defaulting) return object.apiVersion === served ? object : { ...object, apiVersion: served }
      const copy = { ...cloneJson(object), apiVersion: served }
      setSchemaDefaults(copy, schema)
      return copy
    },
    toStorage: object => (object.apiVersion === stored ? object : { ...object, apiVersion: stored }),
    setDefaults: object => {
      if (!setSchemaDefaults(object, schema)) throw objectTooLarge()
    },
    prepareForCreate: object => {
      if (isTerminating()) throw terminating(type)
      if (withStatus) delete (object as { status?: unknown }).status
      object.metadata.generation = 1
    },
    prepareForUpdate: (object, old) => {
      if (withStatus) keepField(object, old, 'status')
      bump(object, old, withStatus)
    },
    check,
    ...(withStatus ? { status: { prepareForUpdate: statusUpdate, keptMetadata: METADATA_OF_OBJECT } } : {}),
    ...(scale ? { scale } : {}),
    ...(version.selectableFields?.length
      ? {
          selectableFields: Object.fromEntries(
            version.selectableFields.map(({ jsonPath }) => [
              jsonPath.replace(/^\./, ''),
              (object: AnyObject) => String(valueAt(object, jsonPath) ?? ''),
            ]),
          ),
        }
      : {}),
    warnings: ({ metadata }, old) => finalizerWarnings(metadata, old?.metadata),
    columns: columnsOf(version),
    replaced,
    ...(version.deprecated ? { deprecated: version.deprecationWarning ?? deprecation(definition, version.name) } : {}),
  })
}

function terminating(type: ResourceType<unknown>): ApiError {
  const { code, reason, status } = methodNotSupported(type, 'create')
  return new ApiError(
    code,
    reason,
    'create not allowed while custom resource definition is terminating',
    status.details,
  )
}

/** What is said of a version of which nothing is said: with the best newer one. */
function deprecation({ spec: { group, names, versions } }: CustomResourceDefinition, old: string): string {
  const [newest] = versions
    .filter(({ name, served, deprecated }) => served && !deprecated && compareVersions(name, old) < 0)
    .sort((a, b) => compareVersions(a.name, b.name))
  const instead = newest ? `; use ${group}/${newest.name} ${names.kind}` : ''
  return `${group}/${old} ${names.kind} is deprecated${instead}`
}

/** @returns one descriptor per served version */
export function descriptorsOf(definition: CustomResourceDefinition, around: Surroundings): ResourceDescriptor[] {
  const settled = settler(definition)
  const conversion = conversionOf(definition, around.transport, settled)
  return definition.spec.versions
    .filter(({ served }) => served)
    .map(version => describe(definition, version, conversion, settled, around))
}

/** @returns the descriptor of the version in which objects are stored, whether it is served or not */
export function storageDescriptorOf(
  definition: CustomResourceDefinition,
  around: Surroundings,
): ResourceDescriptor | undefined {
  const version = definition.spec.versions.find(({ storage }) => storage)
  const settled = settler(definition)
  return version && describe(definition, version, conversionOf(definition, around.transport, settled), settled, around)
}
