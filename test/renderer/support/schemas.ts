// Schemas of kinds as the server describes them. The server's code is loaded by name, as it is written for Node and the
// window's type check has a browser's types alone.
import { schemaOfKind, type FieldSchema } from '@/forms/schema.ts'
import type { AnyObject } from '../../../src/shared/machinery/object.ts'
import type { ResourceType } from '../../../src/shared/machinery/resource-type.ts'

interface Descriptor {
  readonly type: ResourceType<AnyObject>
  readonly verbs: readonly string[]
}
type Answer = (
  path: string,
  accept: string | undefined,
  resources: readonly Descriptor[],
) => Promise<{ readonly bytes: { toString(): string } } | undefined>

const server = (module: string): Promise<unknown> => import(/* @vite-ignore */ `../../../src/main/apiserver/${module}`)

const { openapiHandler } = (await server('openapi/handler.ts')) as { readonly openapiHandler: Answer }
export const { builtinResources } = (await server('registry/index.ts')) as {
  readonly builtinResources: readonly Descriptor[]
}

export async function servedSchema(type: ResourceType<unknown>): Promise<FieldSchema> {
  const { group, version } = type
  const path = group ? `/openapi/v3/apis/${group}/${version}` : `/openapi/v3/api/${version}`
  const answer = await openapiHandler(path, undefined, builtinResources)
  const schema = schemaOfKind(JSON.parse(answer?.bytes.toString() ?? '{}'), type)
  if (!schema) throw new Error(`${path} does not describe ${type.kind}`)
  return schema
}
