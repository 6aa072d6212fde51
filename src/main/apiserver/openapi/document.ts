// Whole OpenAPI documents: version 3, one per group and version, and version 2, one for everything.
import type { SubresourceHandler } from '../endpoints/contract.ts'
import type { ResourceDescriptor } from '../registry/resource.ts'
import { customSchemas } from './custom-schemas.ts'
import { addForeignSpec, type ForeignSpec } from './foreign-spec.ts'
import { generalItem, type GeneralPath, generalPaths, VERSION_INFO } from './general-paths.ts'
import { resourcePaths } from './operations.ts'
import { sharedParameters } from './parameters.ts'
import { encodedDefinition, encodedDocument, encodedPath } from './protobuf.ts'
import { SUBRESOURCE_PARAMETERS, subresourceTypes } from './subresource-paths.ts'
import {
  definitionName,
  type Descriptions,
  type Dialect,
  type JsonSchema,
  PARAMETER_TEXTS,
  reachable,
  typeSchema,
  V2,
  V3,
} from './type-schemas.ts'
import { encodeJson, parseJson } from '../../../shared/machinery/json-text.ts'

const INFO = { title: 'Kubernetes', version: 'v1.36.0' }
const PATCH_SCHEMA = { description: 'The changes to make, in the format of the content type.', type: 'object' }

/** What the operations of every resource refer to. */
const COMMON = [
  'autoscaling.v1.Scale',
  'meta.v1.DeleteOptions',
  'meta.v1.ListMeta',
  'meta.v1.ObjectMeta',
  'meta.v1.Status',
  'meta.v1.WatchEvent',
]

/** Lets other work run between steps: building the core group in one go would block for tens of milliseconds. */
async function inSlices<T>(items: readonly T[], work: (item: T) => void): Promise<void> {
  let since = performance.now()
  for (const item of items) {
    work(item)
    if (performance.now() - since < 5) continue
    await new Promise<void>(resolve => setImmediate(resolve))
    since = performance.now()
  }
}

/** @returns JSON texts, name → text; a document is put together from these without holding it as objects. */
async function parts(
  resources: readonly ResourceDescriptor[],
  general: readonly GeneralPath[],
  handlers: readonly SubresourceHandler[],
  dialect: Dialect,
  descriptions: Descriptions,
) {
  const paths = new Map<string, string>()
  await inSlices(resources, resource => {
    const items = resourcePaths(resource, handlers, dialect, descriptions[PARAMETER_TEXTS] ?? {})
    for (const [path, item] of Object.entries(items)) paths.set(path, encodeJson(item))
  })
  for (const each of general) paths.set(each.path, encodeJson(generalItem(each, dialect)))
  const answers = general.flatMap(({ answer }) => answer ?? [])
  const roots = resources.flatMap(resource => [
    ...[resource.schema, `${resource.schema}List`],
    ...subresourceTypes(resource, handlers),
  ])
  const { ids, scalars } = reachable([...(resources.length > 0 ? COMMON : []), ...roots, ...answers])
  const schemas = new Map<string, string>()
  await inSlices(ids, id => schemas.set(definitionName(id), encodeJson(typeSchema(id, dialect, descriptions))))
  for (const resource of resources)
    for (const [name, schema] of customSchemas(resource, dialect, descriptions)) schemas.set(name, encodeJson(schema))
  for (const [name, schema] of scalars)
    schemas.set(name, JSON.stringify(dialect.version === 3 ? schema : plain(schema)))
  if (answers.includes('version.Info')) schemas.set(definitionName('version.Info'), JSON.stringify(VERSION_INFO))
  if (resources.length > 0) schemas.set(definitionName('meta.v1.Patch'), JSON.stringify(PATCH_SCHEMA))
  return { paths, schemas }
}

/** Version 2 has no `oneOf`; such values are called strings there. */
function plain(schema: JsonSchema): JsonSchema {
  const { oneOf, ...rest } = schema
  return oneOf ? { ...rest, type: 'string' } : rest
}

const inOrder = (texts: ReadonlyMap<string, string>) => [...texts].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))

const sorted = (texts: ReadonlyMap<string, string>): string =>
  `{${inOrder(texts)
    .map(([name, text]) => `${JSON.stringify(name)}:${text}`)
    .join(',')}}`

const SECURITY = {
  BearerToken: { type: 'apiKey', name: 'authorization', in: 'header', description: 'Bearer Token authentication' },
}

/**
 * @param resources those of one group and version, or none
 * @param general what else stands in the document
 */
export async function documentV3(
  resources: readonly ResourceDescriptor[],
  general: readonly GeneralPath[],
  handlers: readonly SubresourceHandler[],
  descriptions: Descriptions,
): Promise<Buffer> {
  const { paths, schemas } = await parts(resources, general, handlers, V3, descriptions)
  const security = JSON.stringify(SECURITY)
  return Buffer.from(
    `{"openapi":"3.0.0","info":${JSON.stringify(INFO)},"paths":${sorted(paths)},"components":{"schemas":${sorted(schemas)},"securitySchemes":${security}}}`,
  )
}

const parametersV2 = (descriptions: Descriptions) =>
  sharedParameters(V2, descriptions[PARAMETER_TEXTS] ?? {}, SUBRESOURCE_PARAMETERS)

/** @param resources all that the server has */
async function partsV2(
  resources: readonly ResourceDescriptor[],
  handlers: readonly SubresourceHandler[],
  descriptions: Descriptions,
  foreign: readonly ForeignSpec[],
) {
  const texts = await parts(resources, generalPaths(resources), handlers, V2, descriptions)
  for (const spec of foreign) await addForeignSpec(texts, spec)
  return texts
}

/**
 * @param resources all that the server has
 * @param foreign what extension servers have, the most important one first
 */
export async function documentV2(
  resources: readonly ResourceDescriptor[],
  handlers: readonly SubresourceHandler[],
  descriptions: Descriptions,
  foreign: readonly ForeignSpec[],
): Promise<Buffer> {
  const { paths, schemas } = await partsV2(resources, handlers, descriptions, foreign)
  const parameters = JSON.stringify(Object.fromEntries(parametersV2(descriptions)))
  const security = `"securityDefinitions":${JSON.stringify(SECURITY)},"security":[{"BearerToken":[]}]`
  return Buffer.from(
    `{"swagger":"2.0","info":${JSON.stringify(INFO)},"paths":${sorted(paths)},"definitions":${sorted(schemas)},"parameters":${parameters},${security}}`,
  )
}

/** The same as protobuf. */
export async function documentV2Protobuf(
  resources: readonly ResourceDescriptor[],
  handlers: readonly SubresourceHandler[],
  descriptions: Descriptions,
  foreign: readonly ForeignSpec[],
): Promise<Buffer> {
  const { paths, schemas } = await partsV2(resources, handlers, descriptions, foreign)
  const encoded = async (texts: ReadonlyMap<string, string>, encode: (name: string, value: unknown) => Buffer) => {
    const all: Buffer[] = []
    await inSlices(inOrder(texts), ([name, text]) => all.push(encode(name, parseJson(text))))
    return all
  }
  const head = { info: INFO, security: [{ BearerToken: [] }], securityDefinitions: SECURITY }
  const parameters = Object.fromEntries(parametersV2(descriptions))
  return encodedDocument(
    { ...head, parameters },
    await encoded(paths, encodedPath),
    await encoded(schemas, encodedDefinition),
  )
}
