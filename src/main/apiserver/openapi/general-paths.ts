// What is served beside the resources themselves, as OpenAPI describes it: discovery, the version, the issuer of the
// tokens of service accounts. In version 3 each has a document of its own, but for the lists of resources.
import type { ResourceDescriptor } from '../registry/resource.ts'
import { capital, groupName } from './group-name.ts'
import { definitionName, type Dialect, type JsonSchema } from './type-schemas.ts'

export interface GeneralPath {
  /** The document of version 3 in which it stands. */
  readonly document: string
  readonly path: string
  readonly id: string
  readonly description: string
  readonly tag: string
  readonly types: readonly string[]
  /** The answer's type; undefined for a text. */
  readonly answer?: string
}

const BODIES = ['application/json', 'application/yaml', 'application/vnd.kubernetes.protobuf']

const FIXED: readonly GeneralPath[] = [
  {
    ...{ document: 'api', path: '/api/', id: 'getCoreAPIVersions', tag: 'core', types: BODIES },
    description: 'The versions of the core group.',
    answer: 'meta.v1.APIVersions',
  },
  {
    ...{ document: 'apis', path: '/apis/', id: 'getAPIVersions', tag: 'apis', types: BODIES },
    description: 'All groups but the core group, with their versions.',
    answer: 'meta.v1.APIGroupList',
  },
  {
    ...{ document: 'version', path: '/version/', id: 'getCodeVersion', tag: 'version', types: ['application/json'] },
    description: 'The version of this server.',
    answer: 'version.Info',
  },
  {
    ...{ document: '.well-known/openid-configuration', path: '/.well-known/openid-configuration/' },
    ...{ id: 'getServiceAccountIssuerOpenIDConfiguration', tag: 'WellKnown', types: ['application/json'] },
    description: 'Where the issuer of the tokens of service accounts has its keys.',
  },
  {
    ...{ document: 'openid/v1/jwks', path: '/openid/v1/jwks/', id: 'getServiceAccountIssuerOpenIDKeyset' },
    ...{ tag: 'openid', types: ['application/jwk-set+json'] },
    description: 'The public keys of the issuer of the tokens of service accounts.',
  },
]

/** @returns those of these resources; groups that only custom resources have are told by discovery alone, as upstream. */
export function generalPaths(resources: readonly ResourceDescriptor[]): GeneralPath[] {
  const found = new Map<string, GeneralPath>()
  for (const { type, custom } of resources) {
    if (custom) continue
    const { group, version } = type
    const folder = groupName(group)
    const root = group === '' ? 'api' : `apis/${group}`
    if (group !== '')
      found.set(root, {
        ...{ document: root, path: `/${root}/`, id: `get${capital(folder)}APIGroup`, tag: folder, types: BODIES },
        description: 'The versions of the group.',
        answer: 'meta.v1.APIGroup',
      })
    const document = `${root}/${version}`
    found.set(document, {
      ...{ document, path: `/${document}/`, id: `get${capital(folder)}${capital(version)}APIResources` },
      ...{ tag: `${folder}_${version}`, types: BODIES },
      description: 'The resources of the version.',
      answer: 'meta.v1.APIResourceList',
    })
  }
  return [...FIXED, ...found.values()]
}

export function generalItem({ id, description, tag, types, answer }: GeneralPath, dialect: Dialect): JsonSchema {
  const schema = answer === undefined ? { type: 'string' } : { $ref: dialect.refPrefix + definitionName(answer) }
  const content = Object.fromEntries(types.map(type => [type, { schema }]))
  const head = { tags: [tag], description, operationId: id }
  const ok = { description: 'OK', ...(dialect.version === 3 ? { content } : { schema }) }
  const responses = { 200: ok, 401: { description: 'Unauthorized' } }
  return {
    get: {
      ...head,
      ...(dialect.version === 3 ? {} : { consumes: types, produces: types, schemes: ['https'] }),
      responses,
    },
  }
}

const ALWAYS = 'major minor gitVersion gitCommit gitTreeState buildDate goVersion compiler platform'.split(' ')
const AS_ANOTHER = ['emulationMajor', 'emulationMinor', 'minCompatibilityMajor', 'minCompatibilityMinor']

/** The answer of /version, which is no type of any group. */
export const VERSION_INFO: JsonSchema = {
  description: 'What this server is.',
  type: 'object',
  required: ALWAYS,
  properties: Object.fromEntries([...ALWAYS, ...AS_ANOTHER].map(name => [name, { type: 'string' }])),
}
