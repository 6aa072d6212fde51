// Fetches the schema of a kind, once per group and version and window.
import type { ResourceType } from '../../shared/machinery/resource-type.ts'
import { connection } from '../api/connection.ts'
import { type FieldSchema, isForeignGroup, schemaOfKind } from './schema.ts'

const documents = new Map<string, Promise<unknown>>()

export async function loadSchema(type: ResourceType<unknown>): Promise<FieldSchema | undefined> {
  const { group, version } = type
  const path = group === '' ? `/openapi/v3/api/${version}` : `/openapi/v3/apis/${group}/${version}`
  const document = documents.get(path) ?? connection.client.raw('GET', path)
  // Those that may change are asked for again.
  if (!isForeignGroup(group)) documents.set(path, document)
  document.catch(() => documents.delete(path))
  return schemaOfKind(await document, type)
}
