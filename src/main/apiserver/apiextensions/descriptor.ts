// A definition's version as a resource descriptor: from there on the generic verbs do the rest.
import type { CustomResourceDefinition, CustomResourceDefinitionVersion } from '../../../shared/api/apiextensions/v1.ts'
import { deepEqual } from '../../../shared/machinery/deep-equal.ts'
import { type FieldError, invalidValue } from '../../../shared/machinery/field-error.ts'
import { humanSince } from '../../../shared/machinery/human-duration.ts'
import { cloneJson, getField, isObject, setField } from '../../../shared/machinery/json-object.ts'
import type { AnyObject } from '../../../shared/machinery/object.ts'
import { apiVersionOf } from '../../../shared/machinery/resource-type.ts'
import { compareVersions } from '../discovery/served.ts'
import { methodNotSupported } from '../../../shared/machinery/status.ts'
import { nameColumn } from '../registry/columns/common.ts'
import {
  type Column,
  type CustomSchema,
  defineResource,
  type ResourceDescriptor,
  type ScalePaths,
  type WebhookConversion,
} from '../registry/resource.ts'
import { keepField } from '../registry/support/strategy.ts'
import { decodeObject } from '../schema/decode.ts'
import { hasDefaults, setSchemaDefaults } from './defaults.ts'
import { compileJsonPath, fieldsIn } from './json-path.ts'
import { prune } from './prune.ts'
import type { WebhookTransport } from '../webhook/transport.ts'
import { conversionOf } from './webhook-conversion.ts'
import { compileRules } from './rules/compile.ts'
import { validateRules } from './rules/validate.ts'
import { factOf, type Schema } from './schema.ts'
import { validateValue } from './validate-value.ts'
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
const UNCHECKED = invalidValue(
  '<nil>',
  null,
  'some validation rules were not checked because the object was invalid; correct the existing errors to complete validation',
)

export function customSchema(schema: Schema): CustomSchema {
  return {
    fact: factOf(schema, true),
    openapi: schema,
    decode(value) {
      const { value: pruned, unknown, tooDeep } = prune(value, schema)
      const object = pruned as AnyObject
      // Also of what is applied: empty labels are owned, and dropped before they are stored.
      const meta = decodeObject('meta.v1.ObjectMeta', object.metadata ?? {}, 'apply')
      object.metadata = meta.object as unknown as AnyObject['metadata']
      return {
        object,
        unknown: [...unknown, ...meta.unknown.map(path => `metadata.${path}`)].sort(),
        errors: tooDeep ? ['exceeded max depth of 64'] : meta.errors,
      }
    },
  }
}

const cellOf = (type: string, found: readonly unknown[], nowMs: number): unknown => {
  const [first] = found
  if (first === undefined || first === null) return type === 'date' ? '<unknown>' : null
  if (type === 'date') return humanSince(String(first), nowMs)
  if (type === 'string')
    return found.map(value => (typeof value === 'object' ? encodeJson(value) : String(value))).join(',')
  return type === 'integer' && typeof first === 'number' ? Math.trunc(first) : first
}

function columnsOf({ additionalPrinterColumns: given }: CustomResourceDefinitionVersion): Column<AnyObject>[] {
  const columns = given?.length
    ? given
    : [
        {
          name: 'Age',
          type: 'date',
          jsonPath: '.metadata.creationTimestamp',
          description: 'Time since the object was created.',
        },
      ]
  return [
    nameColumn,
    ...columns.map(({ name, type, format = '', description, priority = 0, jsonPath }): Column<AnyObject> => {
      const read = compileJsonPath(jsonPath)
      return {
        name,
        type: type as Column<AnyObject>['type'],
        format: format as '' | 'name',
        description,
        priority: priority > 0 ? 1 : 0,
        value: (object, nowMs) => cellOf(type, read?.(object) ?? [], nowMs),
      }
    }),
  ]
}

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

function describe(
  definition: CustomResourceDefinition,
  version: CustomResourceDefinitionVersion,
  conversion: WebhookConversion | undefined,
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
  const defaulting = hasDefaults(schema)
  const scale = scaleOf(version)
  const custom = customSchema(schema)
  const rules = compileRules(schema)
  const check = async (object: AnyObject, old: AnyObject | undefined, warn: (text: string) => void) => {
    const { metadata: _metadata, ...content } = object
    const replicas = scale ? scale.replicas(object) : 0
    const path = version.subresources?.scale?.specReplicasPath ?? ''
    const negative = replicas < 0 ? [invalidValue(path, replicas, 'should be a non-negative integer')] : []
    const before = old && { ...old, metadata: {} }
    const errors = [...validateValue({ ...content, metadata: {} }, schema, '', before), ...negative]
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
      const object = conversion ? custom.decode(given).object : given
      if (!defaulting) return object.apiVersion === served ? object : { ...object, apiVersion: served }
      const copy = { ...cloneJson(object), apiVersion: served }
      setSchemaDefaults(copy, schema)
      return copy
    },
    toStorage: object => (object.apiVersion === stored ? object : { ...object, apiVersion: stored }),
    setDefaults: object => setSchemaDefaults(object, schema),
    prepareForCreate: object => {
      if (definition.metadata.deletionTimestamp) throw methodNotSupported(type, 'create')
      if (withStatus) delete (object as { status?: unknown }).status
      object.metadata.generation = 1
    },
    prepareForUpdate: (object, old) => {
      if (withStatus) keepField(object, old, 'status')
      bump(object, old, withStatus)
    },
    check,
    ...(withStatus ? { status: { prepareForUpdate: statusUpdate } } : {}),
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
    columns: columnsOf(version),
    ...(version.deprecated ? { deprecated: version.deprecationWarning ?? deprecation(definition, version.name) } : {}),
  })
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
export function descriptorsOf(definition: CustomResourceDefinition, transport: WebhookTransport): ResourceDescriptor[] {
  const conversion = conversionOf(definition, transport)
  return definition.spec.versions
    .filter(({ served }) => served)
    .map(version => describe(definition, version, conversion))
}

/** @returns the descriptor of the version in which objects are stored, whether it is served or not */
export function storageDescriptorOf(
  definition: CustomResourceDefinition,
  transport: WebhookTransport,
): ResourceDescriptor | undefined {
  const version = definition.spec.versions.find(({ storage }) => storage)
  return version && describe(definition, version, conversionOf(definition, transport))
}
