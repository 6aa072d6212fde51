// What the generic verbs and the subresource handlers see of the server, and how a subresource plugs in.
//
// A handler that only this kind has (binding, eviction, exec, token …) is a `SubresourceHandler`; `status` and `scale`
// are generic and come from the descriptor. A virtual kind (access reviews) is a handler with `subresource: ''`.
// Handlers for groups outside the registry (`flotilla.dev` nodes/tunnel) work the same way.
import type { FieldError } from '../../../shared/machinery/field-error.ts'
import type { Clock } from '../../../shared/machinery/clock.ts'
import type { Log } from '../../../shared/machinery/log.ts'
import type { AnyObject } from '../../../shared/machinery/object.ts'
import type { ObjectStore } from '../../store/contract.ts'
import type { AdmissionRequest, ObjectKind } from '../admission/contract.ts'
import type { VerifiedToken } from '../authn/bearer-tokens.ts'
import type { ServiceAccountTokens } from '../authn/service-account-tokens.ts'
import type { ResolvedRules } from '../authz/contract.ts'
import type { ResourceDescriptor } from '../registry/resource.ts'
import type { Annotate, ApiRequest, ApiResponse, UserInfo, Waited } from '../request.ts'
import type { ObjectName, ServerView } from './server-view.ts'

export type HttpMethod = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE' | 'OPTIONS'

export interface SubresourceHandler {
  readonly group: string
  /** API version in the URL; undefined = `v1`. */
  readonly version?: string
  /** Plural of the parent resource. */
  readonly resource: string
  /** '' = the resource itself (virtual kinds). May not contain a slash; `proxy` also gets `proxy/<rest>`. */
  readonly subresource: string
  /** Whether the URL has a namespace; undefined = as the parent's descriptor says. */
  readonly namespaced?: boolean
  /** What discovery tells about the kind that is read and written here, e.g. policy/v1 Eviction. */
  readonly kind: { readonly group: string; readonly version: string; readonly kind: string }
  /** The methods served, each with its authorization verb: `{ POST: 'create' }`. Others answer 405. */
  readonly methods: Readonly<Partial<Record<HttpMethod, string>>>
  /** The verbs that discovery lists, where GET also means list; a namespaced kind is then listed everywhere as well. */
  readonly verbs?: readonly string[]
  /** Left out of discovery documents. */
  readonly hidden?: boolean
  /** Not counted by max-in-flight and never timed out: exec, attach, portforward, proxy, log, tunnels. */
  readonly longRunning?: boolean
  /**
   * Called after authentication and authorization of exactly this subresource.
   * @throws ApiError
   */
  handle(request: ApiRequest, context: EndpointContext): Promise<ApiResponse>
}

export interface Preconditions {
  readonly uid?: string
  readonly resourceVersion?: string
}

/** Who writes, and how. `user`, `dryRun` and `fieldManager` of a request come from `writeOptionsOf(request)`. */
export interface WriteOptions {
  readonly user: UserInfo
  readonly dryRun?: boolean
  /** Name in managedFields; absent = `unknown`. */
  readonly fieldManager?: string
  readonly warn?: (text: string) => void
  readonly annotate?: Annotate | undefined
  /** As a request's. */
  readonly deadlineMs?: number | undefined
  readonly waited?: Waited | undefined
  /** Of the request: `update`, `patch`, … Absent where the server itself writes. */
  readonly verb?: string
  /** What was asked for in the options, as admission sees it. */
  readonly asked?: Readonly<Record<string, unknown>>
  /** The object's managedFields are final already: server-side apply made them. */
  readonly applied?: boolean
}

/** An object of another kind that stands for a part of the stored one, as a Scale does. */
export interface AdmittedPart {
  readonly kind: ObjectKind
  show(object: AnyObject): AnyObject
  /** Takes over what admission made of it. */
  take(object: AnyObject, shown: AnyObject): void
}

export interface ChangeOptions extends WriteOptions {
  /** Name that admission plugins see; '' = the main resource. */
  readonly subresource?: string
  readonly preconditions?: Preconditions
  /**
   * `main` runs the descriptor's update hooks (status kept, generation bumped), `status` those of its status
   * subresource, `raw` none but the checks of metadata: for system-owned changes such as binding. Default `raw`.
   */
  readonly strategy?: 'main' | 'status' | 'raw'
  /** What the change entails, such as a new generation; runs after admission, before validation. */
  readonly prepare?: (object: AnyObject, old: AnyObject) => void
  /** Checks beyond the descriptor's. */
  readonly validate?: (object: AnyObject, old: AnyObject) => FieldError[]
  /** What admission sees instead of the whole object. */
  readonly admitted?: AdmittedPart
  /** Leaves the admission plugins out. */
  readonly skipAdmission?: boolean
  /** What `change` returns shares parts with the stored object: no defaults are put into it. */
  readonly isShared?: boolean
}

export interface DeleteOptions extends WriteOptions {
  readonly preconditions?: Preconditions
  readonly gracePeriodSeconds?: number
  readonly propagationPolicy?: 'Foreground' | 'Background' | 'Orphan'
  /** It is one of a collection. */
  readonly ofCollection?: boolean
  /** As it was asked for: false says that dependents go as well. */
  readonly orphanDependents?: boolean
}

/** Reading and writing for handlers, with the same pipeline as the generic verbs. */
export interface EndpointContext extends ServerView {
  readonly store: ObjectStore
  readonly clock: Clock
  readonly log: Log
  /** Issues and verifies the tokens of service accounts. */
  readonly tokens: ServiceAccountTokens
  /** Whose bearer token this is, of whatever kind; undefined = nobody's. @throws ApiError 401 for one that is over */
  verifyToken(token: string, audiences: readonly string[]): Promise<VerifiedToken | undefined>
  /**
   * Defaults, admits, validates and stores a new object: the create verb without HTTP.
   * @param object a decoded object that the caller gives away
   */
  create(resource: ResourceDescriptor, namespace: string, object: AnyObject, options: WriteOptions): Promise<AnyObject>
  /**
   * Read, change, admit, validate, write; again from the read when somebody else wrote in between.
   * @param change changes the copy in place; throws to give up; returning (a promise of) false writes nothing
   * @returns the object as stored (or as it would be, on dry run)
   * @throws ApiError 404, 409 (preconditions), 422, and whatever `change` throws
   */
  change(
    resource: ResourceDescriptor,
    name: ObjectName,
    change: (copy: AnyObject) => unknown,
    options: ChangeOptions,
  ): Promise<AnyObject>
  /**
   * As change(), without a copy and without admission: for a few fields of an object that keeps the rest as it is.
   * @param amended returns the new object, with metadata of its own; it shares what stays, and changes nothing in place.
   * Returning (a promise of) undefined writes nothing
   */
  amend(
    resource: ResourceDescriptor,
    name: ObjectName,
    amended: (current: AnyObject) => AnyObject | undefined | Promise<AnyObject | undefined>,
    options: ChangeOptions,
  ): Promise<AnyObject>
  /** The delete verb without HTTP: graceful periods, finalizers and propagation as documented. */
  delete(resource: ResourceDescriptor, name: ObjectName, options: DeleteOptions): Promise<AnyObject>
  /** Runs the admission plugins (mutate, then validate), e.g. for CONNECT. @throws ApiError of the plugin that refuses */
  admit(request: AdmissionRequest): Promise<void>
  /** What a user may do in a namespace, from all authorizers. */
  rulesFor(user: UserInfo, namespace: string): ResolvedRules
  /**
   * Decodes the request's body as a kind, with the request's fieldValidation.
   * @param schema such as `policy.v1.Eviction`
   * @param also older apiVersions that say the same
   * @throws ApiError 400, 413, 415
   */
  decode(request: ApiRequest, schema: string, also?: readonly string[]): Promise<AnyObject>
}
