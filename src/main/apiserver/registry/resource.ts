// A resource is data: one descriptor says everything about a kind that the generic verbs need. No kind has CRUD code.
import type { JSONSchemaProps } from '../../../shared/api/apiextensions/v1.ts'
import type { FieldError } from '../../../shared/machinery/field-error.ts'
import type { AnyObject, KubeObject } from '../../../shared/machinery/object.ts'
import type { ResourceType } from '../../../shared/machinery/resource-type.ts'
import type { Pieces } from '../../pieces/pacer.ts'
import type { Decoded } from '../schema/decode.ts'
import { addPrinted } from '../schema/printed.ts'
import type { FieldFact } from '../schema/facts.ts'

/** @see https://kubernetes.io/docs/reference/using-api/api-concepts/#receiving-resources-as-tables */
export interface RowCondition {
  readonly type: 'Completed'
  readonly status: 'True'
  readonly reason: string
  readonly message: string
}

/** One printed column of the server's Table. @see API concepts, "Receiving resources as Tables" */
export interface Column<T> {
  readonly name: string
  readonly type: 'string' | 'integer' | 'number' | 'boolean' | 'date'
  readonly format?: '' | 'name'
  readonly description?: string
  /** 0 = always shown, 1 = only with `-o wide`. */
  readonly priority?: number
  readonly value: (object: T, nowMs: number) => unknown
}

/** What differs between writing the main resource and writing one of its subresources. */
export interface WriteStrategy<T> {
  /** Changes the decoded new object in place before defaulting's result is validated: drops what this path may not write. */
  readonly prepareForUpdate?: (object: T, old: T) => void
  readonly validateUpdate?: (object: T, old: T) => FieldError[]
  /** Fields of the metadata that this path may not write: nobody comes to own them by it. */
  readonly keptMetadata?: readonly KeptMetadata[]
}

export type KeptMetadata = 'labels' | 'annotations' | 'finalizers' | 'ownerReferences'

/** The schema of a kind that is not in the table: a custom resource's. */
export interface CustomSchema {
  /** How apply owns and merges its objects. */
  readonly fact: FieldFact
  /** As OpenAPI 3.0. */
  readonly openapi: JSONSchemaProps
  readonly decode: (value: unknown, wording?: 'apply') => Pieces<Decoded>
}

export interface WebhookConversion {
  /** `group/version` in which objects are stored. */
  readonly storageVersion: string
  /** @throws ApiError 500 in upstream's words */
  readonly convert: (objects: readonly AnyObject[], apiVersion: string) => Promise<AnyObject[]>
  /** @returns what was stored once, by today's terms of the version in which it was stored */
  readonly settled: (stored: AnyObject) => AnyObject
}

/**
 * The descriptor of a kind. Everything structural (field types, required fields, list types, merge keys) comes from
 * the schema table by the type's id; the hooks hold what the schema cannot say.
 */
export interface ResourceDescriptor<T extends KubeObject = AnyObject> {
  readonly type: ResourceType<T>
  /** Id of the schema, e.g. `apps.v1.Deployment`. */
  readonly schema: string
  /** Present for custom resources. */
  readonly custom?: CustomSchema
  /** Where it is not the kind with `List` behind it; only custom resources may choose it. */
  readonly listKind?: string | undefined
  readonly singular: string
  readonly shortNames: readonly string[]
  readonly categories: readonly string[]
  /** Verbs that the main resource serves, as discovery lists them. */
  readonly verbs: readonly string[]
  /**
   * Where objects are stored: `<group>/<plural>`. Two versions or aliases of one kind (events, autoscaling v1 and v2)
   * share it; then `fromStorage`/`toStorage` convert.
   */
  readonly storage: string
  /** `group/version/Kind` as which upstream stores the objects, where that is another one than this. */
  readonly storedAs?: string
  /** Under whose name validation speaks of it, where it is another kind that is stored. */
  readonly toldAs?: ResourceType<unknown>
  readonly fromStorage?: (stored: AnyObject) => T
  readonly toStorage?: (object: T) => AnyObject
  /** Only a webhook can convert between the versions: what is stored in another one is converted before it is seen. */
  readonly conversion?: WebhookConversion
  /** Kinds that are only answered, never stored: access reviews, token reviews, bindings. */
  readonly virtual?: boolean
  /** An extension server for the same group and version answers in its place, as long as it is available. */
  readonly givesWay?: boolean
  /** Fills absent fields with Kubernetes' defaults, in place. */
  readonly setDefaults?: (object: T) => void
  /** Create only, after defaulting: clears status, starts `metadata.generation`, allocates. */
  readonly prepareForCreate?: (object: T, warn: (text: string) => void) => void
  /** Update of the main resource: keeps status, bumps generation on a spec change. */
  readonly prepareForUpdate?: (object: T, old: T) => void
  /** Rules for names; default DNS-1123 subdomain. @returns messages */
  readonly validateName?: (name: string) => string[]
  /** On create and update, after the structural check. @param old before an update: what it had is not always held against it */
  readonly validate?: (object: T, old?: T) => FieldError[]
  /** As `validate`, for kinds whose objects may have very many parts. */
  readonly validateInPieces?: (object: T, old?: T) => Pieces<FieldError[]>
  /**
   * Checks that take their time, or go easy on what has not changed; on every write, with the object as it was on
   * updates of any kind.
   * @param isStatus whether it is an update of the status alone
   */
  readonly check?: (
    object: T,
    old: T | undefined,
    warn: (text: string) => void,
    isStatus: boolean,
  ) => Promise<FieldError[]>
  /** Of an update nothing but `validateUpdate` is looked at: what it may not change was checked when it was made. */
  readonly checkedWhenNew?: boolean
  /** On update, in addition to `validate`: immutability and transitions. */
  readonly validateUpdate?: (object: T, old: T) => FieldError[]
  /** On create and on update of the main resource: what is accepted and still worth a word. */
  readonly warnings?: (object: T, old: T | undefined) => string[]
  /** Whoever replaces an object says of which version; other kinds are replaced whatever they became. */
  readonly updatesNeedVersion?: boolean
  /** A replacement of what is not there makes it, where the caller may create. */
  readonly createdByUpdates?: boolean
  /** `status`: present when the kind has the subresource. */
  readonly status?: WriteStrategy<T>
  /** `scale`: where the three values live. */
  readonly scale?: ScalePaths<T>
  /** Values usable in field selectors besides metadata.name and metadata.namespace. */
  readonly selectableFields?: Readonly<Record<string, (object: T) => string>>
  /** What is said of other fields, for kinds that say it in their own words. */
  readonly unknownField?: (field: string) => string
  readonly columns?: readonly Column<T>[]
  /** What a Table says of a row besides its cells, such as that an object has done its work. */
  readonly rowCondition?: (object: T) => RowCondition | undefined
  /** Seconds that `kubectl delete` waits before the object goes; only pods. */
  readonly gracefulDeletion?: (object: T, requestedSeconds: number | undefined) => number
  /**
   * Kinds whose content goes before them: what else is said of one when its deletion begins, on a copy that shares all
   * but its metadata. They have no grace period, and their generation stays.
   */
  readonly beginEmptying?: (copy: T, nowMs: number) => void
  /** What every request for this version of the kind is warned with. */
  readonly deprecated?: string
  /** Aborted when another descriptor takes its place: watches end, and are opened again by the new terms. */
  readonly replaced?: AbortSignal
}

export interface ScalePaths<T> {
  readonly replicas: (object: T) => number
  /** @returns the path of the replicas where the object does not say how many; of some kinds it need not. */
  readonly missing?: (object: T) => string | undefined
  readonly setReplicas: (object: T, replicas: number) => void
  readonly statusReplicas: (object: T) => number
  /** The selector as a string, as `kubectl` and autoscalers want it. */
  readonly selector: (object: T) => string
}

/** @returns the type that messages of validation name */
export const toldAs = ({ type, toldAs: other }: Pick<ResourceDescriptor, 'type' | 'toldAs'>): ResourceType<unknown> =>
  other ?? type

/** @returns what breaks the rules of the kind, whether the object is new or changed */
export function* rulesOf(resource: ResourceDescriptor, object: AnyObject, old?: AnyObject): Pieces<FieldError[]> {
  if (old && resource.checkedWhenNew) return []
  if (resource.validateInPieces) return yield* resource.validateInPieces(object, old)
  return resource.validate?.(object, old) ?? []
}

/** @returns the kind of a list of them */
export const listKindOf = ({ type, listKind }: Pick<ResourceDescriptor, 'type' | 'listKind'>): string =>
  listKind ?? `${type.kind}List`

/** @returns whether a `status` is a field like any other: of custom resources that do without the subresource */
export const hasPlainStatus = ({ custom, status }: Pick<ResourceDescriptor, 'custom' | 'status'>): boolean =>
  custom !== undefined && status === undefined

type Optional = 'singular' | 'shortNames' | 'categories' | 'verbs' | 'storage' | 'schema'

const ALL_VERBS = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'] as const

/** Completes a descriptor. Generic code treats every kind alike, hence the erased type. */
export function defineResource<T extends KubeObject>(
  given: Omit<ResourceDescriptor<T>, Optional> & Partial<Pick<ResourceDescriptor<T>, Optional>>,
): ResourceDescriptor {
  const { type } = given
  const folder = type.group === '' ? 'core' : (type.group.split('.')[0] ?? type.group)
  const descriptor: ResourceDescriptor<T> = {
    schema: `${folder}.${type.version}.${type.kind}`,
    singular: type.kind.toLowerCase(),
    shortNames: [],
    categories: [],
    verbs: ALL_VERBS,
    storage: `${type.group === '' ? 'core' : type.group}/${type.plural}`,
    ...given,
    setDefaults: object => {
      given.setDefaults?.(object)
      if (!given.custom) addPrinted(descriptor.schema, object)
    },
  }
  return descriptor as unknown as ResourceDescriptor
}
