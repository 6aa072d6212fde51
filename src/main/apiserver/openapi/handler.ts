// Serves /openapi/v2 and /openapi/v3. Documents are built when first asked for and then kept as bytes.
import { createHash } from 'node:crypto'
import { ApiError } from '../../../shared/machinery/status.ts'
import type { SubresourceHandler } from '../endpoints/contract.ts'
import type { ResourceDescriptor } from '../registry/resource.ts'
import { documentV2, documentV2Protobuf, documentV3 } from './document.ts'
import type { ForeignSpec } from './foreign-spec.ts'
import { type GeneralPath, generalPaths } from './general-paths.ts'
import type { Descriptions } from './type-schemas.ts'
import { encodeJson } from '../../../shared/machinery/json-text.ts'

export interface OpenApiAnswer {
  readonly bytes: Buffer
  readonly contentType: string
  /** Quoted, as in the ETag header. */
  readonly etag: string
}

/** Raised when the documents' shape changes, so that clients' caches let go of the old ones. */
const REVISION = 5

/** By name: of each the one that was made last, and what it was made of. */
type Documents = Map<string, { readonly hash: string; readonly bytes: Promise<Buffer> }>
const built = new WeakMap<readonly ResourceDescriptor[], Documents>()

/** @returns `api/v1` or `apis/group/version`. */
const keyOf = ({ type }: ResourceDescriptor) =>
  type.group === '' ? `api/${type.version}` : `apis/${type.group}/${type.version}`

const NO_HANDLERS: readonly SubresourceHandler[] = []
/** By the handlers, which stay the same: what documents tell of them. */
const signatures = new WeakMap<readonly SubresourceHandler[], string>()
function signatureOf(handlers: readonly SubresourceHandler[]): string {
  const known = signatures.get(handlers)
  if (known !== undefined) return known
  const told = handlers.map(({ group, resource, subresource, methods }) => [group, resource, subresource, methods])
  const signature = createHash('sha256').update(JSON.stringify(told)).digest('hex')
  signatures.set(handlers, signature)
  return signature
}

/**
 * Names a document without building it: its content follows from its name, the descriptors and the table.
 * @param basis what else every document follows from
 */
function hashOf(resources: readonly ResourceDescriptor[], basis: string, key = ''): string {
  const hash = createHash('sha256').update(`${REVISION} ${basis} ${key}`)
  for (const { type, verbs, status, scale, custom } of resources) {
    hash.update(`\n${type.group}/${type.version}/${type.plural} ${type.kind} ${verbs.join()} ${!!status} ${!!scale}`)
    if (custom) hash.update(encodeJson(custom.openapi))
  }
  return hash.digest('hex').toUpperCase()
}

/** What a document is of, and its name. */
interface Part {
  readonly own: readonly ResourceDescriptor[]
  readonly general: readonly GeneralPath[]
  readonly hash: string
}
/** By the resources, which are hundreds, and then by the key: of each the one that was asked for last. */
const parts = new WeakMap<readonly ResourceDescriptor[], Map<string, { readonly also: string; readonly part: Part }>>()

/** @param also what else the document follows from */
function partOf(resources: readonly ResourceDescriptor[], basis: string, key: string, also: string): Part {
  const known = parts.get(resources) ?? new Map<string, { also: string; part: Part }>()
  parts.set(resources, known)
  const last = known.get(key)
  if (last?.also === `${basis} ${also}`) return last.part
  const own = key === '' ? resources : resources.filter(resource => keyOf(resource) === key)
  const general = key === '' ? [] : generalPaths(resources).filter(({ document }) => document === key)
  const part = { own, general, hash: hashOf(own, basis, key === '' ? also : key) }
  // Keys are what clients ask for: only those of documents are kept.
  if (own.length + general.length > 0) known.set(key, { also: `${basis} ${also}`, part })
  return part
}

const JSON_RANGES = new Set(['', '*/*', 'application/*', 'application/json'])
/** The first is what answers are called; clients ask by the other name as well. */
const PROTOBUF = 'application/com.github.proto-openapi.spec.v2.v1.0+protobuf'
const PROTOBUF_NAMES = new Set([PROTOBUF, PROTOBUF.replace('v2.v1.0', 'v2@v1.0')])

/** @returns the client's first choice of what there is */
function chosen(accept: string | undefined, withProtobuf: boolean): 'json' | 'protobuf' | undefined {
  for (const range of (accept ?? '').split(',')) {
    const type = range.split(';', 1)[0]?.trim().toLowerCase() ?? ''
    if (JSON_RANGES.has(type)) return 'json'
    if (withProtobuf && PROTOBUF_NAMES.has(type)) return 'protobuf'
  }
  return undefined
}

function cached(
  resources: readonly ResourceDescriptor[],
  key: string,
  hash: string,
  build: () => Promise<Buffer>,
): Promise<Buffer> {
  const documents: Documents = built.get(resources) ?? new Map()
  built.set(resources, documents)
  const known = documents.get(key)
  if (known?.hash === hash) return known.bytes
  const document = { hash, bytes: build() }
  documents.set(key, document)
  // A failure is not worth keeping.
  document.bytes.catch(() => {
    if (documents.get(key) === document) documents.delete(key)
  })
  return document.bytes
}

/**
 * @param path without the query: `/openapi/v2`, `/openapi/v3`, `/openapi/v3/apis/apps/v1`
 * @param accept the Accept header
 * @param resources the same array for every call, since it is what documents are kept by
 * @param descriptions texts for people, where they are at hand
 * @param foreign what extension servers have, for version 2; of version 3 they have documents of their own
 * @param handlers of subresources
 * @returns undefined when there is no such document
 * @throws ApiError 406 when the client takes neither JSON nor, of version 2, protobuf
 */
export async function openapiHandler(
  path: string,
  accept: string | undefined,
  resources: readonly ResourceDescriptor[],
  descriptions: Descriptions = {},
  foreign: readonly ForeignSpec[] = [],
  handlers: readonly SubresourceHandler[] = NO_HANDLERS,
): Promise<OpenApiAnswer | undefined> {
  const match = /^\/openapi\/(v2|v3)(?:\/(.+?))?\/?$/.exec(path)
  if (!match) return undefined
  const [, version, key] = match
  const basis = `${Object.keys(descriptions).length > 0} ${signatureOf(handlers)}`
  const answer = (bytes: Buffer, hash: string, contentType = 'application/json'): OpenApiAnswer => ({
    bytes,
    contentType,
    etag: `"${hash}"`,
  })
  const also = key === undefined ? foreign.map(spec => spec.hash).join(' ') : ''
  const { own, general, hash } = partOf(resources, basis, key ?? '', also)
  if (own.length + general.length === 0 || (version === 'v2' && key !== undefined)) return undefined
  // The index is JSON for everybody: clients that ask for protobuf elsewhere get it here with the same header.
  const form = chosen(accept, version === 'v2')
  if (!form && (version === 'v2' || key !== undefined)) {
    const accepted = ['application/json', ...(version === 'v2' ? [PROTOBUF] : [])].join(', ')
    throw new ApiError(406, 'NotAcceptable', `only the following media types are accepted: ${accepted}`)
  }
  if (version === 'v2') {
    if (form === 'protobuf') {
      const build = () => documentV2Protobuf(resources, handlers, descriptions, foreign)
      return answer(await cached(resources, 'v2.pb', hash, build), `${hash}-pb`, PROTOBUF)
    }
    return answer(
      await cached(resources, 'v2', hash, () => documentV2(resources, handlers, descriptions, foreign)),
      hash,
    )
  }
  if (key === undefined)
    return answer(await cached(resources, 'v3', hash, () => Promise.resolve(index(resources, basis))), hash)
  return answer(await cached(resources, key, hash, () => documentV3(own, general, handlers, descriptions)), hash)
}

function index(resources: readonly ResourceDescriptor[], basis: string): Buffer {
  const groups = new Map<string, ResourceDescriptor[]>()
  for (const { document } of generalPaths(resources)) groups.set(document, [])
  for (const resource of resources) groups.set(keyOf(resource), [...(groups.get(keyOf(resource)) ?? []), resource])
  const paths = Object.fromEntries(
    [...groups]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, own]) => {
        const serverRelativeURL = `/openapi/v3/${key}?hash=${hashOf(own, basis, key)}`
        return [key, { serverRelativeURL }]
      }),
  )
  return Buffer.from(JSON.stringify({ paths }))
}
