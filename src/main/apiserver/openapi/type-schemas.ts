// JSON Schema of the API's types, built from the schema table.
import { schemaTypes, typeFact } from '../schema/table.ts'
import type { FactKind, FieldFact, TypeFact } from '../schema/facts.ts'
import { isPrinted } from '../schema/printed.ts'
import { declaredDefault } from './declared-defaults.ts'

export type JsonSchema = Record<string, unknown>

/** Texts for people: type id → text of the type (under '') and of its fields. */
export type Descriptions = Readonly<Record<string, Readonly<Record<string, string>>>>
/** Not the id of a type: where the texts of operations' parameters are. */
export const PARAMETER_TEXTS = 'parameters'

const PREFIXES: Readonly<Record<string, string>> = {
  meta: 'io.k8s.apimachinery.pkg.apis.meta',
  apiextensions: 'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions',
  apiregistration: 'io.k8s.kube-aggregator.pkg.apis.apiregistration',
  version: 'io.k8s.apimachinery.pkg.version',
}

let builtin: ReadonlySet<string> | undefined

/**
 * @returns the official name: `io.k8s.api.apps.v1.Deployment` for `apps.v1.Deployment`. A custom resource that would have
 * the name of another type is renamed.
 */
export function definitionName(schemaId: string): string {
  if (schemaId.startsWith('custom:')) {
    const name = schemaId.slice('custom:'.length)
    builtin ??= new Set(Object.keys(schemaTypes).map(definitionName))
    return builtin.has(name) ? `${name}_v2` : name
  }
  const dot = schemaId.indexOf('.')
  const folder = schemaId.slice(0, dot)
  return `${PREFIXES[folder] ?? `io.k8s.api.${folder}`}${schemaId.slice(dot)}`
}

/** Scalars that have a name and a definition of their own. */
const SCALARS: Readonly<Record<string, readonly [name: string, schema: JsonSchema]>> = {
  quantity: [
    'io.k8s.apimachinery.pkg.api.resource.Quantity',
    {
      description: 'A fixed-point number such as 500m, 1.5 or 2Gi, in a JSON string or number.',
      oneOf: [{ type: 'string' }, { type: 'number' }],
    },
  ],
  intOrString: [
    'io.k8s.apimachinery.pkg.util.intstr.IntOrString',
    {
      description: 'A whole number or a text, such as a port by number or name, or a percentage.',
      format: 'int-or-string',
      oneOf: [{ type: 'integer' }, { type: 'string' }],
    },
  ],
  time: [
    'io.k8s.apimachinery.pkg.apis.meta.v1.Time',
    { description: 'A time in RFC 3339, to the second.', type: 'string', format: 'date-time' },
  ],
  microTime: [
    'io.k8s.apimachinery.pkg.apis.meta.v1.MicroTime',
    { description: 'A time in RFC 3339, to the microsecond.', type: 'string', format: 'date-time' },
  ],
  raw: ['io.k8s.apimachinery.pkg.runtime.RawExtension', { description: 'Any object.', type: 'object' }],
}

/** Types that say nothing of what they hold, by id. */
const OPEN: Readonly<Record<string, JsonSchema>> = {
  'meta.v1.FieldsV1': { description: 'Fields of an object, as a trie.', type: 'object' },
}
const named = (id: string): readonly [string, JsonSchema] => [definitionName(id), OPEN[id] ?? {}]

/** The two dialects differ in where definitions live and in what may stand beside a reference. */
export interface Dialect {
  readonly version: 2 | 3
  readonly refPrefix: string
}
export const V3: Dialect = { version: 3, refPrefix: '#/components/schemas/' }
export const V2: Dialect = { version: 2, refPrefix: '#/definitions/' }

function valueSchema(fact: FieldFact, dialect: Dialect): JsonSchema {
  const ref = (name: string): JsonSchema => ({ $ref: dialect.refPrefix + name })
  const scalar = SCALARS[fact.t]
  if (scalar) return ref(scalar[0])
  switch (fact.t) {
    case 'ref':
      return ref(definitionName(fact.r ?? ''))
    case 'array':
      return { type: 'array', items: itemSchema(fact, dialect) }
    case 'map':
      return { type: 'object', additionalProperties: itemSchema(fact, dialect) }
    case 'integer':
      return { type: 'integer', ...(fact.f ? { format: fact.f } : {}) }
    case 'number':
      return { type: 'number', ...(fact.f ? { format: fact.f } : {}) }
    case 'boolean':
      return { type: 'boolean' }
    case 'bytes':
      return { type: 'string', format: 'byte' }
    case 'string':
      return { type: 'string', ...(fact.e ? { enum: fact.e } : {}) }
    default:
      if (fact.n) return ref(definitionName(fact.n))
      return dialect.version === 3 ? { 'x-kubernetes-preserve-unknown-fields': true } : {}
  }
}

/** What Go's value of such a type is when nothing was said; undefined where that is nothing. */
const ZEROS: Readonly<Partial<Record<FactKind, unknown>>> = {
  string: '',
  integer: 0,
  number: 0,
  boolean: false,
  ref: {},
}

/** Items and values of maps are no pointers: each has a default. */
function itemSchema(fact: FieldFact, dialect: Dialect): JsonSchema {
  const item = fact.i ?? { t: 'any' }
  const bare = valueSchema(item, dialect)
  if (dialect.version === 2) return bare
  const zero = ZEROS[item.t]
  return {
    ...('$ref' in bare && zero !== undefined ? { allOf: [bare] } : bare),
    ...(zero === undefined ? {} : { default: zero }),
  }
}

const EXTENSIONS = [
  ['lt', 'x-kubernetes-list-type'],
  ['lk', 'x-kubernetes-list-map-keys'],
  ['mk', 'x-kubernetes-patch-merge-key'],
  ['ps', 'x-kubernetes-patch-strategy'],
  ['mt', 'x-kubernetes-map-type'],
] as const

/** A field that is no pointer, and is never left out, has its type's zero; a few declare another one. */
function defaultOf(schemaId: string, name: string, fact: FieldFact): unknown {
  if (fact.d !== undefined) return fact.d
  return declaredDefault(schemaId, name) ?? (isPrinted(schemaId, name) ? ZEROS[fact.t] : undefined)
}

interface Field {
  readonly schemaId: string
  readonly name: string
  readonly fact: FieldFact
}

function fieldSchema(
  { schemaId, name: field, fact }: Field,
  description: string | undefined,
  dialect: Dialect,
): JsonSchema {
  const bare = valueSchema(fact, dialect)
  // In 3.0 nothing beside a $ref counts, hence the wrapping.
  const schema: JsonSchema = dialect.version === 3 && '$ref' in bare ? { allOf: [bare] } : { ...bare }
  if (description) schema['description'] = description
  const fallback = dialect.version === 3 ? defaultOf(schemaId, field, fact) : fact.d
  if (fallback !== undefined) schema['default'] = fallback
  for (const [key, name] of EXTENSIONS) if (fact[key] !== undefined) schema[name] = fact[key]
  return schema
}

/** @returns the schema of one type. */
export function typeSchema(schemaId: string, dialect: Dialect, descriptions: Descriptions = {}): JsonSchema {
  const type: TypeFact = typeFact(schemaId)
  const texts = Object.hasOwn(descriptions, schemaId) ? (descriptions[schemaId] ?? {}) : {}
  const fields = Object.entries(type.fields)
  const required = fields.filter(([, fact]) => fact.req).map(([name]) => name)
  const properties = fields.map(
    ([name, fact]) => [name, fieldSchema({ schemaId, name, fact }, texts[name], dialect)] as const,
  )
  return {
    ...(texts[''] ? { description: texts[''] } : {}),
    type: 'object',
    ...(required.length ? { required } : {}),
    // An empty one does not come back out of Go's types: the document would not be what it was.
    ...(properties.length ? { properties: Object.fromEntries(properties) } : {}),
    ...(type.mt ? { 'x-kubernetes-map-type': type.mt } : {}),
    ...(type.gvk
      ? { 'x-kubernetes-group-version-kind': [{ group: type.gvk[0], version: type.gvk[1], kind: type.gvk[2] }] }
      : {}),
  }
}

/** @returns the ids of the given types and of all that they refer to, sorted; and the scalars used. */
export function reachable(roots: readonly string[]): { ids: string[]; scalars: (readonly [string, JsonSchema])[] } {
  const seen = new Set<string>()
  const scalars = new Map<string, readonly [string, JsonSchema]>()
  const visit = (fact: FieldFact) => {
    const scalar = SCALARS[fact.t]
    if (scalar) scalars.set(fact.t, scalar)
    if (fact.n) scalars.set(fact.n, named(fact.n))
    if (fact.r) add(fact.r)
    if (fact.i) visit(fact.i)
  }
  const add = (id: string) => {
    if (seen.has(id) || !Object.hasOwn(schemaTypes, id)) return
    seen.add(id)
    for (const fact of Object.values(typeFact(id).fields)) visit(fact)
  }
  for (const id of roots) add(id)
  return { ids: [...seen].sort(), scalars: [...scalars.values()] }
}
