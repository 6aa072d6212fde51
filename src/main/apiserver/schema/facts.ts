// What the schema says of a type and of its fields, in the short form of the generated table.

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
  /** `any`: the id of the type in OpenAPI, which says nothing of what it holds. */
  readonly n?: string
  /** The values that there are. */
  readonly e?: readonly string[]
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
