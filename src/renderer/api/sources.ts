// The two ways a list is read: whole objects for kinds the window knows, the server's Table for all others.
import type { Client } from '../../shared/client/client.ts'
import type { Transport, WatchFrame } from '../../shared/client/transport.ts'
import type { AnyObject, KubeObject } from '../../shared/machinery/object.ts'
import type { StatusView } from '../status/tone.ts'
import { type ResourceType, collectionPath } from '../../shared/machinery/resource-type.ts'
import { gone } from '../../shared/machinery/status.ts'
import type { LiveSource } from './live-list.ts'

/** What every row of every list has. `cells` are the server's, for kinds without columns of our own. */
export interface Row<T extends KubeObject = AnyObject> {
  readonly key: string
  readonly name: string
  readonly namespace: string
  readonly object: T
  readonly cells?: readonly unknown[]
  /** How the worst of its pods is, where one is not well. */
  readonly worst?: StatusView
}

export const rowKey = (namespace: string | undefined, name: string): string =>
  namespace ? `${namespace}/${name}` : name

/** Who set which field: a quarter of a small pod, and shown nowhere. Not deleted, which would make it a slow object. */
function forgetManagers(metadata: { managedFields?: unknown }): void {
  if (metadata.managedFields) metadata.managedFields = undefined
}

/** @param object fresh from the server, and this row's own */
export function rowOf<T extends KubeObject>(object: T, cells?: readonly unknown[]): Row<T> {
  forgetManagers(object.metadata as { managedFields?: unknown })
  const { namespace, name } = object.metadata as { namespace?: string; name: string }
  return { key: rowKey(namespace, name), name, namespace: namespace ?? '', object, ...(cells ? { cells } : {}) }
}

export interface Selection {
  readonly namespace?: string | undefined
  readonly labelSelector?: string | undefined
  readonly fieldSelector?: string | undefined
}

const defined = <T extends object>(given: T) =>
  Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]: Exclude<T[K], undefined>
  }

export function objectSource<T extends KubeObject>(
  client: Client,
  type: ResourceType<T>,
  selection: Selection,
): LiveSource<Row<T>> {
  const query = defined(selection)
  return {
    async list(signal) {
      const { items, resourceVersion } = await client.list(type, { ...query, signal })
      return { rows: items.map(item => rowOf(item)), resourceVersion }
    },
    watch: (resourceVersion, signal) =>
      client.watch(type, { ...query, resourceVersion, allowWatchBookmarks: true, signal }),
    rowsOf: ({ type: event, object }) => ({
      rows: event === 'BOOKMARK' ? [] : [rowOf(object as unknown as T)],
      resourceVersion: object.metadata.resourceVersion,
    }),
  }
}

interface MetadataList {
  readonly metadata: { readonly resourceVersion?: string }
  readonly items: readonly KubeObject[]
}

/** Names, labels and owners: what somebody applied stands in an annotation as a whole, of a definition half a megabyte. */
function nameRow(object: KubeObject): Row<KubeObject> {
  const metadata = object.metadata as { annotations?: unknown }
  if (metadata.annotations) metadata.annotations = undefined
  return rowOf(object)
}

/** Objects without spec, data, status and annotations: through a transport that asks for PartialObjectMetadata. */
export function metadataSource(
  transport: Transport,
  type: ResourceType<KubeObject>,
  { namespace, labelSelector, fieldSelector }: Selection,
): LiveSource<Row<KubeObject>> {
  const path = collectionPath(type, namespace)
  const query = { labelSelector, fieldSelector }
  return {
    async list(signal) {
      const { items, metadata } = (await transport.request({ method: 'GET', path, query, signal })) as MetadataList
      return { rows: items.map(nameRow), resourceVersion: metadata.resourceVersion ?? '' }
    },
    watch: (resourceVersion, signal) =>
      transport.watch({
        method: 'GET',
        path,
        query: { ...query, resourceVersion, allowWatchBookmarks: 'true' },
        signal,
      }),
    rowsOf: ({ type: event, object }) => ({
      rows: event === 'BOOKMARK' ? [] : [nameRow(object)],
      resourceVersion: object.metadata.resourceVersion,
    }),
  }
}

/** @see https://kubernetes.io/docs/reference/using-api/api-concepts/#receiving-resources-as-tables */
export interface ServerTable {
  metadata: { resourceVersion?: string }
  columnDefinitions?: readonly TableColumnDefinition[]
  rows?: readonly { cells: unknown[]; object: AnyObject }[]
}

export interface TableColumnDefinition {
  readonly name: string
  readonly type: string
  readonly format?: string
  readonly description?: string
  readonly priority?: number
}

const rowsOfTable = (table: ServerTable) => (table.rows ?? []).map(({ cells, object }) => rowOf(object, cells))

const namesOf = (columns: readonly TableColumnDefinition[] = []) => columns.map(({ name }) => name).join('\n')

/** @param onColumns told once per list; a watch that comes with other columns is answered by a new list */
export function tableSource(
  transport: Transport,
  type: ResourceType<AnyObject>,
  selection: Selection,
  onColumns: (columns: readonly TableColumnDefinition[]) => void,
): LiveSource<Row> {
  const path = collectionPath(type, selection.namespace)
  const query = { labelSelector: selection.labelSelector, fieldSelector: selection.fieldSelector }
  let listed = ''
  let answered = ''
  return {
    async list(signal) {
      const table = (await transport.request({ method: 'GET', path, query, signal })) as ServerTable
      listed = namesOf(table.columnDefinitions)
      onColumns(table.columnDefinitions ?? [])
      return { rows: rowsOfTable(table), resourceVersion: table.metadata.resourceVersion ?? '' }
    },
    watch: (resourceVersion, signal) =>
      transport.watch({
        method: 'GET',
        path,
        query: { ...query, resourceVersion, allowWatchBookmarks: 'true' },
        signal,
      }),
    rowsOf(frame: WatchFrame) {
      const table = frame.object as unknown as ServerTable
      // Watch frames carry no column definitions after the first. A list that keeps its own all the same is let be.
      const told = namesOf(table.columnDefinitions)
      if (told && told !== listed && told !== answered) {
        answered = told
        throw gone('columns')
      }
      if (frame.type === 'BOOKMARK' && !table.rows) return { rows: [], resourceVersion: table.metadata.resourceVersion }
      const rows = rowsOfTable(table)
      return { rows, resourceVersion: rows[0]?.object.metadata.resourceVersion ?? table.metadata.resourceVersion }
    },
  }
}
