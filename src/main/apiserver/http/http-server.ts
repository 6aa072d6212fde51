// HTTP/1.1 and HTTP/2 over TLS: connections in, ApiRequests out, answers back, and no socket left behind.
import { randomUUID } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { createSecureServer, type Http2SecureServer } from 'node:http2'
import { type AddressInfo, Server as NetServer } from 'node:net'
import type { Duplex, Readable } from 'node:stream'
import type { TLSSocket } from 'node:tls'
import type { Clock } from '../../../shared/machinery/clock.ts'
import { MAX_HEADER_BYTES } from '../../../shared/machinery/header-size.ts'
import type { Log } from '../../../shared/machinery/log.ts'
import { PassingThrough } from '../../../shared/machinery/passing-through.ts'
import { ApiError, internalError, tooLate } from '../../../shared/machinery/status.ts'
import type { Authenticator } from '../authn/authenticator.ts'
import type { Revocations } from '../authn/revocations.ts'
import type { Sessions } from '../authn/session.ts'
import type { ApiRequest, ApiResponse, Handler, UserInfo } from '../request.ts'
import { ConnectionGuard, type ConnectionLimits, DEFAULT_CONNECTION_LIMITS } from './connection-guard.ts'
import { ConnectionCertificates } from './connection-certificates.ts'
import { isAllowedHost } from './hosts.ts'
import { type Headers, headersOf, type Incoming, tlsSocketOf } from './incoming.ts'
import { IncomingRequest } from './incoming-request.ts'
import { declaredLength, lazyBody, NO_BODY } from './lazy-body.ts'
import { readBody } from './read-body.ts'
import { parseRequestInfo } from './request-info.ts'
import { RequestLife } from './request-life.ts'
import { isForPeople } from './indent-json.ts'
import { type Target, targetOf } from './target.ts'
import { mayBePage, type Ui } from './ui.ts'
import { Warnings } from './warnings.ts'
import { writeRawResponse } from './write-raw-response.ts'
import { isForWebSocket, writeWebSocket } from './write-web-socket.ts'
import { SharedBytes } from './shared-bytes.ts'
import { UnreadAnswers, type UnreadLimits } from './unread-answers.ts'
import { cutOff, type Response, writeResponse } from './write-response.ts'

/** What a client may send of a body before somebody reads it. */
const WINDOW_BYTES = 1024 * 1024
const SESSION_WINDOW_BYTES = 8 * 1024 * 1024
/** Of all bodies of requests that are read or worked on. */
const BODY_BYTES = 256 * 1024 * 1024
/** How long running requests may take to end when the server closes. */
const DRAIN_MS = 2_000

export interface HttpServerOptions {
  readonly tls: { readonly certPem: string; readonly keyPem: string; readonly caPem: string }
  /** Names by which the server may be called, lower case. */
  readonly names: ReadonlySet<string>
  readonly authenticator: Authenticator
  readonly revocations: Revocations
  readonly sessions: Pick<Sessions, 'whenOver'>
  readonly handle: Handler
  readonly ui: Ui | undefined
  readonly log: Log
  /** An answer that is no page, stream or watch went out, of so many bytes before they were compressed. */
  readonly onSent?: ((request: ApiRequest, bytes: number) => void) | undefined
  /** Told of requests whose log-in is refused, before they are answered. */
  readonly onRefused?: ((request: ApiRequest, error: ApiError, hasCertificate: boolean) => Promise<void>) | undefined
  readonly clock: Clock
  readonly limits?: ConnectionLimits | undefined
  readonly unreadLimits?: UnreadLimits | undefined
  /** Of all bodies of requests that are read or worked on. Default: 256 MiB. */
  readonly bodyBytes?: number | undefined
  /** Value of the header in every answer. */
  readonly strictTransportSecurity?: string | undefined
}

export interface HttpServer extends AsyncDisposable {
  /** @returns the address really bound; port 0 picks a free one */
  listen(address: { readonly host: string; readonly port: number }): Promise<AddressInfo>
  /** Takes a new serving certificate for connections from now on. */
  setCertificate(tls: { readonly certPem: string; readonly keyPem: string }): void
}

/**
 * How connections are secured. The certificate is given with its authority's: left to find that, OpenSSL builds and
 * checks the same chain anew for every handshake.
 */
const contextOf = (tls: { readonly certPem: string; readonly keyPem: string }, caPem: string) => ({
  cert: `${tls.certPem}${caPem}`,
  key: tls.keyPem,
  ca: caPem,
  minVersion: 'TLSv1.2' as const,
})

/** What comes with these is nobody's business. */
const hasNoBody = (method: string | undefined) => method === undefined || method === 'GET' || method === 'HEAD'

const NOBODY: UserInfo = { name: '', groups: [] }

const clientGone = () => new ApiError(499, 'ClientClosedRequest', 'the client went away')

export function createHttpServer(options: HttpServerOptions): HttpServer {
  const { authenticator, revocations, sessions, handle, log, names, tls, ui, clock, onRefused, onSent } = options
  const { limits = DEFAULT_CONNECTION_LIMITS, strictTransportSecurity } = options
  const guard = new ConnectionGuard(limits, clock)
  const unread = new UnreadAnswers(clock, options.unreadLimits)
  const bodies = new SharedBytes(options.bodyBytes ?? BODY_BYTES, 'newest')
  const running = new PassingThrough<RequestLife>()
  const sockets = new Set<Duplex>()
  const certificates = new ConnectionCertificates(revocations)

  const server: Http2SecureServer = createSecureServer({
    ...contextOf(tls, tls.caPem),
    allowHTTP1: true,
    requestCert: true,
    rejectUnauthorized: false,
    maxSessionMemory: 256,
    handshakeTimeout: limits.headerMs,
    settings: { initialWindowSize: WINDOW_BYTES, maxConcurrentStreams: 1000, maxHeaderListSize: MAX_HEADER_BYTES },
  })
  Object.assign(server, {
    keepAliveTimeout: limits.keepAliveMs,
    requestTimeout: 0,
    maxHeaderSize: MAX_HEADER_BYTES,
    maxConnections: limits.maxConnections,
  })

  /** @throws ApiError 401, 403, 421 */
  async function requestOf(
    incoming: Incoming,
    headers: Headers,
    target: Target,
    warnings: Warnings,
    answerHeaders: Record<string, string>,
    life: RequestLife,
    drop: () => void,
    upgrade?: ApiRequest['upgrade'],
  ): Promise<ApiRequest> {
    const method = incoming.method ?? 'GET'
    const certificate = certificates.of(incoming)
    const { remoteAddress } = tlsSocketOf(incoming)
    const { path, query } = target
    const annotations: Record<string, string> = {}
    const requestAs = (user: UserInfo): ApiRequest => {
      const info = parseRequestInfo(method, path, query)
      const isRead = !hasNoBody(method) || info.subresource === 'proxy'
      // It would fill the connection's window, for as long as a watch lasts.
      if (!isRead && !upgrade) (incoming as Readable).resume()
      const content = isRead ? lazyBody(incoming as Readable, headers, user.name, hold(user.name)) : NO_BODY
      return new IncomingRequest(
        {
          method,
          info,
          query,
          headers,
          annotations,
          content,
          life,
          remoteAddress,
          warnings,
          answerHeaders,
          drop,
          upgrade,
        },
        user,
      )
    }
    const hold = (user: string) => (refuse: () => void) => {
      const held = bodies.hold(user, 0, refuse)
      life.whenOver(held.release)
      return held
    }
    try {
      const authenticated = authenticator.authenticate({
        headers,
        method,
        path,
        isUpgrade: upgrade !== undefined,
        certificateUser: certificate.user,
        certificateRejected: certificate.isRejected,
        annotations,
      })
      const user = authenticated instanceof Promise ? await authenticated : authenticated
      if (!certificate.user && headers.cookie !== undefined) life.whenOver(sessions.whenOver(headers, drop))
      return requestAs(user)
    } catch (error) {
      if (error instanceof ApiError) await onRefused?.(requestAs(NOBODY), error, certificate.isGiven)
      throw error
    }
  }

  function assertHost(incoming: Incoming, headers: Headers): void {
    const { host = '' } = headers
    if (isAllowedHost(host, names, tlsSocketOf(incoming).localAddress)) return
    throw new ApiError(421, 'MisdirectedRequest', `this server does not answer for the host ${JSON.stringify(host)}`)
  }

  const statusOf = (error: unknown): ApiResponse => {
    const known =
      error instanceof ApiError ? error : internalError(error instanceof Error ? error.message : String(error))
    if (!(error instanceof ApiError)) log.error({ err: error }, 'a request failed')
    return { code: known.code, object: known.status }
  }

  async function onRequest(incoming: Incoming, response: Response): Promise<void> {
    const life = new RequestLife()
    const place = running.add(life)
    const headers = headersOf(incoming)
    const auditId = (headers['audit-id'] ??= randomUUID())
    const warnings = new Warnings()
    const answerHeaders: Record<string, string> = {}
    let target: Target | undefined
    let user = NOBODY
    let asked: ApiRequest | undefined
    const { socket: connection } = incoming
    guard.begin(connection)
    response.once('close', () => {
      running.delete(place)
      life.over()
      guard.end(connection)
      // An answer that is complete leaves nothing to stop; making an error for it would cost more than sending it.
      // Not `writableFinished`: HTTP/2 says so of every answer that is closed.
      if (!response.writableEnded) life.end(clientGone())
    })
    response.on('error', () => undefined)
    if (strictTransportSecurity) response.setHeader('strict-transport-security', strictTransportSecurity)
    let answer: ApiResponse
    try {
      assertHost(incoming, headers)
      target = targetOf(incoming.url ?? '')
      const page = mayBePage(target.path)
        ? await ui?.answer({
            method: incoming.method ?? 'GET',
            path: target.path,
            headers,
            body: maxBytes => readBody(incoming as Readable, declaredLength(headers), { maxBytes }),
          })
        : undefined
      if (page) answer = page
      else {
        const drop = () => cutOff(response)
        asked = await requestOf(incoming, headers, target, warnings, answerHeaders, life, drop)
        ;({ user } = asked)
        answer = await handle(asked)
      }
    } catch (error) {
      answer = statusOf(error)
    }
    if (life.ended && response.writableEnded) return
    // Nobody is there for whom it could be encoded. Streams are ended by who writes them.
    if (life.isOver && !('frames' in answer || 'stream' in answer)) return
    if ((answer.code === 413 || answer.code === 408) && incoming.httpVersionMajor === 1)
      response.setHeader('connection', 'close')
    const bytes = await writeResponse(response, answer, {
      accept: headers.accept,
      acceptEncoding: headers['accept-encoding'],
      pretty: isForPeople(target?.query.get('pretty'), headers),
      warnings,
      answerHeaders,
      auditId,
      life,
      unread,
      user: user.name,
      head: incoming.method === 'HEAD',
    })
    life.answered()
    if (asked && bytes !== undefined) onSent?.(asked, bytes)
    // What came too late still waits for somebody, such as an extension server.
    if (answer.code === 504) life.end(tooLate())
    // What is left of a refused body is read and dropped, so that the client gets to see the answer.
    if (!(incoming as Readable).readableEnded) (incoming as Readable).resume()
  }

  async function onUpgrade(incoming: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    const life = new RequestLife()
    const place = running.add(life)
    guard.release(incoming.socket)
    const headers = headersOf(incoming)
    socket.once('close', () => {
      running.delete(place)
      life.over()
      life.end(clientGone())
    })
    socket.on('error', () => undefined)
    let answer: ApiResponse
    try {
      assertHost(incoming, headers)
      const request = await requestOf(
        incoming,
        headers,
        targetOf(incoming.url ?? ''),
        new Warnings(),
        {},
        life,
        () => socket.destroy(),
        { socket, head },
      )
      answer = await handle(request)
    } catch (error) {
      answer = statusOf(error)
    }
    // The connection may stay open for as long as its client likes.
    life.answered()
    if (isForWebSocket(incoming, answer)) await writeWebSocket(incoming, socket, head, answer, life.signal)
    else if (!('hijacked' in answer)) await writeRawResponse(socket, answer, life.signal)
  }

  const failed = (socket: { destroy(): unknown }) => (error: unknown) => {
    log.warn({ err: error }, 'an answer could not be written')
    socket.destroy()
  }
  server.on('request', (incoming, response) => {
    onRequest(incoming, response).catch(failed(response.stream ?? incoming.socket))
  })
  server.on('upgrade', (incoming: IncomingMessage, socket: Duplex, head: Buffer) => {
    onUpgrade(incoming, socket, head).catch(failed(socket))
  })
  server.on('session', session => {
    guard.addSession(session)
    session.setLocalWindowSize(SESSION_WINDOW_BYTES)
    session.on('error', () => undefined)
  })
  server.on('secureConnection', (socket: TLSSocket) => {
    socket.setNoDelay(true)
    if (socket.alpnProtocol !== 'h2') guard.add(socket)
  })
  server.on('connection', (socket: Duplex) => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
    socket.on('error', () => undefined)
  })
  server.on('tlsClientError', () => undefined)
  server.on('sessionError', () => undefined)

  return {
    listen: ({ host, port }) =>
      new Promise((resolve, reject) => {
        server.once('error', reject)
        server.listen({ host, port, backlog: 1024 }, () => {
          server.off('error', reject)
          server.on('error', error => log.error({ err: error }, 'the listener failed'))
          resolve(server.address() as AddressInfo)
        })
      }),
    setCertificate: renewed => server.setSecureContext(contextOf(renewed, tls.caPem)),
    async [Symbol.asyncDispose]() {
      guard[Symbol.dispose]()
      if (!server.listening) return
      // It only stops listening. HTTP/2's own way refuses, in newer Nodes, what open connections still ask.
      const closed = new Promise<void>(resolve => NetServer.prototype.close.call(server, () => resolve()))
      for (const life of running) life.end(new ApiError(503, 'ServiceUnavailable', 'the server is closing'))
      const destroyAll = () => {
        for (const socket of sockets) socket.destroy()
      }
      const timer = setTimeout(destroyAll, running.size > 0 ? DRAIN_MS : 0)
      const idle = setInterval(() => {
        if (running.size === 0) destroyAll()
      }, 10)
      await closed
      clearTimeout(timer)
      clearInterval(idle)
      // Nothing is open any more; what Node itself keeps for the server ends with it.
      server.close(() => undefined)
    },
  }
}
