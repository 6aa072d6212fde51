// The fields of a kind, read out of the OpenAPI v3 document that the server serves. References are followed only when a
// form opens that part, as schemas refer to themselves.
import { isObject } from '../../shared/machinery/json-object.ts'
import { choicesOf } from './choices.ts'

export type Shape =
  | 'text'
  | 'integer'
  | 'number'
  | 'flag'
  | 'quantity'
  | 'numberOrText'
  | 'bytes'
  | 'time'
  | 'object'
  | 'list'
  | 'map'
  | 'any'

type Json = Readonly<Record<string, unknown>>

const SCALARS: Readonly<Record<string, Shape>> = {
  'io.k8s.apimachinery.pkg.api.resource.Quantity': 'quantity',
  'io.k8s.apimachinery.pkg.util.intstr.IntOrString': 'numberOrText',
  'io.k8s.apimachinery.pkg.apis.meta.v1.Time': 'time',
  'io.k8s.apimachinery.pkg.apis.meta.v1.MicroTime': 'time',
  'io.k8s.apimachinery.pkg.runtime.RawExtension': 'any',
}
const REF = '#/components/schemas/'

/** One field, list item or map value. */
export class FieldSchema {
  readonly shape: Shape
  readonly description: string
  /** Name of the type without its package, such as `Container`; '' where it has none. */
  readonly typeName: string
  /** `Type.field` of the place that holds it, `Type.field[]` of a list's entries. */
  readonly place: string
  readonly choices: readonly string[]
  readonly default: unknown
  readonly required: ReadonlySet<string>
  /** What tells the entries of a list apart when two people change it. */
  readonly listKeys: readonly string[]
  readonly #json: Json
  readonly #all: Json
  #fields: ReadonlyMap<string, FieldSchema> | undefined

  /**
   * @param place for what the schema leaves out
   * @param isThere where it stands, something must stand: a default of nothing is then none
   */
  constructor(all: Json, json: Json, place = '', isThere = false) {
    const { target, name } = resolve(all, json)
    this.#all = all
    this.place = place
    this.#json = target
    this.typeName = name.split('.').at(-1) ?? ''
    this.shape = SCALARS[name] ?? shapeOf(target)
    this.description = text(json['description']) || text(target['description'])
    const fallback = json['default'] ?? target['default']
    this.default = fallback === '' || (isThere && !fallback) ? undefined : fallback
    const listed = Array.isArray(target['enum']) ? target['enum'].filter(each => typeof each === 'string') : []
    const usual = choicesOf(place)
    // The schema says which there are, we which come first.
    this.choices = listed.length
      ? [...usual.filter(each => listed.includes(each)), ...listed.filter(each => !usual.includes(each))]
      : usual
    this.required = new Set(strings(target['required']))
    const mergeKey = text(json['x-kubernetes-patch-merge-key'])
    const mapKeys = strings(json['x-kubernetes-list-map-keys'])
    this.listKeys = mapKeys.length ? mapKeys : mergeKey ? [mergeKey] : []
  }

  /** Holds other fields, so it takes more room than a line. */
  get isDeep(): boolean {
    return ['object', 'list', 'map', 'any'].includes(this.shape)
  }

  get fields(): ReadonlyMap<string, FieldSchema> {
    const properties = this.#json['properties']
    return (this.#fields ??= new Map(
      Object.entries(isObject(properties) ? properties : {}).map(([name, json]) => [
        name,
        new FieldSchema(this.#all, isObject(json) ? json : {}, `${this.typeName}.${name}`, this.required.has(name)),
      ]),
    ))
  }

  /** Of a list's entries or a map's values. */
  get item(): FieldSchema {
    const inner = this.#json['items'] ?? this.#json['additionalProperties']
    return new FieldSchema(this.#all, isObject(inner) ? inner : {}, this.place && `${this.place}[]`, true)
  }
}

/** Of a custom resource: somebody else defined it, and may change it while the window is open. */
export const isForeignGroup = (group: string): boolean => group.includes('.') && !group.endsWith('.k8s.io')

const text = (value: unknown) => (typeof value === 'string' ? value : '')
const strings = (value: unknown): string[] =>
  Array.isArray(value) ? value.filter((each): each is string => typeof each === 'string') : []

/** Follows references, also the single `allOf` that wraps one for the sake of its description. */
function resolve(all: Json, json: Json): { target: Json; name: string } {
  let target = json
  let name = ''
  // Chains of references are short; the bound is for documents that point at themselves.
  for (let step = 0; step < 8; step++) {
    const wrapped = Array.isArray(target['allOf']) && target['allOf'].length === 1 ? target['allOf'][0] : undefined
    const ref = text(isObject(wrapped) ? wrapped['$ref'] : target['$ref'])
    if (!ref.startsWith(REF)) return { target, name }
    name = ref.slice(REF.length)
    const next = all[name]
    if (!isObject(next)) return { target: {}, name }
    target = next
  }
  return { target, name }
}

function shapeOf(json: Json): Shape {
  if (json['x-kubernetes-int-or-string'] === true || json['format'] === 'int-or-string') return 'numberOrText'
  switch (json['type']) {
    case 'string':
      return json['format'] === 'byte' ? 'bytes' : json['format'] === 'date-time' ? 'time' : 'text'
    case 'integer':
      return 'integer'
    case 'number':
      return 'number'
    case 'boolean':
      return 'flag'
    case 'array':
      return 'list'
    case 'object':
      return isObject(json['properties']) ? 'object' : isObject(json['additionalProperties']) ? 'map' : 'any'
    default:
      return isObject(json['properties']) ? 'object' : 'any'
  }
}

interface Kind {
  readonly group: string
  readonly version: string
  readonly kind: string
}

/** @returns undefined when the document does not describe that kind */
export function schemaOfKind(document: unknown, { group, version, kind }: Kind): FieldSchema | undefined {
  const components = isObject(document) ? document['components'] : undefined
  const all = isObject(components) && isObject(components['schemas']) ? components['schemas'] : {}
  for (const [name, json] of Object.entries(all)) {
    const names = isObject(json) ? json['x-kubernetes-group-version-kind'] : undefined
    if (!Array.isArray(names)) continue
    const isIt = names.some(
      each => isObject(each) && each['group'] === group && each['version'] === version && each['kind'] === kind,
    )
    if (isIt) return new FieldSchema(all, { $ref: REF + name })
  }
  return undefined
}
