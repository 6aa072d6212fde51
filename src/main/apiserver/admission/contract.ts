// Admission: plugins that may change (mutate) or refuse (validate) a write before it is stored.
import type { AnyObject } from '../../../shared/machinery/object.ts'
import type { ResourceDescriptor } from '../registry/resource.ts'
import type { UserInfo } from '../request.ts'

export interface AdmissionRequest {
  readonly operation: 'CREATE' | 'UPDATE' | 'DELETE' | 'CONNECT'
  readonly resource: ResourceDescriptor
  readonly subresource: string
  readonly namespace: string
  readonly name: string
  /** The object to be stored; a mutating plugin changes it in place. Undefined for DELETE and CONNECT. */
  readonly object?: AnyObject
  readonly oldObject?: AnyObject
  /** The options body, or for CONNECT the options of the subresource. */
  readonly options?: Readonly<Record<string, unknown>>
  readonly user: UserInfo
  readonly dryRun: boolean
  warn(text: string): void
}

/** Plugins keep upstream's names: `NamespaceLifecycle`, `ServiceAccount`, `LimitRanger`, … */
export interface AdmissionPlugin {
  readonly name: string
  /** @throws ApiError to refuse */
  mutate?(request: AdmissionRequest): void | Promise<void>
  /** @throws ApiError to refuse */
  validate?(request: AdmissionRequest): void | Promise<void>
}
