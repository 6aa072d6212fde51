// Calls to an etcd cluster: deadlines on everything, from one endpoint to the next when it does not answer, and a
// token that is renewed. It knows what may be repeated, not what is asked.
import { readFile } from 'node:fs/promises'
import {
  type ChannelCredentials,
  Client,
  type ClientDuplexStream,
  credentials,
  Metadata,
  type ServiceError,
} from '@grpc/grpc-js'
import { type Clock, delay } from '../../../shared/machinery/clock.ts'
import { StoreError } from '../contract.ts'
import { failureKind, isServiceError, toStoreError } from './failures.ts'
import { authenticateMethod, type Method } from './messages.ts'

export interface TlsFiles {
  /** PEM texts, or paths of PEM files. */
  readonly ca?: string
  readonly cert?: string
  readonly key?: string
}

export interface ConnectionOptions {
  /** `http://host:port` or `https://host:port`. */
  readonly endpoints: readonly string[]
  readonly tls?: TlsFiles
  readonly auth?: { readonly username: string; readonly password: string }
  readonly clock: Clock
  /** How long a call may take over all endpoints. */
  readonly requestTimeoutMs: number
}

export interface CallOptions {
  /** The call may be repeated although it may have happened: it changes nothing, or the same again. */
  readonly repeatable: boolean
  /** What is tried, as the start of a sentence for the error. */
  readonly doing: string
}

const FIRST_PAUSE_MS = 50
const LAST_PAUSE_MS = 500

const CHANNEL_OPTIONS = {
  'grpc.keepalive_time_ms': 10_000,
  'grpc.keepalive_timeout_ms': 5_000,
  'grpc.keepalive_permit_without_calls': 1,
  'grpc.initial_reconnect_backoff_ms': 100,
  'grpc.min_reconnect_backoff_ms': 100,
  'grpc.max_reconnect_backoff_ms': 1_000,
  // One answer may hold a thousand revisions of a watch that catches up.
  'grpc.max_receive_message_length': -1,
  'grpc.max_send_message_length': -1,
  'grpc.enable_http_proxy': 0,
  'grpc.use_local_subchannel_pool': 1,
}

/** @throws StoreError `Unavailable` when a certificate file cannot be read */
export async function openConnection(options: ConnectionOptions): Promise<EtcdConnection> {
  const tls = await readTls(options.tls)
  return new EtcdConnection(
    options,
    options.endpoints.map(endpoint => {
      const url = new URL(endpoint)
      return new Client(url.host, url.protocol === 'https:' ? tls() : credentials.createInsecure(), CHANNEL_OPTIONS)
    }),
  )
}

async function readTls({ ca, cert, key }: TlsFiles = {}): Promise<() => ChannelCredentials> {
  const [caPem, certPem, keyPem] = await Promise.all([ca, cert, key].map(readPem))
  if (!certPem !== !keyPem)
    throw new StoreError('Unavailable', "etcd's client certificate and its key go together: one is missing")
  return () => credentials.createSsl(caPem ?? null, keyPem ?? null, certPem ?? null)
}

async function readPem(source: string | undefined): Promise<Buffer | undefined> {
  if (source === undefined) return undefined
  if (source.includes('-----BEGIN ')) return Buffer.from(source)
  try {
    return await readFile(source)
  } catch (error) {
    throw new StoreError('Unavailable', `${source} cannot be read (${String(error)})`, { cause: error })
  }
}

export class EtcdConnection implements Disposable {
  readonly #options: ConnectionOptions
  readonly #clients: readonly Client[]
  /** Counts up; the endpoint in use is this modulo their number. */
  #turn = 0
  #token: Promise<string> | undefined
  /** A call has used up its time: until something answers again, callers learn that sooner. */
  #silent = false

  constructor(options: ConnectionOptions, clients: readonly Client[]) {
    this.#options = options
    this.#clients = clients
  }

  /**
   * @throws ServiceError when etcd refuses the call, or when it failed and must not be repeated
   * @throws StoreError `Unavailable` when no endpoint answered in time
   */
  async call<Request, Response>(
    method: Method<Request, Response>,
    request: Request,
    { repeatable, doing }: CallOptions,
  ): Promise<Response> {
    const { clock, requestTimeoutMs } = this.#options
    const bytes = method.encode(request)
    const until = clock.monotonic() + (this.#silent ? requestTimeoutMs / 5 : requestTimeoutMs)
    let renewed = false
    let leaderless = false
    for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(pauseMs * 2, LAST_PAUSE_MS)) {
      const turn = this.#turn
      try {
        const answer = await this.#once(method.path, bytes, this.#attemptMs(until, repeatable))
        this.#silent = false
        return method.decode(answer)
      } catch (error) {
        if (!isServiceError(error)) throw error
        const kind = failureKind(error)
        if (kind === 'token' && !renewed && this.#options.auth) {
          renewed = true
          this.#token = undefined
          continue
        }
        if (kind === 'refused' || kind === 'token') throw error
        this.#leave(turn)
        leaderless ||= error.details.includes('no leader')
        if (kind === 'unknown' && !repeatable) throw error
        if (clock.monotonic() + pauseMs >= until) throw this.#unanswered(error, doing, leaderless)
        await delay(clock, pauseMs)
      }
    }
  }

  /** Opens a stream at the endpoint in use. Whoever sees it fail calls `fail`, which chooses the next endpoint. */
  async stream<Request, Response>(
    method: Method<Request, Response>,
  ): Promise<{ stream: ClientDuplexStream<Request, Response>; fail: () => void }> {
    const turn = this.#turn
    const fail = () => {
      this.#token = undefined // it may be what was refused
      this.#leave(turn)
    }
    let metadata: Metadata
    try {
      metadata = await this.#metadata()
    } catch (error) {
      fail()
      throw error
    }
    const stream = this.#client().makeBidiStreamRequest(
      method.path,
      (message: Request) => method.encode(message),
      (answer: Buffer) => method.decode(answer),
      metadata,
    )
    return { stream, fail }
  }

  [Symbol.dispose](): void {
    for (const client of this.#clients) client.close()
  }

  #client(): Client {
    const client = this.#clients[this.#turn % this.#clients.length]
    if (!client) throw new TypeError('at least one endpoint of etcd is needed')
    return client
  }

  /** Goes to the next endpoint, unless somebody else has done so since `turn`. */
  #leave(turn: number): void {
    if (this.#turn === turn) this.#turn++
  }

  /** A read is asked elsewhere before the time is over; a write gets all of it, for it is asked only once. */
  #attemptMs(until: number, repeatable: boolean): number {
    const leftMs = Math.max(1, until - this.#options.clock.monotonic())
    return repeatable && this.#clients.length > 1 ? Math.min(leftMs, this.#options.requestTimeoutMs / 3) : leftMs
  }

  async #once(path: string, request: Buffer, timeoutMs: number): Promise<Buffer> {
    return this.#unary(path, request, await this.#metadata(), timeoutMs)
  }

  #unary(path: string, request: Buffer, metadata: Metadata, timeoutMs: number): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      this.#client().makeUnaryRequest(
        path,
        (bytes: Buffer) => bytes,
        (bytes: Buffer) => bytes,
        request,
        metadata,
        { deadline: Date.now() + timeoutMs },
        (error: ServiceError | null, answer?: Buffer) => {
          if (answer && !error) resolve(answer)
          else reject(error ?? new Error('etcd answered nothing'))
        },
      )
    })
  }

  async #metadata(): Promise<Metadata> {
    const metadata = new Metadata()
    // A member that is cut off from the others refuses at once instead of keeping the caller waiting.
    metadata.set('hasleader', 'true')
    if (this.#options.auth) metadata.set('token', await this.#login(this.#options.auth))
    return metadata
  }

  #login({ username, password }: { username: string; password: string }): Promise<string> {
    if (this.#token) return this.#token
    const request = authenticateMethod.encode({ name: username, password })
    const token = this.#unary(
      authenticateMethod.path,
      request,
      new Metadata(),
      this.#options.requestTimeoutMs / 3,
    ).then(bytes => authenticateMethod.decode(bytes).token)
    this.#token = token
    token.catch(() => {
      if (this.#token === token) this.#token = undefined
    })
    return token
  }

  #unanswered(error: ServiceError, doing: string, leaderless: boolean): StoreError {
    this.#silent = true
    const where = this.#options.endpoints.join(', ')
    const why = leaderless ? `etcd at ${where} has no quorum` : `no answer from etcd at ${where}`
    const { message } = toStoreError(error, doing)
    const remedy = leaderless ? 'more than half of its members must run' : 'check --store and whether etcd runs there'
    return new StoreError('Unavailable', `${why}: ${withoutNotes(message)}: ${remedy}`, { cause: error })
  }
}

/** gRPC says first that there is no connection, then why, then notes that may be empty. */
const withoutNotes = (message: string): string =>
  message
    .replace(/No connection established\. Last error: (Error: )?/, '')
    .replace(/\.? ?Resolution note:.*$/s, '')
    .trim()
