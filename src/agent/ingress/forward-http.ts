// HTTP/1.1 to the backend: bodies stream both ways, connections are kept for the next request.
import { Agent, type ClientRequest as BackendRequest, type IncomingMessage, request as httpRequest } from 'node:http'
import { Agent as TlsAgent, request as httpsRequest } from 'node:https'
import { pipeline } from 'node:stream'
import type { Target } from './backends.ts'
import {
  ANSWER_TIMEOUT_MS,
  type Exchange,
  flush,
  hasBody,
  MAX_ATTEMPTS,
  orRefuse,
  refuse,
  setHead,
} from './exchange.ts'
import { endToEnd } from './headers.ts'
import { withoutUpgrade } from '../../shared/machinery/unasked-upgrade.ts'

/** Shorter than what servers keep idle connections for, so that they seldom close one that is about to be used. */
const IDLE_MS = 4_000
/** After this the next endpoint gets its turn. */
const CONNECT_TIMEOUT_MS = 3_000
const TIMEOUT = 'timeout'

export class HttpForwarder implements Disposable {
  readonly #agent = new Agent({ keepAlive: true, timeout: IDLE_MS })
  /** Backends have certificates of their own making: encrypted, not verified. */
  readonly #tlsAgent = new TlsAgent({ keepAlive: true, timeout: IDLE_MS, rejectUnauthorized: false })

  forward(exchange: Exchange, attempt = 0): void {
    const { request, response, targets, backendTimeoutMs } = exchange
    const target = targets[attempt % targets.length]
    if (!target) return refuse(response, 503, 'no endpoint serves this')
    const isStreaming = hasBody(request)
    const sent = this.#open(exchange, target, isStreaming)
    let hasStarted = false
    const abandon = () => sent.destroy()
    response.once('close', abandon)
    const giveUp = () => sent.destroy(new Error(TIMEOUT))
    const timer = setTimeout(giveUp, ANSWER_TIMEOUT_MS)
    if (backendTimeoutMs !== undefined) {
      const whole = setTimeout(giveUp, backendTimeoutMs)
      sent.once('close', () => clearTimeout(whole))
    }
    sent.once('error', error => {
      clearTimeout(timer)
      response.removeListener('close', abandon)
      if (response.destroyed || response.writableEnded) return
      // Nothing of the body is gone yet, and no server has seen the request: the next endpoint may have it.
      const isLate = error.message === TIMEOUT
      const isFresh = !hasStarted || (sent.reusedSocket && !isStreaming && !isLate)
      if (isFresh && !response.headersSent && attempt + 1 < MAX_ATTEMPTS) return this.forward(exchange, attempt + 1)
      refuse(response, isLate ? 504 : 502, 'the backend does not answer')
    })
    withoutUpgrade(sent).once('response', answer => {
      clearTimeout(timer)
      if (answer.statusCode === 101) return refuse(response, 502, 'the backend changes the protocol')
      orRefuse(exchange.response, () => pass(answer, exchange))
    })
    sent.once('socket', socket => {
      const cancel = setTimeout(giveUp, CONNECT_TIMEOUT_MS)
      sent.once('close', () => clearTimeout(cancel))
      const start = () => {
        clearTimeout(cancel)
        hasStarted = true
        if (isStreaming)
          pipeline(request, sent, () => undefined) // a client that is gone ends the exchange by `close`
        else sent.end()
      }
      if (sent.reusedSocket) start()
      else socket.once(target.protocol === 'https' ? 'secureConnect' : 'connect', start)
    })
  }

  #open(
    { request, path, headers: asked }: Exchange,
    { ip, port, protocol }: Target,
    isStreaming: boolean,
  ): BackendRequest {
    const headers = { ...asked }
    if (isStreaming && headers['content-length'] === undefined) headers['transfer-encoding'] = 'chunked'
    const options = { host: ip, port, path, method: request.method, headers, setHost: false }
    // A body cannot be sent twice: it never meets a kept connection that the server is just closing.
    if (protocol === 'https')
      return httpsRequest({ ...options, agent: isStreaming ? false : this.#tlsAgent, rejectUnauthorized: false })
    return httpRequest({ ...options, agent: isStreaming ? false : this.#agent })
  }

  [Symbol.dispose](): void {
    this.#agent.destroy()
    this.#tlsAgent.destroy()
  }
}

function pass(answer: IncomingMessage, { response, request, answered }: Exchange): void {
  setHead(response, answer.statusCode ?? 502, answered(endToEnd(answer.headers)))
  if (request.method === 'HEAD') {
    answer.resume()
    return void response.end()
  }
  flush(response)
  pipeline(answer, response, error => {
    if (error) response.destroy()
  })
}
