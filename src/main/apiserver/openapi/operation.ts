// One operation of a path, in either dialect.
import { type Parameter, parameterReference, type ParameterTexts } from './parameters.ts'
import { definitionName, type Dialect, type JsonSchema } from './type-schemas.ts'

/** What custom resources are sent and answered in. */
export const CUSTOM_BODIES = ['application/json', 'application/yaml']
export const BODIES = [...CUSTOM_BODIES, 'application/vnd.kubernetes.protobuf']
export const ANYTHING = ['*/*']
const APPLY = 'application/apply-patch+yaml'
export const CUSTOM_PATCHES = ['application/json-patch+json', 'application/merge-patch+json', APPLY]
/** kubectl reads here whether it may send a strategic merge patch; custom resources take none. */
export const PATCHES = [...CUSTOM_PATCHES.slice(0, 2), 'application/strategic-merge-patch+json', APPLY]
const WATCHES = ['application/json;stream=watch', 'application/vnd.kubernetes.protobuf;stream=watch']
/** What is answered where one may watch. */
export const WATCHED_BODIES = [...BODIES, ...WATCHES]

export interface Gvk {
  readonly group: string
  readonly version: string
  readonly kind: string
}

export interface OperationSpec {
  readonly id: string
  readonly action: string
  readonly gvk: Gvk
  readonly parameters: readonly Parameter[]
  /** Content types of the body and the id of its type. */
  readonly body?: { readonly types: readonly string[]; readonly schema: string; readonly required: boolean }
  /** The id of the answer's type; undefined for a text. */
  readonly answer?: string
  /** Content types that are told of where there is no body. */
  readonly consumes?: readonly string[]
  /** Content types of the answer, where they are not the usual ones. */
  readonly produces?: readonly string[]
  readonly codes: readonly number[]
  readonly watchable?: boolean
  /** Where it reads or writes a part of objects of `gvk`: which. */
  readonly part?: string
}

/** What one does to a part of an object, before its name. */
const SAID_OF_PART: Readonly<Record<string, string>> = { get: 'read', put: 'replace', patch: 'partially update' }

const said = ({ action, part, gvk: { kind } }: OperationSpec): string =>
  part === undefined
    ? `${SAID[action] ?? action} ${kind}`
    : `${SAID_OF_PART[action] ?? action} ${part} of the specified ${kind}`

/** What an operation does, before the kind that it does it to. */
const SAID: Readonly<Record<string, string>> = {
  list: 'list or watch objects of kind',
  get: 'read the specified',
  post: 'create a',
  put: 'replace the specified',
  patch: 'partially update the specified',
  delete: 'delete a',
  deletecollection: 'delete collection of',
  watch: 'watch (deprecated: list with a field selector and the parameter watch) an object of kind',
  watchlist: 'watch (deprecated: list with the parameter watch) objects of kind',
}

const CODES: Readonly<Record<number, string>> = { 200: 'OK', 201: 'Created', 202: 'Accepted', 401: 'Unauthorized' }

export function operation(spec: OperationSpec, tag: string, dialect: Dialect, texts: ParameterTexts): JsonSchema {
  const ref = (id: string) => ({ $ref: dialect.refPrefix + definitionName(id) })
  const content = (types: readonly string[], schema: JsonSchema) =>
    Object.fromEntries(types.map(type => [type, { schema }]))
  const answer = spec.answer === undefined ? { type: 'string' } : ref(spec.answer)
  const produces = spec.produces ?? (spec.watchable ? WATCHED_BODIES : BODIES)
  const v3 = dialect.version === 3
  const parameters: JsonSchema[] = spec.parameters.map(each => parameterReference(each, dialect, texts))
  if (spec.body && !v3) {
    parameters.unshift({ name: 'body', in: 'body', required: spec.body.required, schema: ref(spec.body.schema) })
  }
  const responses = Object.fromEntries(
    [...spec.codes, 401].map(code => [
      String(code),
      {
        description: CODES[code] ?? '',
        ...(code === 401 ? {} : v3 ? { content: content(produces, answer) } : { schema: answer }),
      },
    ]),
  )
  return {
    tags: [tag],
    description: said(spec),
    operationId: spec.id,
    ...(parameters.length ? { parameters } : {}),
    ...(v3 ? {} : { consumes: spec.body?.types ?? spec.consumes ?? ANYTHING, produces, schemes: ['https'] }),
    ...(spec.body && v3
      ? { requestBody: { required: spec.body.required, content: content(spec.body.types, ref(spec.body.schema)) } }
      : {}),
    responses,
    'x-kubernetes-action': spec.action,
    'x-kubernetes-group-version-kind': { group: spec.gvk.group, kind: spec.gvk.kind, version: spec.gvk.version },
  }
}
