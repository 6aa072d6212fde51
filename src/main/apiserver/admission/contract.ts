// Admission: plugins that may change (mutate) or refuse (validate) a write before it is stored.
import type { Registry } from 'prom-client'
import type { AnyObject } from '../../../shared/machinery/object.ts'
import type { ResourceType } from '../../../shared/machinery/resource-type.ts'
import type { Guard } from '../../store/contract.ts'
import type { ServerWriter } from '../endpoints/server-view.ts'
import type { ResourceDescriptor } from '../registry/resource.ts'
import type { Annotate, UserInfo, Waited } from '../request.ts'

/** A kind, whatever its version. */
export type KindOfAnyVersion = Pick<ResourceType<unknown>, 'group' | 'plural'>

/** A kind with the name of its schema. */
export interface ObjectKind {
  readonly group: string
  readonly version: string
  readonly kind: string
  readonly schema: string
}

export interface AdmissionRequest {
  readonly operation: 'CREATE' | 'UPDATE' | 'DELETE' | 'CONNECT'
  /** Of a request that writes the object: `create`, `update` or `patch`. Absent where the server itself writes. */
  readonly verb?: string
  readonly resource: ResourceDescriptor
  readonly subresource: string
  /** Of the objects, where a subresource takes another kind than the resource's: a Scale, a Binding. */
  readonly kind?: ObjectKind | undefined
  readonly namespace: string
  readonly name: string
  /** It is one of a collection that is deleted: nobody has named it. */
  readonly ofCollection?: boolean | undefined
  /** The object to be stored; a mutating plugin changes it in place. Undefined for DELETE and CONNECT. */
  readonly object?: AnyObject
  readonly oldObject?: AnyObject
  /** The options body, or for CONNECT the options of the subresource. */
  readonly options?: Readonly<Record<string, unknown>>
  readonly user: UserInfo
  readonly dryRun: boolean
  warn(text: string): void
  /** What must still hold when the object is stored; plugins add to it. Absent where nothing is stored. */
  readonly guards?: Guard[]
  /** Adds a fact to the audit event; absent when nobody writes one. */
  readonly annotate?: Annotate | undefined
  /** As that of the request to the server. */
  readonly deadlineMs?: number | undefined
  readonly waited?: Waited | undefined
}

/** Plugins keep upstream's names: `NamespaceLifecycle`, `ServiceAccount`, `LimitRanger`, … */
export interface AdmissionPlugin {
  readonly name: string
  /** What it is asked about: requests for these kinds and their subresources. Absent: all. */
  readonly kinds?: readonly KindOfAnyVersion[]
  /** Called once, before the first request. */
  attach?(server: ServerWriter): void
  /** Called once, for a plugin with metrics of its own. */
  measure?(registry: Registry): void
  /**
   * @returns (a promise of) 'again' when the plugins before should see what this one changed: all are asked once more
   * @throws ApiError to refuse
   */
  mutate?(request: AdmissionRequest): unknown
  /** @throws ApiError to refuse */
  validate?(request: AdmissionRequest): void | Promise<void>
  /**
   * The write is on the disk, and is answered when this is done: for what is to be true by then. It can refuse nothing
   * any more; what it throws is logged. Not called for a dry run.
   * @param now the object as it is stored; undefined when it is gone
   */
  written?(request: AdmissionRequest, now: AnyObject | undefined): void | Promise<void>
  /** The write is over: stored, refused or only tried. Called for every request whose `mutate` was called. */
  settle?(request: AdmissionRequest): void
}
