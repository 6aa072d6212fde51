// The in-process transport: the same chain as over TLS, as one fixed user, without serialising anything.
import { setMaxListeners } from 'node:events'
import type { Transport, TransportRequest, WatchFrame } from '../../shared/client/transport.ts'
import { ApiError } from '../../shared/machinery/status.ts'
import type { Status } from '../../shared/api/meta/v1.ts'
import type { Dispatch } from './chain/dispatch.ts'
import { parseRequestInfo } from './http/request-info.ts'
import type { ApiRequest, ApiResponse, UserInfo } from './request.ts'
import { encodeJson, parseJson } from '../../shared/machinery/json-text.ts'

const never = new AbortController().signal
// Whoever waits for a turn listens to it, and there may be many.
setMaxListeners(0, never)

const CONTROLLERS = 'system:serviceaccount:kube-system:'

/** @returns the program's name as field managers and the audit log tell it: in-process clients have no User-Agent */
function programOf({ name }: UserInfo): string {
  if (name.startsWith(CONTROLLERS)) return 'kube-controller-manager'
  return name.startsWith('system:kube-') ? name.slice('system:'.length) : 'flotilla'
}

function requestOf(user: UserInfo, given: TransportRequest, signal: AbortSignal, watch: boolean): ApiRequest {
  const query = new URLSearchParams()
  for (const [name, value] of Object.entries(given.query ?? {})) if (value !== undefined) query.append(name, value)
  if (watch) query.set('watch', '1')
  return {
    method: given.method,
    info: parseRequestInfo(given.method, given.path, query),
    query,
    headers: {
      'content-type': given.body === undefined ? undefined : (given.contentType ?? 'application/json'),
      'user-agent': programOf(user),
    },
    user,
    body: async () => given.body,
    rawBody: async () => (given.body === undefined ? Buffer.alloc(0) : Buffer.from(encodeJson(given.body))),
    duplicateFields: [],
    signal,
    warn: () => undefined,
  }
}

const isFailure = (object: unknown): object is Status =>
  typeof object === 'object' && object !== null && 'kind' in object && object.kind === 'Status'

function refused(answer: ApiResponse): ApiError {
  if ('object' in answer && isFailure(answer.object)) return ApiError.from(answer.object)
  return new ApiError(answer.code, '', `the server answered ${answer.code}`)
}

function decode(bytes: Buffer, contentType: string): unknown {
  const text = bytes.toString('utf8')
  return contentType.startsWith('application/json') ? parseJson(text) : text
}

/** @param closing aborts when the server closes: watches end then */
export function inProcessTransport(user: UserInfo, dispatch: Dispatch, closing: AbortSignal): Transport {
  const signalOf = (given: TransportRequest) => (given.signal ? AbortSignal.any([given.signal, closing]) : closing)

  return {
    async request(given) {
      given.signal?.throwIfAborted()
      const answer = await dispatch(requestOf(user, given, given.signal ?? never, false))
      if (answer.code >= 400) throw refused(answer)
      if ('object' in answer) return answer.object
      if ('bytes' in answer)
        return decode(Buffer.isBuffer(answer.bytes) ? answer.bytes : Buffer.concat(answer.bytes), answer.contentType)
      if ('stream' in answer) {
        const chunks: Buffer[] = []
        for await (const chunk of answer.stream) chunks.push(Buffer.from(chunk))
        return decode(Buffer.concat(chunks), answer.contentType)
      }
      throw new ApiError(400, 'BadRequest', 'this answer cannot be had in process')
    },
    watch: given =>
      oneByOne(async () => {
        const answer = await dispatch(requestOf(user, given, signalOf(given), true))
        if (answer.code >= 400) throw refused(answer)
        if (!('frames' in answer)) throw new ApiError(400, 'BadRequest', 'this path cannot be watched')
        return answer.frames[Symbol.asyncIterator]()
      }),
  }
}

/**
 * The frames of batches. Not a generator, which would cost each event of each informer several promises.
 * @param open called when the first frame is asked for
 */
function oneByOne(open: () => Promise<AsyncIterator<readonly WatchFrame[]>>): AsyncIterable<WatchFrame> {
  let batches: AsyncIterator<readonly WatchFrame[]> | undefined
  let batch: readonly WatchFrame[] = []
  let at = 0
  const nextBatch = async (): Promise<IteratorResult<WatchFrame, undefined>> => {
    batches ??= await open()
    const next = await batches.next()
    if (next.done) return { done: true, value: undefined }
    batch = next.value
    at = 0
    return frame()
  }
  const frame = (): Promise<IteratorResult<WatchFrame, undefined>> => {
    const value = batch[at++]
    return value ? Promise.resolve({ done: false, value }) : nextBatch()
  }
  const end = async (): Promise<IteratorResult<WatchFrame, undefined>> => {
    await batches?.return?.()
    return { done: true, value: undefined }
  }
  return { [Symbol.asyncIterator]: () => ({ next: frame, return: end }) }
}
