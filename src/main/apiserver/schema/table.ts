// The facts of every API type, generated from the official OpenAPI document into types.json.
import { flotillaTypes } from './flotilla-types.ts'
import { schedulingTypes } from './scheduling-types.ts'
import table from './types.json' with { type: 'json' }

export type FactKind =
  | 'string'
  | 'integer'
  | 'number'
  | 'boolean'
  | 'bytes'
  | 'time'
  | 'microTime'
  | 'quantity'
  | 'intOrString'
  | 'raw'
  | 'any'
  | 'ref'
  | 'array'
  | 'map'
  /** Whatever it is: maps in it are owned part by part, lists as a whole. */
  | 'deduced'

/** What the schema says of one field, list item or map value. */
export interface FieldFact {
  readonly t: FactKind
  /** `ref`: the id of the type referred to. */
  readonly r?: string
  /** `ref`: the type itself, where it is not in the table. */
  readonly s?: TypeFact
  /** `array`, `map`: the items. */
  readonly i?: FieldFact
  /** Format: int32, int64, double. */
  readonly f?: string
  /** Required. */
  readonly req?: 1
  /** x-kubernetes-list-type. */
  readonly lt?: 'atomic' | 'set' | 'map'
  /** x-kubernetes-list-map-keys. */
  readonly lk?: readonly string[]
  /** x-kubernetes-patch-merge-key. */
  readonly mk?: string
  /** x-kubernetes-patch-strategy, comma-separated. */
  readonly ps?: string
  /** x-kubernetes-map-type. */
  readonly mt?: 'atomic' | 'granular'
  /** Default. */
  readonly d?: unknown
}

export interface TypeFact {
  readonly fields: Readonly<Record<string, FieldFact>>
  readonly mt?: 'atomic' | 'granular'
  /** Of fields that the schema does not name. */
  readonly rest?: FieldFact
  /** Group, version and kind of a top-level type. */
  readonly gvk?: readonly [group: string, version: string, kind: string]
}

export const schemaTypes: Readonly<Record<string, TypeFact>> = {
  ...(table as unknown as Readonly<Record<string, TypeFact>>),
  ...flotillaTypes,
  ...schedulingTypes,
}

const byKind = new Map<string, string>()
for (const [id, { gvk }] of Object.entries(schemaTypes))
  if (gvk) byKind.set(`${gvk[0] ? `${gvk[0]}/` : ''}${gvk[1]} ${gvk[2]}`, id)

/** @returns the id of a top-level type; undefined for a kind that the table does not hold */
export const schemaIdOf = (apiVersion: unknown, kind: unknown): string | undefined =>
  byKind.get(`${String(apiVersion)} ${String(kind)}`)

/** @throws Error for an id that the table does not hold: a programming error */
export function typeFact(schemaId: string): TypeFact {
  const fact = Object.hasOwn(schemaTypes, schemaId) ? schemaTypes[schemaId] : undefined
  if (!fact) throw new Error(`no schema for ${schemaId}`)
  return fact
}

/** @returns the type that a `ref` means. */
export const typeOfFact = (fact: FieldFact | undefined): TypeFact => fact?.s ?? typeFact(fact?.r ?? '')

/** @returns the fact of a field, never that of an inherited property. */
export const fieldFact = (type: TypeFact, name: string): FieldFact | undefined =>
  Object.hasOwn(type.fields, name) ? type.fields[name] : type.rest

/** @returns the fact of what a map or a list holds. */
export const itemFact = (fact: FieldFact | undefined): FieldFact | undefined => (fact?.t === 'deduced' ? fact : fact?.i)

/** @returns `Pod` for `core.v1.Pod`. */
export const typeName = (schemaId: string): string => schemaId.slice(schemaId.lastIndexOf('.') + 1)
