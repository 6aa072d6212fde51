// An API server of somebody else's that an APIService names: connections to it, and requests in a user's name.
// @see https://kubernetes.io/docs/tasks/extend-kubernetes/configure-aggregation-layer/#kubernetes-apiserver-client-authentication
import { request as httpRequest } from 'node:http'
import type { Duplex } from 'node:stream'
import { connect as connectTls, type TLSSocket } from 'node:tls'
import type { APIService } from '../../../shared/api/apiregistration/v1.ts'
import { ApiError } from '../../../shared/machinery/status.ts'
import { withoutUpgrade } from '../../../shared/machinery/unasked-upgrade.ts'
import type { KeyPair } from '../../pki/pki.ts'
import { decodeBody } from '../codec/decode-body.ts'
import { forward } from '../proxy/forward.ts'
import type { ApiRequest, ApiResponse, UserInfo } from '../request.ts'
import type { DialService } from '../webhook/service-dialer.ts'
import { Trust } from '../../pki/namesakes.ts'

const MAX_DOCUMENT_BYTES = 8 * 1024 * 1024
/** For a connection that is to be a client's: the client itself may be patient. */
const CONNECT_MS = 10_000

export interface RemoteDocument {
  readonly bytes: Buffer
  readonly contentType: string
  readonly etag: string | undefined
}

export interface RemoteParts {
  readonly dialService: DialService
  /** Proves that a request comes from this API server, whose word on the user then counts. */
  readonly frontProxy: KeyPair
}

/** Header values are bytes: names that are not ASCII travel as UTF-8, as Go sends them. */
const asHeader = (text: string): string => Buffer.from(text, 'utf8').toString('latin1')

/** Who asks, as extension API servers read it. */
export function identityHeaders({ name, uid, groups, extra }: UserInfo): [string, string[]][] {
  return [
    ['x-remote-user', [asHeader(name)]],
    ...(uid ? [['x-remote-uid', [asHeader(uid)]] as [string, string[]]] : []),
    ['x-remote-group', groups.map(asHeader)],
    ...Object.entries(extra ?? {}).map(([key, values]): [string, string[]] => [
      `x-remote-extra-${encodeURIComponent(key)}`,
      values.map(asHeader),
    ]),
  ]
}

const unreachable = (why: string) => new ApiError(503, 'ServiceUnavailable', `error trying to reach service: ${why}`)
const asUnreachable = (error: unknown) => (error instanceof ApiError ? error : unreachable((error as Error).message))

export class RemoteService {
  readonly #service: { readonly namespace: string; readonly name: string; readonly port: number }
  readonly #spec: APIService['spec']
  readonly #parts: RemoteParts
  readonly #trust: Trust

  constructor({ spec }: APIService, parts: RemoteParts) {
    const { namespace = '', name = '', port = 443 } = spec.service ?? {}
    this.#service = { namespace, name, port }
    this.#spec = spec
    this.#parts = parts
    this.#trust = new Trust(spec.caBundle ? Buffer.from(spec.caBundle, 'base64') : undefined)
  }

  get host(): string {
    return `${this.#service.name}.${this.#service.namespace}.svc`
  }

  /**
   * @param signal gives up; what is under way then is closed. It has no say over the connection that is returned
   * @throws ApiError 503 when it cannot be reached, or is not who it should be
   */
  async connect(signal: AbortSignal): Promise<TLSSocket> {
    try {
      return await this.#known(signal)
    } catch (error) {
      throw asUnreachable(error)
    }
  }

  async #known(signal: AbortSignal): Promise<TLSSocket> {
    const isAnybody = this.#spec.insecureSkipTLSVerify === true
    try {
      return await this.#shakeHands(signal, isAnybody)
    } catch (error) {
      if (!(await this.#trust.reconsiders(error, () => this.#shakeHands(signal, true)))) throw error
      return this.#shakeHands(signal)
    }
  }

  /** @param withAnybody whoever it is */
  async #shakeHands(signal: AbortSignal, withAnybody = false): Promise<TLSSocket> {
    const { frontProxy } = this.#parts
    const socket = await this.#dial(signal)
    return new Promise((resolve, reject) => {
      const secured = connectTls({
        socket,
        servername: this.host,
        cert: frontProxy.certPem,
        key: frontProxy.keyPem,
        rejectUnauthorized: !withAnybody,
        ...this.#trust.options,
      })
      // Stays, for errors that come after the handshake: whoever uses the connection sees its end.
      secured.on('error', reject)
      const giveUp = () => {
        reject(unreachable('it does not finish the TLS handshake'))
        secured.destroy()
        socket.destroy()
      }
      signal.addEventListener('abort', giveUp)
      secured.once('close', () => {
        signal.removeEventListener('abort', giveUp)
        reject(unreachable('it closed the connection'))
        socket.destroy()
      })
      secured.once('secureConnect', () => {
        signal.removeEventListener('abort', giveUp)
        resolve(secured)
      })
    })
  }

  /** A connection that comes too late is closed. */
  #dial(signal: AbortSignal): Promise<Duplex> {
    return new Promise((resolve, reject) => {
      const giveUp = () => reject(unreachable('it cannot be connected to in time'))
      if (signal.aborted) return giveUp()
      signal.addEventListener('abort', giveUp)
      this.#parts
        .dialService(this.#service)
        .then(
          socket => {
            if (!signal.aborted) return resolve(socket)
            socket.on('error', () => undefined)
            socket.destroy()
          },
          (error: unknown) => reject(unreachable(error instanceof Error ? error.message : String(error))),
        )
        .finally(() => signal.removeEventListener('abort', giveUp))
    })
  }

  /** Sends a client's request on, as its user; answers and upgraded connections are streamed. */
  forward(request: ApiRequest): Promise<ApiResponse> {
    const search = request.query.size > 0 ? `?${request.query}` : ''
    return forward(
      { dial: () => this.connect(AbortSignal.any([request.signal, AbortSignal.timeout(CONNECT_MS)])) },
      {
        nodeName: '',
        target: this.host,
        path: `${request.info.path}${search}`,
        identity: identityHeaders(request.user),
      },
      request,
    )
  }

  /**
   * GET of a document.
   * @param asked what it may look like, and the ETag of what was read before
   * @returns undefined when it is still that
   * @throws Error that says what went wrong, also for an answer that is no success
   */
  async read(
    path: string,
    user: UserInfo,
    timeoutMs: number,
    { accept = 'application/json', known }: { readonly accept?: string; readonly known?: string | undefined } = {},
  ): Promise<RemoteDocument | undefined> {
    const signal = AbortSignal.timeout(timeoutMs)
    const socket = await this.connect(signal)
    try {
      return await new Promise<RemoteDocument | undefined>((resolve, reject) => {
        const headers = { ...Object.fromEntries(identityHeaders(user)), accept, host: this.host, connection: 'close', ...(known ? { 'if-none-match': known } : {}) } // prettier-ignore
        const sent = httpRequest({ path, headers, signal, createConnection: () => socket }, answer => {
          const chunks: Buffer[] = []
          let length = 0
          answer.on('data', (chunk: Buffer) => {
            chunks.push(chunk)
            length += chunk.length
            if (length > MAX_DOCUMENT_BYTES) sent.destroy(new Error('the document is too long'))
          })
          answer.on('error', reject)
          answer.on('end', () => {
            const { statusCode = 0, headers: told } = answer
            if (statusCode === 304 && known) resolve(undefined)
            else if (statusCode < 200 || statusCode > 299) reject(new Error(`bad status from ${path}: ${statusCode}`))
            else resolve({ bytes: Buffer.concat(chunks), contentType: told['content-type'] ?? '', etag: told.etag })
          })
        })
        withoutUpgrade(sent).on('error', reject)
        sent.end()
      })
    } finally {
      socket.destroy()
    }
  }
}

/** @throws ApiError for a document that is no JSON */
export const jsonOf = async ({ bytes }: RemoteDocument): Promise<unknown> =>
  (await decodeBody('application/json', bytes, MAX_DOCUMENT_BYTES)).value
