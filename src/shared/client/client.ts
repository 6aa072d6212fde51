// A typed client over a Transport. Everything that is not the API server reads and writes the cluster through this.
import type { Draft, KubeObject } from '../machinery/object.ts'
import type { ResourceType } from '../machinery/resource-type.ts'
import type { WatchFrame } from './transport.ts'

export interface ObjectRef {
  readonly namespace?: string
  readonly name: string
}

export interface List<T> {
  readonly items: readonly T[]
  /** The revision that the list shows; watch from here. */
  readonly resourceVersion: string
  readonly continue?: string
}

export interface ListQuery {
  /** Undefined = all namespaces. */
  readonly namespace?: string
  readonly labelSelector?: string
  readonly fieldSelector?: string
  readonly limit?: number
  readonly continue?: string
  readonly resourceVersion?: string
  readonly resourceVersionMatch?: 'Exact' | 'NotOlderThan'
  readonly signal?: AbortSignal
}

export interface WatchQuery extends Omit<ListQuery, 'limit' | 'continue'> {
  readonly allowWatchBookmarks?: boolean
  readonly timeoutSeconds?: number
}

export interface WriteOptions {
  readonly dryRun?: boolean
  readonly fieldManager?: string
  readonly signal?: AbortSignal
}

export interface DeleteOptions extends WriteOptions {
  readonly preconditions?: { readonly uid?: string; readonly resourceVersion?: string }
  readonly propagationPolicy?: 'Foreground' | 'Background' | 'Orphan'
  readonly gracePeriodSeconds?: number
}

export type PatchType = 'json' | 'merge' | 'strategic' | 'apply'

/** @throws ApiError from every method, with the server's Status. */
export interface Client {
  get<T extends KubeObject>(type: ResourceType<T>, ref: ObjectRef, options?: { signal?: AbortSignal }): Promise<T>
  list<T extends KubeObject>(type: ResourceType<T>, query?: ListQuery): Promise<List<T>>
  watch<T extends KubeObject>(type: ResourceType<T>, query?: WatchQuery): AsyncIterable<WatchFrame & { object: T }>
  create<T extends KubeObject>(type: ResourceType<T>, object: Draft<T>, options?: WriteOptions): Promise<T>
  /** Replaces spec and metadata; fails with Conflict when `metadata.resourceVersion` is stale. */
  update<T extends KubeObject>(type: ResourceType<T>, object: T, options?: WriteOptions): Promise<T>
  updateStatus<T extends KubeObject>(type: ResourceType<T>, object: T, options?: WriteOptions): Promise<T>
  patch<T extends KubeObject>(
    type: ResourceType<T>,
    ref: ObjectRef,
    patch: unknown,
    options?: WriteOptions & { type?: PatchType; subresource?: string; force?: boolean },
  ): Promise<T>
  delete(type: ResourceType<KubeObject>, ref: ObjectRef, options?: DeleteOptions): Promise<void>
  deleteCollection(type: ResourceType<KubeObject>, query: ListQuery, options?: DeleteOptions): Promise<void>
  /** POST to a subresource such as `binding`, `eviction`, `token`; the answer as sent. */
  createSubresource(
    type: ResourceType<KubeObject>,
    ref: ObjectRef,
    subresource: string,
    body: unknown,
  ): Promise<unknown>
  /** Any other path, such as `/version`. */
  raw(method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE', path: string, body?: unknown): Promise<unknown>
}
