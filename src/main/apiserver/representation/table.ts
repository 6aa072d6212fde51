// meta.k8s.io/v1 Table: the columns that the kind declares, one row an object. What `kubectl get` shows.
import type { ListMeta } from '../../../shared/api/meta/v1.ts'
import type { Clock } from '../../../shared/machinery/clock.ts'
import type { AnyObject } from '../../../shared/machinery/object.ts'
import type { Stored } from '../../store/contract.ts'
import { viewOf } from '../keys.ts'
import type { Column, ResourceDescriptor } from '../registry/resource.ts'
import type { MetaVersion } from './negotiate.ts'
import { partialJson, partialObject } from './partial-metadata.ts'
import { lazyFrame, type Representation } from './representation.ts'
import { joinItems } from './slices.ts'
import { encodeJson } from '../../../shared/machinery/json-text.ts'

export type IncludeObject = 'None' | 'Metadata' | 'Object'

const ROW_END = Buffer.from('}')

const encode = (value: unknown) => Buffer.from(encodeJson(value))

/** Kinds without columns of their own show these two. */
const DEFAULT_COLUMNS: readonly Column<AnyObject>[] = [
  {
    name: 'Name',
    type: 'string',
    format: 'name',
    description: 'Name must be unique within a namespace.',
    value: object => object.metadata.name,
  },
  {
    name: 'Created At',
    type: 'date',
    description: 'When the server created the object, in RFC 3339 form and UTC.',
    value: object => object.metadata.creationTimestamp,
  },
]

export function tableRepresentation(
  resource: ResourceDescriptor,
  include: IncludeObject,
  clock: Clock,
  version: MetaVersion = 'v1',
): Representation {
  const head = { kind: 'Table', apiVersion: `meta.k8s.io/${version}` }
  const columns = resource.columns ?? DEFAULT_COLUMNS
  const columnDefinitions = columns.map(({ name, type, format = '', description = '', priority = 0 }) => ({
    name,
    type,
    format,
    description,
    priority,
  }))
  const cellsOf = (object: AnyObject) => columns.map(column => column.value(object, clock.now()) ?? null)
  const saidOf = (object: AnyObject) => {
    const condition = resource.rowCondition?.(object)
    return { cells: cellsOf(object), ...(condition ? { conditions: [condition] } : {}) }
  }
  const row = (object: AnyObject) => ({
    ...saidOf(object),
    ...(include === 'None' ? {} : { object: include === 'Object' ? object : partialObject(object, version) }),
  })
  const metadataOf = partialJson(resource, version)
  /** A row of a list as JSON: the metadata in it is the largest part, and encoded already. */
  const rowJson = (stored: Stored): Buffer => {
    const object = viewOf(resource, stored)
    if (include !== 'Metadata') return encode(row(object))
    const said = Buffer.from(`${encodeJson(saidOf(object)).slice(0, -1)},"object":`)
    return Buffer.concat([said, metadataOf(stored), ROW_END])
  }
  const table = (metadata: ListMeta, definitions: boolean, objects: readonly AnyObject[]) => ({
    ...head,
    metadata,
    ...(definitions ? { columnDefinitions } : { columnDefinitions: null }),
    rows: objects.map(row),
  })
  const frameOf = (type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK', value: unknown) =>
    lazyFrame(type, value as AnyObject, () => encode(value))

  return {
    contentType: `application/json;as=Table;g=meta.k8s.io;v=${version}`,
    one: object => table({ resourceVersion: object.metadata.resourceVersion }, true, [object]),
    list: ({ metadata, items }) =>
      table(
        metadata,
        true,
        items.map(stored => viewOf(resource, stored)),
      ),
    json: ({ metadata, items }) =>
      joinItems(
        `${JSON.stringify({ ...head, metadata, columnDefinitions }).slice(0, -1)},"rows":[`,
        items,
        rowJson,
        ']}\n',
      ),
    frame: (type, stored, first) =>
      frameOf(type, table({ resourceVersion: String(stored.revision) }, first, [viewOf(resource, stored)])),
    bookmark: object =>
      frameOf('BOOKMARK', {
        ...head,
        metadata: { resourceVersion: object.metadata.resourceVersion },
        columnDefinitions: null,
        rows: [{ cells: [], object: partialObject(object, version) }],
      }),
  }
}
