// gRPC over Unix sockets, as the kubelet speaks it with plugins of the node: whose methods it calls, and what it serves.
// The library is loaded when the first plugin comes.
import { closeSync, openSync } from 'node:fs'
import { chmod, mkdir, rm } from 'node:fs/promises'
import { type Socket, createServer } from 'node:net'
import { basename, dirname } from 'node:path'
import type { Client, ServiceDefinition, ServiceError, UntypedServiceImplementation } from '@grpc/grpc-js'
import type { MessageType } from '../../../shared/protobuf/message.ts'

export interface Method<Request, Response> {
  /** `/package.Service/Method` */
  readonly path: string
  /** Whether answers come until one of both ends it. */
  readonly isStream: boolean
  encodeRequest(request: Request): Buffer
  decodeResponse(bytes: Buffer): Response
}

/** A method from the other side: what is received is what a caller encoded. */
export interface ServedMethod<Received, Answer> {
  decodeRequest(bytes: Buffer): Received
  encodeResponse(answer: Answer): Buffer
}

/** @param path `package.Service/Method` */
export const method = <ReqOut, ReqIn, ResOut, ResIn>(
  path: string,
  request: MessageType<ReqOut, ReqIn>,
  response: MessageType<ResOut, ResIn>,
  { isStream = false } = {},
): Method<ReqIn, ResOut> & ServedMethod<ReqOut, ResIn> => ({
  path: `/${path}`,
  isStream,
  encodeRequest: value => request.encode(value),
  decodeResponse: bytes => response.decode(bytes),
  decodeRequest: bytes => request.decode(bytes),
  encodeResponse: value => response.encode(value),
})

const CODES = [
  'OK', 'Canceled', 'Unknown', 'InvalidArgument', 'DeadlineExceeded', 'NotFound', 'AlreadyExists', 'PermissionDenied',
  'ResourceExhausted', 'FailedPrecondition', 'Aborted', 'OutOfRange', 'Unimplemented', 'Internal', 'Unavailable',
  'DataLoss', 'Unauthenticated',
] as const // prettier-ignore
export type RpcCode = (typeof CODES)[number]

/** A call that failed; its message is as upstream's programs print it. */
export class RpcError extends Error {
  override readonly name = 'RpcError'
  readonly code: RpcCode
  readonly details: string
  constructor(code: RpcCode, details: string) {
    super(`rpc error: code = ${code} desc = ${details}`)
    this.code = code
    this.details = details
  }
}

const toRpcError = ({ code, details, message }: ServiceError): RpcError =>
  new RpcError(CODES[code] ?? 'Unknown', details || message)

/** Of a channel. @see https://github.com/grpc/grpc/blob/master/doc/connectivity-semantics-and-api.md */
const READY = 2

export interface CallLimits {
  /** Default: none. */
  readonly timeoutMs?: number
  readonly signal?: AbortSignal
}

/** A plugin's socket. Connections are made when they are needed, and again after they ended. */
export class RpcClient implements Disposable {
  readonly #client: Client
  readonly #path: ShortPath
  /** For what is told of it. */
  readonly #at: string
  #isClosed = false

  private constructor(client: Client, path: ShortPath, at: string) {
    this.#client = client
    this.#path = path
    this.#at = at
  }

  /** @param socketPath of any length @throws Error when the folder of the socket is not there */
  static async open(socketPath: string): Promise<RpcClient> {
    const { Client: GrpcClient, credentials } = await import('@grpc/grpc-js')
    const path = shortPath(socketPath)
    const client = new GrpcClient(`unix:${path.short}`, credentials.createInsecure(), {
      'grpc.enable_http_proxy': 0,
      'grpc.use_local_subchannel_pool': 1,
      'grpc.initial_reconnect_backoff_ms': 100,
      'grpc.max_reconnect_backoff_ms': 3_000,
      'grpc.default_authority': 'localhost',
    })
    return new RpcClient(client, path, socketPath)
  }

  /** @throws RpcError */
  call<Request, Response>(
    { path, encodeRequest, decodeResponse }: Method<Request, Response>,
    request: Request,
    { timeoutMs, signal }: CallLimits = {},
  ): Promise<Response> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(new RpcError('Canceled', String(signal.reason)))
      const options = timeoutMs === undefined ? {} : { deadline: Date.now() + timeoutMs }
      const cancel = () => call.cancel()
      const call = this.#client.makeUnaryRequest(
        path, encodeRequest, decodeResponse, request, options,
        (error: ServiceError | null, answer?: Response) => {
          signal?.removeEventListener('abort', cancel)
          if (error || answer === undefined) reject(error ? toRpcError(error) : new RpcError('Internal', 'no answer'))
          else resolve(answer)
        },
      ) // prettier-ignore
      signal?.addEventListener('abort', cancel, { once: true })
    })
  }

  /** Resolves when somebody listens. @throws RpcError when nobody does in time, or the signal aborts */
  ready({ timeoutMs, signal }: Required<CallLimits>): Promise<void> {
    const channel = this.#client.getChannel()
    const end = Date.now() + timeoutMs
    return new Promise((resolve, reject) => {
      const giveUp = () => reject(new RpcError('Canceled', String(signal.reason)))
      if (signal.aborted) return giveUp()
      signal.addEventListener('abort', giveUp, { once: true })
      const done = (settle: () => void) => {
        signal.removeEventListener('abort', giveUp)
        settle()
      }
      const look = () => {
        if (this.#isClosed) return done(giveUp)
        const state = channel.getConnectivityState(true)
        if (state === READY) return done(resolve)
        channel.watchConnectivityState(state, end, error => {
          if (error) done(() => reject(new RpcError('Unavailable', `${this.#at}: ${error.message}`)))
          else look()
        })
      }
      look()
    })
  }

  /** Connects, and again whenever the connection ends, until this is closed. @param onChange told each time */
  follow(onChange: (isConnected: boolean) => void): void {
    const channel = this.#client.getChannel()
    let was: boolean | undefined
    const look = () => {
      const state = channel.getConnectivityState(true)
      if (was !== (state === READY)) onChange((was = state === READY))
      channel.watchConnectivityState(state, Number.POSITIVE_INFINITY, error => {
        if (!error && !this.#isClosed) look()
      })
    }
    look()
  }

  /** Answers as they come; ends when the plugin ends it. @throws RpcError when it breaks off, or the signal aborts */
  async *stream<Request, Response>(
    { path, encodeRequest, decodeResponse }: Method<Request, Response>,
    request: Request,
    signal: AbortSignal,
  ): AsyncGenerator<Response, void> {
    if (signal.aborted) return
    const stream = this.#client.makeServerStreamRequest(path, encodeRequest, decodeResponse, request)
    const cancel = () => stream.cancel()
    signal.addEventListener('abort', cancel, { once: true })
    try {
      for await (const answer of stream) yield answer as Response
    } catch (error) {
      throw toRpcError(error as ServiceError)
    } finally {
      signal.removeEventListener('abort', cancel)
      stream.cancel()
    }
  }

  [Symbol.dispose](): void {
    this.#isClosed = true
    this.#client.close()
    this.#path.close()
  }
}

/** What answers one method. */
export interface Served {
  readonly path: string
  readonly isStream: boolean
  readonly decode: (bytes: Buffer) => unknown
  readonly encode: (answer: never) => Buffer
  /** @param signal aborts when the caller is gone @throws RpcError for what the caller is told */
  readonly answer: (request: never, signal: AbortSignal) => Promise<unknown> | AsyncIterable<unknown>
}

export const serves = <Received, Answer>(
  { path, isStream, decodeRequest, encodeResponse }: ServedMethod<Received, Answer> & Method<never, unknown>,
  answer: (request: Received, signal: AbortSignal) => Promise<Answer> | AsyncIterable<Answer>,
): Served => ({ path, isStream, decode: decodeRequest, encode: encodeResponse as (answer: never) => Buffer, answer })

/**
 * Serves methods on a socket, which replaces what is there. The library is loaded when the first caller comes.
 *
 * @param mode of the socket's file
 */
export async function serveRpc(socketPath: string, methods: readonly Served[], mode = 0o600): Promise<AsyncDisposable> {
  await mkdir(dirname(socketPath), { recursive: true, mode: 0o755 })
  await rm(socketPath, { force: true })
  let accepting: Promise<Accepting> | undefined
  const listener = createServer({ pauseOnConnect: true }, socket => {
    socket.on('error', () => undefined) // told to whoever speaks over it
    accepting ??= accept(methods)
    void accepting.then(({ take }) => {
      socket.resume()
      take(socket)
    })
  })
  const path = shortPath(socketPath)
  try {
    await new Promise<void>((resolve, reject) => listener.once('error', reject).listen(path.short, resolve))
    await chmod(socketPath, mode)
  } catch (error) {
    listener.close()
    path.close()
    throw error
  }
  return {
    async [Symbol.asyncDispose]() {
      listener.close() // which removes its socket
      path.close()
      await accepting?.then(({ end }) => end())
    },
  }
}

interface Accepting {
  take(socket: Socket): void
  end(): void
}

async function accept(methods: readonly Served[]): Promise<Accepting> {
  const { Server, ServerCredentials } = await import('@grpc/grpc-js')
  const server = new Server()
  const definition: Record<string, ServiceDefinition[string]> = {}
  const implementation: UntypedServiceImplementation = {}
  for (const { path, isStream, decode, encode, answer } of methods) {
    definition[path] = {
      path, requestStream: false, responseStream: isStream, requestDeserialize: decode,
      requestSerialize: (value: Buffer) => value, responseSerialize: encode as (value: unknown) => Buffer,
      responseDeserialize: (value: Buffer) => value,
    } // prettier-ignore
    implementation[path] = isStream ? streamHandler(answer) : unaryHandler(answer)
  }
  server.addService(definition, implementation)
  const injector = server.createConnectionInjector(ServerCredentials.createInsecure())
  return {
    take: socket => injector.injectConnection(socket),
    end() {
      injector.destroy()
      server.forceShutdown()
    },
  }
}

/** As the library hands a call to a server. */
interface IncomingCall {
  readonly request: unknown
  on(event: 'cancelled', listener: () => void): unknown
}
interface IncomingStream extends IncomingCall {
  write(answer: unknown): boolean
  once(event: 'drain' | 'close', listener: () => void): unknown
  removeListener(event: 'drain' | 'close', listener: () => void): unknown
  end(): void
  emit(event: 'error', error: unknown): boolean
}

interface Failure {
  readonly code: number
  readonly details: string
}
const failure = (error: unknown): Failure =>
  error instanceof RpcError
    ? { code: CODES.indexOf(error.code), details: error.details }
    : { code: CODES.indexOf('Unknown'), details: error instanceof Error ? error.message : String(error) }

const callerSignal = (call: IncomingCall): AbortSignal => {
  const gone = new AbortController()
  call.on('cancelled', () => gone.abort(new Error('the caller is gone')))
  return gone.signal
}

const unaryHandler =
  (answer: Served['answer']) =>
  (call: IncomingCall, done: (error: Failure | null, value?: unknown) => void): void => {
    const answered = answer as (request: unknown, signal: AbortSignal) => Promise<unknown>
    void Promise.resolve()
      .then(() => answered(call.request, callerSignal(call)))
      .then(
        value => done(null, value),
        (error: unknown) => done(failure(error)),
      )
  }

const streamHandler =
  (answer: Served['answer']) =>
  (call: IncomingStream): void => {
    const answers = answer as (request: unknown, signal: AbortSignal) => AsyncIterable<unknown>
    const signal = callerSignal(call)
    void (async () => {
      for await (const each of answers(call.request, signal)) {
        if (signal.aborted) break
        if (!call.write(each)) await drained(call, signal)
      }
      call.end()
    })().catch((error: unknown) => call.emit('error', failure(error)))
  }

const drained = (call: IncomingStream, signal: AbortSignal): Promise<void> =>
  new Promise(resolve => {
    const done = () => {
      call.removeListener('drain', done)
      signal.removeEventListener('abort', done)
      resolve()
    }
    call.once('drain', done)
    signal.addEventListener('abort', done, { once: true })
  })

interface ShortPath {
  readonly short: string
  close(): void
}

/** What the kernel takes as a socket's path, with the zero at its end. @see unix(7) */
const MOST_BYTES = 108

/** A path that the kernel takes, whatever the length of the folder's: through an open folder. */
function shortPath(path: string): ShortPath {
  if (Buffer.byteLength(path) < MOST_BYTES) return { short: path, close: () => undefined }
  const folder = openSync(dirname(path), 'r')
  let isOpen = true
  return {
    short: `/proc/self/fd/${folder}/${basename(path)}`,
    close() {
      if (isOpen) closeSync(folder)
      isOpen = false
    },
  }
}
