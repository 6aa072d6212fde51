// The typed client: turns verbs on `ResourceType`s into transport requests, and nothing else.
import type { Draft, KubeObject } from '../machinery/object.ts'
import { type ResourceType, apiVersionOf, collectionPath } from '../machinery/resource-type.ts'
import type {
  Client,
  DeleteOptions,
  List,
  ListQuery,
  ObjectRef,
  PatchType,
  WatchQuery,
  WriteOptions,
} from './client.ts'
import type { Transport, WatchFrame } from './transport.ts'

type Query = Record<string, string | undefined>

const PATCH_MEDIA_TYPES: Readonly<Record<PatchType, string>> = {
  json: 'application/json-patch+json',
  merge: 'application/merge-patch+json',
  strategic: 'application/strategic-merge-patch+json',
  apply: 'application/apply-patch+yaml',
}

const withSignal = (signal: AbortSignal | undefined) => (signal ? { signal } : {})

function objectPath(type: ResourceType<unknown>, ref: ObjectRef, subresource?: string): string {
  const path = `${collectionPath(type, ref.namespace)}/${encodeURIComponent(ref.name)}`
  return subresource ? `${path}/${subresource}` : path
}

const listQuery = (query: ListQuery): Query => ({
  labelSelector: query.labelSelector,
  fieldSelector: query.fieldSelector,
  limit: query.limit?.toString(),
  continue: query.continue,
  resourceVersion: query.resourceVersion,
  resourceVersionMatch: query.resourceVersionMatch,
})

const watchQuery = (query: WatchQuery): Query => ({
  ...listQuery(query),
  allowWatchBookmarks: query.allowWatchBookmarks ? 'true' : undefined,
  timeoutSeconds: query.timeoutSeconds?.toString(),
})

const writeQuery = (options: WriteOptions): Query => ({
  dryRun: options.dryRun ? 'All' : undefined,
  fieldManager: options.fieldManager,
})

const deleteBody = (options: DeleteOptions) => ({
  kind: 'DeleteOptions',
  apiVersion: 'v1',
  ...(options.preconditions ? { preconditions: options.preconditions } : {}),
  ...(options.propagationPolicy ? { propagationPolicy: options.propagationPolicy } : {}),
  ...(options.gracePeriodSeconds === undefined ? {} : { gracePeriodSeconds: options.gracePeriodSeconds }),
  ...(options.dryRun ? { dryRun: ['All'] } : {}),
})

/** List items may come without their type, since the list says it once. */
const typed = <T extends KubeObject>(type: ResourceType<T>, object: T): T =>
  object.kind ? object : Object.assign({ kind: type.kind, apiVersion: apiVersionOf(type) }, object)

/** @returns a client that sends everything through `transport`. */
export function createClient(transport: Transport): Client {
  return {
    async get<T extends KubeObject>(type: ResourceType<T>, ref: ObjectRef, options: { signal?: AbortSignal } = {}) {
      const path = objectPath(type, ref)
      return (await transport.request({ method: 'GET', path, ...withSignal(options.signal) })) as T
    },
    async list<T extends KubeObject>(type: ResourceType<T>, query: ListQuery = {}): Promise<List<T>> {
      const answer = (await transport.request({
        method: 'GET',
        path: collectionPath(type, query.namespace),
        query: listQuery(query),
        ...withSignal(query.signal),
      })) as { items?: readonly T[] | null; metadata: { resourceVersion?: string; continue?: string } }
      return {
        items: (answer.items ?? []).map(item => typed(type, item)),
        resourceVersion: answer.metadata.resourceVersion ?? '',
        ...(answer.metadata.continue ? { continue: answer.metadata.continue } : {}),
      }
    },
    watch<T extends KubeObject>(type: ResourceType<T>, query: WatchQuery = {}) {
      return transport.watch({
        method: 'GET',
        path: collectionPath(type, query.namespace),
        query: watchQuery(query),
        ...withSignal(query.signal),
      }) as AsyncIterable<WatchFrame & { object: T }>
    },
    async create<T extends KubeObject>(type: ResourceType<T>, object: Draft<T>, options: WriteOptions = {}) {
      return (await transport.request({
        method: 'POST',
        path: collectionPath(type, object.metadata.namespace),
        query: writeQuery(options),
        body: { ...object, apiVersion: apiVersionOf(type), kind: type.kind },
        ...withSignal(options.signal),
      })) as T
    },
    update: (type, object, options) => replace(type, object, undefined, options),
    updateStatus: (type, object, options) => replace(type, object, 'status', options),
    async patch<T extends KubeObject>(
      type: ResourceType<T>,
      ref: ObjectRef,
      patch: unknown,
      options: WriteOptions & { type?: PatchType; subresource?: string; force?: boolean } = {},
    ) {
      return (await transport.request({
        method: 'PATCH',
        path: objectPath(type, ref, options.subresource),
        query: { ...writeQuery(options), force: options.force === undefined ? undefined : String(options.force) },
        body: patch,
        contentType: PATCH_MEDIA_TYPES[options.type ?? 'strategic'],
        ...withSignal(options.signal),
      })) as T
    },
    async delete(type, ref, options = {}) {
      await transport.request({
        method: 'DELETE',
        path: objectPath(type, ref),
        body: deleteBody(options),
        ...withSignal(options.signal),
      })
    },
    async deleteCollection(type, query, options = {}) {
      await transport.request({
        method: 'DELETE',
        path: collectionPath(type, query.namespace),
        query: listQuery(query),
        body: deleteBody(options),
        ...withSignal(options.signal ?? query.signal),
      })
    },
    createSubresource: (type, ref, subresource, body) =>
      transport.request({ method: 'POST', path: objectPath(type, ref, subresource), body }),
    raw(method, path, body) {
      const [place = '', ...rest] = path.split('?')
      const query = Object.fromEntries(new URLSearchParams(rest.join('?')))
      return transport.request({ method, path: place, query, ...(body === undefined ? {} : { body }) })
    },
  }

  async function replace<T extends KubeObject>(
    type: ResourceType<T>,
    object: T,
    subresource: string | undefined,
    options: WriteOptions = {},
  ): Promise<T> {
    return (await transport.request({
      method: 'PUT',
      path: objectPath(type, object.metadata, subresource),
      query: writeQuery(options),
      body: object,
      ...withSignal(options.signal),
    })) as T
  }
}
