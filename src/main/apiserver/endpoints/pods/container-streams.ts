// pods/log, pods/exec, pods/attach and pods/portforward: checked here, served by the pod's kubelet.
// @see https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/
import type { Pod } from '../../../../shared/api/core/v1.ts'
import {
  type FieldError,
  forbiddenField,
  invalidValue,
  notSupported,
} from '../../../../shared/machinery/field-error.ts'
import { badRequest, internalError, invalid, notFound } from '../../../../shared/machinery/status.ts'
import { assertAllowed } from '../../chain/authorize.ts'
import { forward } from '../../proxy/forward.ts'
import type { NodeDialer } from '../../proxy/node-tunnels.ts'
import type { ApiRequest, ApiResponse } from '../../request.ts'
import { timeProblem } from '../../schema/time.ts'
import type { EndpointContext, SubresourceHandler } from '../contract.ts'

type Use = 'log' | 'exec' | 'attach' | 'portforward'

function podOf({ info }: ApiRequest, context: EndpointContext): Pod {
  const pods = context.resources.byUrl('', 'v1', 'pods')
  if (!pods) throw notFound({ group: '', plural: 'pods' }, info.name)
  return context.get(pods, { namespace: info.namespace, name: info.name }) as unknown as Pod
}

const named = (containers: readonly { name: string }[] | undefined): string[] =>
  (containers ?? []).map(({ name }) => name)

/** The container asked for, or the only one. @throws ApiError 400 in upstream's words */
function containerOf(pod: Pod, asked: string | null): string {
  const { containers, initContainers, ephemeralContainers } = pod.spec
  const main = named(containers)
  if (asked) {
    if ([...main, ...named(initContainers), ...named(ephemeralContainers)].includes(asked)) return asked
    throw badRequest(`container ${asked} is not valid for pod ${pod.metadata.name}`)
  }
  const [only = ''] = main
  if (main.length === 1) return only
  const init = initContainers?.length ? ` or one of the init containers: [${named(initContainers).join(' ')}]` : ''
  throw badRequest(
    `a container name must be specified for pod ${pod.metadata.name}, choose one of: [${main.join(' ')}]${init}`,
  )
}

const LOG_OPTIONS = [
  'follow',
  'previous',
  'sinceSeconds',
  'sinceTime',
  'timestamps',
  'tailLines',
  'limitBytes',
  'stream',
]

const WHOLE_NUMBER = /^[+-]?\d+$/

const STREAMS = ['All', 'Stderr', 'Stdout']

/** @throws ApiError 400 for what is no number or no time */
function logOptionErrors(options: URLSearchParams): FieldError[] {
  const atLeast = (least: number, name: string, why: string): FieldError[] => {
    const value = options.get(name)
    if (value === null) return []
    if (!WHOLE_NUMBER.test(value))
      throw badRequest(`strconv.ParseInt: parsing ${JSON.stringify(value)}: invalid syntax`)
    return Number(value) < least ? [invalidValue(name, Number(value), why)] : []
  }
  const [sinceTime, stream] = [options.get('sinceTime'), options.get('stream')]
  const problem = sinceTime ? timeProblem(sinceTime) : undefined
  if (problem) throw badRequest(problem)
  const errors = [
    ...(stream === null || STREAMS.includes(stream) ? [] : [notSupported('stream', stream, STREAMS)]),
    ...atLeast(0, 'tailLines', 'must be greater than or equal to 0'),
    ...atLeast(1, 'limitBytes', 'must be greater than 0'),
  ]
  if (!options.has('sinceTime')) return [...errors, ...atLeast(1, 'sinceSeconds', 'must be greater than 0')]
  if (!options.has('sinceSeconds')) return errors
  return [...errors, forbiddenField('', 'at most one of `sinceTime` or `sinceSeconds` may be specified')]
}

function logPath(pod: Pod, query: URLSearchParams): string {
  const container = containerOf(pod, query.get('container'))
  const options = new URLSearchParams()
  for (const name of LOG_OPTIONS) {
    const value = query.get(name)
    if (value !== null) options.set(name, value)
  }
  const errors = logOptionErrors(options)
  if (errors.length > 0) throw invalid({ group: '', kind: 'PodLogOptions' }, pod.metadata.name, errors)
  return `/containerLogs/${pod.metadata.namespace}/${pod.metadata.name}/${container}?${options}`
}

/** As upstream converts parameters: whatever is given means yes, except these two. Python clients send `True`. */
const isSet = (text: string | null) => !['false', '0'].includes(text?.toLowerCase() ?? 'false')

/** Upstream's API says stdin, stdout, stderr, tty; the kubelet's says input, output, error, tty. */
function streamPath(use: 'exec' | 'attach', pod: Pod, query: URLSearchParams): string {
  const container = containerOf(pod, query.get('container'))
  const options = new URLSearchParams()
  const flag = (asked: string, sent: string) => {
    if (isSet(query.get(asked))) options.set(sent, '1')
  }
  flag('stdin', 'input')
  flag('stdout', 'output')
  flag('stderr', 'error')
  flag('tty', 'tty')
  if (!['input', 'output', 'error'].some(name => options.has(name)))
    throw badRequest('you must specify at least one of stdin, stdout, stderr')
  for (const word of query.getAll('command')) options.append('command', word)
  if (use === 'exec' && !options.has('command'))
    throw badRequest('you must specify at least one command for the container')
  return `/${use}/${pod.metadata.namespace}/${pod.metadata.name}/${container}?${options}`
}

const NUMBER = /^\d{1,5}$/

/** The same as typed fields, for those who admit the connection. */
function optionsOf(use: Exclude<Use, 'log'>, query: URLSearchParams): Record<string, unknown> {
  if (use === 'portforward') {
    const ports = query.getAll('ports').flatMap(text => text.split(','))
    return { ports: ports.filter(port => NUMBER.test(port)).map(Number) }
  }
  const command = query.getAll('command')
  return {
    ...Object.fromEntries(['stdin', 'stdout', 'stderr', 'tty'].map(name => [name, isSet(query.get(name))])),
    ...(query.get('container') ? { container: query.get('container') } : {}),
    ...(use === 'exec' ? { command } : {}),
  }
}

function portForwardPath(pod: Pod, query: URLSearchParams): string {
  const options = new URLSearchParams()
  for (const port of query.getAll('ports')) options.append('port', port)
  return `/portForward/${pod.metadata.namespace}/${pod.metadata.name}?${options}`
}

function pathFor(use: Use, pod: Pod, query: URLSearchParams): string {
  if (use === 'log') return logPath(pod, query)
  if (use === 'portforward') return portForwardPath(pod, query)
  return streamPath(use, pod, query)
}

const KINDS: Readonly<Record<Use, string>> = {
  log: 'Pod',
  exec: 'PodExecOptions',
  attach: 'PodAttachOptions',
  portforward: 'PodPortForwardOptions',
}

const MAX_REFUSAL_BYTES = 4096

/** The kubelet refuses in plain text, which clients of the API would not show. @throws ApiError 400 or 500 with it */
async function throwRefusal(answer: ApiResponse): Promise<void> {
  if (!('stream' in answer) || (answer.code !== 400 && answer.code !== 500)) return
  let text = ''
  for await (const chunk of answer.stream) {
    text += String(chunk)
    if (text.length >= MAX_REFUSAL_BYTES) break
  }
  const message = text.slice(0, MAX_REFUSAL_BYTES).trim()
  throw answer.code === 400 ? badRequest(message) : internalError(message)
}

/** Before anything else is looked at, as upstream does. @throws ApiError 403 and what plugins refuse with */
async function admit(use: Exclude<Use, 'log'>, request: ApiRequest, context: EndpointContext): Promise<void> {
  const { info, user } = request
  const resource = context.resources.byUrl('', 'v1', 'pods')
  if (resource)
    await context.admit({
      operation: 'CONNECT',
      resource,
      subresource: use,
      namespace: info.namespace,
      name: info.name,
      options: optionsOf(use, request.query),
      user,
      dryRun: false,
      warn: text => request.warn(text),
    })
  // Browsers open a WebSocket by GET: whoever may only read must not act through it.
  assertAllowed({ ...info, verb: 'create', user }, attributes => context.authorize(attributes))
}

function streamHandler(use: Use, dialer: NodeDialer): SubresourceHandler {
  return {
    group: '',
    resource: 'pods',
    subresource: use,
    kind: { group: '', version: 'v1', kind: KINDS[use] },
    methods: use === 'log' ? { GET: 'get' } : { GET: 'get', POST: 'create' },
    longRunning: true,
    async handle(request, context) {
      if (use !== 'log') await admit(use, request, context)
      const pod = podOf(request, context)
      const path = pathFor(use, pod, request.query)
      const { nodeName } = pod.spec
      if (!nodeName) {
        if (use === 'log') return { code: 200, bytes: Buffer.alloc(0), contentType: 'text/plain' }
        throw badRequest(`pod ${pod.metadata.name} does not have a host assigned`)
      }
      if (use !== 'log' && !request.upgrade) throw badRequest('Upgrade request required')
      const to = { nodeName, target: 'kubelet', path } as const
      if (use !== 'log') return forward(dialer, to, request)
      // The kubelet streams plain HTTP; a WebSocket is between the client and this server.
      const answer = await forward(dialer, to, withoutUpgrade(request))
      await throwRefusal(answer)
      return answer
    },
  }
}

/** On top of the request, as others are: a copy would not have what its class gives it. */
const withoutUpgrade = (request: ApiRequest): ApiRequest =>
  Object.create(request, { upgrade: { value: undefined } }) as ApiRequest

export const containerStreams = (dialer: NodeDialer): SubresourceHandler[] =>
  (['log', 'exec', 'attach', 'portforward'] as const).map(use => streamHandler(use, dialer))
