// HTTP/2 without TLS to the backend, as gRPC servers speak it: streams in both directions at once, trailers at the end.
import { type ClientHttp2Session, connect, constants, type IncomingHttpHeaders } from 'node:http2'
import { type IncomingMessage, ServerResponse } from 'node:http'
import type { Target } from './backends.ts'
import { type ClientResponse, type Exchange, flush, MAX_ATTEMPTS, orRefuse, refuse, setHead } from './exchange.ts'
import { endToEnd } from './headers.ts'

const IDLE_MS = 60_000
const CONNECT_TIMEOUT_MS = 3_000

/** gRPC needs HTTP/2 all the way, whatever the Service's port says of itself. */
export const isGrpc = ({ headers }: Pick<IncomingMessage, 'headers'>): boolean =>
  headers['content-type']?.startsWith('application/grpc') ?? false

export class H2Forwarder implements Disposable {
  readonly #sessions = new Map<string, Promise<ClientHttp2Session>>()

  forward(exchange: Exchange): void {
    this.#session(exchange.targets).then(
      session => orRefuse(exchange.response, () => stream(session, exchange)),
      () => refuse(exchange.response, 502, 'the backend does not answer'),
    )
  }

  /** The first of the targets that takes a connection; nothing of the request is sent before. */
  async #session(targets: readonly Target[]): Promise<ClientHttp2Session> {
    let failure: unknown = new Error('no endpoint')
    for (const target of targets.slice(0, MAX_ATTEMPTS)) {
      const key = `${target.ip.includes(':') ? `[${target.ip}]` : target.ip}:${target.port}`
      const opening = this.#sessions.get(key) ?? this.#connect(key)
      this.#sessions.set(key, opening)
      try {
        return await opening
      } catch (error) {
        failure = error
      }
    }
    throw failure
  }

  #connect(authority: string): Promise<ClientHttp2Session> {
    const opening = new Promise<ClientHttp2Session>((resolve, reject) => {
      const session = connect(`http://${authority}`)
      const forget = () => {
        if (this.#sessions.get(authority) === opening) this.#sessions.delete(authority)
      }
      const timer = setTimeout(() => session.destroy(new Error('no answer')), CONNECT_TIMEOUT_MS)
      session.once('connect', () => {
        clearTimeout(timer)
        resolve(session)
      })
      session.on('error', error => {
        clearTimeout(timer)
        forget()
        reject(error)
      })
      session.once('goaway', forget) // streams under way end on it; the next ones go over a new one
      session.once('close', forget)
      session.setTimeout(IDLE_MS, () => session.close())
    })
    return opening
  }

  [Symbol.dispose](): void {
    for (const opening of this.#sessions.values())
      opening.then(
        session => session.destroy(),
        () => undefined,
      )
    this.#sessions.clear()
  }
}

function stream(session: ClientHttp2Session, exchange: Exchange): void {
  const { request, response, asked, path, answered, backendTimeoutMs } = exchange
  const { host, ...headers } = exchange.headers
  const sent = session.request({
    ...headers,
    ...(isGrpc(request) && { te: 'trailers' }),
    [constants.HTTP2_HEADER_METHOD]: request.method ?? 'GET',
    [constants.HTTP2_HEADER_PATH]: path,
    [constants.HTTP2_HEADER_SCHEME]: asked.isEncrypted ? 'https' : 'http',
    [constants.HTTP2_HEADER_AUTHORITY]: String(host),
  })
  response.once('close', () => sent.close(constants.NGHTTP2_CANCEL))
  if (backendTimeoutMs !== undefined) {
    const timer = setTimeout(() => {
      refuse(response, 504, 'the backend does not answer')
      sent.close(constants.NGHTTP2_CANCEL)
    }, backendTimeoutMs)
    sent.once('close', () => clearTimeout(timer))
  }
  request.pipe(sent)
  sent.once('error', () => refuse(response, 502, 'the backend does not answer'))
  sent.once('response', (answer, flags) => {
    orRefuse(response, () => passOn(answer, flags))
  })
  function passOn(answer: IncomingHttpHeaders, flags: number): void {
    setHead(response, Number(answer[constants.HTTP2_HEADER_STATUS] ?? 502), answered(endToEnd(answer)))
    // Headers that end the stream — how gRPC tells an error — must still end it on the other side.
    if (flags & constants.NGHTTP2_FLAG_END_STREAM) return void response.end()
    flush(response)
    sent.on('data', (chunk: Buffer) => {
      if (!write(response, chunk)) sent.pause()
    })
    response.on('drain', () => sent.resume())
    sent.once('trailers', trailers => orRefuse(response, () => addTrailers(response, trailers)))
    sent.once('end', () => response.end())
  }
}

const write = (response: ClientResponse, chunk: Buffer): boolean =>
  response instanceof ServerResponse ? response.write(chunk) : response.write(chunk)

function addTrailers(response: ClientResponse, trailers: IncomingHttpHeaders): void {
  for (const [name, value] of Object.entries(trailers))
    if (value !== undefined && !name.startsWith(':')) response.addTrailers({ [name]: String(value) })
}
