// The paths and operations of subresources that are more than a part of the object: those that connect somewhere, those
// that take another kind, and those with rules of their own.
import type { SubresourceHandler } from '../endpoints/contract.ts'
import type { ResourceDescriptor } from '../registry/resource.ts'
import { schemaIdOf } from '../schema/table.ts'
import { capital, groupName } from './group-name.ts'
import { ANYTHING, BODIES, operation, type OperationSpec, PATCHES } from './operation.ts'
import { parameter, type Parameter, parameterReference, type ParameterTexts, pathParameter, PRETTY, WRITE, FORCE } from './parameters.ts' // prettier-ignore
import type { Dialect, JsonSchema } from './type-schemas.ts'

const text = (name: string, description: string) => parameter(name, 'string', description)
const flag = (name: string, description: string) => parameter(name, 'boolean', description)
const whole = (name: string, description: string) => parameter(name, 'integer', description)

const CONTAINER = text('container', 'The container, where the pod has several.')
const STREAMS = [
  CONTAINER,
  flag('stderr', 'Whether standard error is redirected.'),
  flag('stdin', 'Whether standard input is redirected.'),
  flag('stdout', 'Whether standard output is redirected.'),
  flag('tty', 'Whether there is a terminal.'),
]
const WITHIN = [text('path', 'The path below the proxied address.')]

/** By the kind of the options. */
const OPTIONS: Readonly<Record<string, readonly Parameter[]>> = {
  PodAttachOptions: STREAMS,
  PodExecOptions: [text('command', 'The command to run, without a shell.'), ...STREAMS],
  PodPortForwardOptions: [whole('ports', 'The ports to forward.')],
  PodProxyOptions: WITHIN,
  ServiceProxyOptions: WITHIN,
  NodeProxyOptions: WITHIN,
}
const LOG: readonly Parameter[] = [
  CONTAINER,
  flag('follow', 'Whether what comes later is told as well.'),
  flag('insecureSkipTLSVerifyBackend', "Whether the node's certificate does not matter."),
  whole('limitBytes', 'The most bytes to tell.'),
  flag('previous', 'Whether the container that ended before this one is meant.'),
  whole('sinceSeconds', 'How long ago the first line may have been written.'),
  text('stream', 'All, Stdout or Stderr.'),
  whole('tailLines', 'How many lines from the end.'),
  flag('timestamps', 'Whether each line begins with its time.'),
]

const ACTIONS = {
  GET: { verb: 'read', action: 'get', codes: [200] },
  PUT: { verb: 'replace', action: 'put', codes: [200, 201] },
  PATCH: { verb: 'patch', action: 'patch', codes: [200, 201] },
  POST: { verb: 'create', action: 'post', codes: [200, 201, 202] },
  DELETE: { verb: 'delete', action: 'delete', codes: [200, 202] },
} as const
type Written = keyof typeof ACTIONS

const isWritten = (method: string): method is Written => Object.hasOwn(ACTIONS, method)

const ofResource = ({ type }: ResourceDescriptor, { group, version = 'v1', resource, subresource, hidden }: SubresourceHandler): boolean =>
  group === type.group && version === type.version && resource === type.plural && subresource !== '' && !hidden // prettier-ignore

export const handlersOf = (
  resource: ResourceDescriptor,
  handlers: readonly SubresourceHandler[],
): readonly SubresourceHandler[] => handlers.filter(handler => ofResource(resource, handler))

const typeOf = ({ kind: { group, version, kind } }: SubresourceHandler): string | undefined =>
  schemaIdOf(group === '' ? version : `${group}/${version}`, kind)

/** @returns ids of the types that the operations refer to */
export const subresourceTypes = (resource: ResourceDescriptor, handlers: readonly SubresourceHandler[]): string[] =>
  handlersOf(resource, handlers).flatMap(handler => typeOf(handler) ?? [])

/** @param collection the path of the resource, with its namespace @returns path → path item */
export function subresourcePaths(
  resource: ResourceDescriptor,
  collection: string,
  handlers: readonly SubresourceHandler[],
  dialect: Dialect,
  texts: ParameterTexts,
): Record<string, JsonSchema> {
  const { type } = resource
  const folder = groupName(type.group)
  const tag = `${folder}_${type.version}`
  const named = [pathParameter('name', `The name of the ${type.kind}.`, dialect)]
  if (type.namespaced) named.push(pathParameter('namespace', 'The namespace of the object.', dialect))
  const paths: Record<string, JsonSchema> = {}
  for (const handler of handlersOf(resource, handlers)) {
    const { subresource, kind, methods } = handler
    const id = (verb: string, what = '') =>
      `${verb}${capital(folder)}${capital(type.version)}${what}${type.namespaced ? 'Namespaced' : ''}${type.kind}${capital(subresource)}`
    const asked = OPTIONS[kind.kind]
    const answer = typeOf(handler)
    const connect = (method: string, ending: string): OperationSpec => ({
      ...{ id: `${id('connect', capital(method.toLowerCase()))}${ending}`, action: 'connect', gvk: kind },
      ...{ parameters: [], produces: ANYTHING, codes: [200] },
    })
    const write = (method: Written): OperationSpec => {
      const { verb, action, codes } = ACTIONS[method]
      const changes = method === 'PATCH' ? [...WRITE, FORCE] : method === 'GET' ? [] : WRITE
      const body = { types: method === 'PATCH' ? PATCHES : ANYTHING, required: true }
      const sent = method === 'PATCH' ? 'meta.v1.Patch' : answer
      return {
        ...{ id: id(verb), action, gvk: kind, codes, parameters: changes },
        ...(answer === undefined || subresource === 'log' ? { produces: ['text/plain', ...BODIES] } : { answer }),
        ...(method === 'GET' || sent === undefined ? {} : { body: { ...body, schema: sent } }),
      }
    }
    const item = (ending: string): JsonSchema =>
      Object.fromEntries(
        Object.keys(methods).flatMap(method => {
          const spec = asked ? connect(method, ending) : isWritten(method) ? write(method) : undefined
          return spec ? [[method.toLowerCase(), operation(spec, tag, dialect, texts)]] : []
        }),
      )
    const query = asked ?? (subresource === 'log' ? LOG : [])
    const shared = [...(asked ? [] : [PRETTY]), ...query].map(each => parameterReference(each, dialect, texts))
    const path = `${collection}/{name}/${subresource}`
    paths[path] = { ...item(''), parameters: [...named, ...shared] }
    if (subresource === 'proxy')
      paths[`${path}/{path}`] = {
        ...item('WithPath'),
        parameters: [...named, pathParameter('path', 'What follows the proxy in the URL.', dialect), ...shared],
      }
  }
  return paths
}

/** @returns those of all subresources, which stand in the document of version 2 once */
export const SUBRESOURCE_PARAMETERS: readonly Parameter[] = [...Object.values(OPTIONS).flat(), ...LOG]
