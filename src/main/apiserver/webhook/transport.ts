// Calls webhooks: one JSON object over TLS to a URL or to a Service, one JSON object back. Connections are kept alive.
import { createHash } from 'node:crypto'
import { Agent, request as httpsRequest } from 'node:https'
import type { ClientRequest, IncomingMessage } from 'node:http'
import { posix } from 'node:path'
import { connect as connectTls } from 'node:tls'
import { LRUCache } from 'lru-cache'
import type { WebhookClientConfig } from '../../../shared/api/admissionregistration/v1.ts'
import { ApiError } from '../../../shared/machinery/status.ts'
import { decodeBody } from '../codec/decode-body.ts'
import { trusting } from '../../pki/trust.ts'
import type { DialService, ServiceRef } from './service-dialer.ts'
import { encodeJson } from '../../../shared/machinery/json-text.ts'

const IDLE_MS = 60_000
const MAX_AGENTS = 256
const MAX_ANSWER_BYTES = 8 * 1024 * 1024

/** Where a webhook is called, and as whom it must answer. */
interface Place {
  readonly url: URL
  readonly service: ServiceRef | undefined
}

export interface CallOptions {
  readonly timeoutMs: number
  readonly signal?: AbortSignal
}

export class WebhookCallError extends Error {
  override readonly name = 'WebhookCallError'
}

/** As upstream's client joins paths: `//a/` is `/a`. */
const cleanPath = (path: string) => posix.join('/', path).replace(/(?<=.)\/$/, '')

function placeOf({ url, service }: WebhookClientConfig, timeoutMs: number): Place {
  const port = service?.port ?? 443
  const base = service
    ? new URL(`https://${service.name}.${service.namespace}.svc:${port}${service.path ?? '/'}`)
    : new URL(url ?? '')
  base.pathname = cleanPath(base.pathname)
  base.searchParams.set('timeout', `${Math.ceil(timeoutMs / 1000)}s`)
  return { url: base, service: service && { namespace: service.namespace, name: service.name, port } }
}

/** As it is written in upstream's messages, which name the port that the URL standard leaves out. */
const shownUrl = ({ url, service }: Place): string =>
  service ? `https://${url.hostname}:${service.port}${url.pathname}${url.search}` : url.href

async function readAll(answer: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of answer) {
    chunks.push(chunk as Buffer)
    length += (chunk as Buffer).length
    if (length > MAX_ANSWER_BYTES) throw new WebhookCallError(`the answer is longer than ${MAX_ANSWER_BYTES} bytes`)
  }
  return Buffer.concat(chunks)
}

/** As upstream's client words an answer that is no success. */
function refusedText(code: number, body: Buffer): string {
  const said = body.toString('utf8', 0, 2048).trim()
  if (code === 404) return 'the server could not find the requested resource'
  if (code >= 500) return `an error on the server (${JSON.stringify(said || 'unknown')}) has prevented the request from succeeding` // prettier-ignore
  return `the server responded with the status code ${code} but did not return more information${said ? ` (${JSON.stringify(said)})` : ''}` // prettier-ignore
}

export class WebhookTransport implements Disposable {
  readonly #dialService: DialService
  readonly #agents = new LRUCache<string, Agent>({ max: MAX_AGENTS, dispose: agent => agent.destroy() })

  constructor(dialService: DialService) {
    this.#dialService = dialService
  }

  /**
   * @returns the JSON of the answer
   * @throws WebhookCallError for everything that goes wrong, worded as upstream's client
   */
  async post(client: WebhookClientConfig, body: unknown, options: CallOptions): Promise<unknown> {
    const place = placeOf(client, options.timeoutMs)
    const deadline = AbortSignal.timeout(options.timeoutMs)
    const signal = options.signal ? AbortSignal.any([options.signal, deadline]) : deadline
    const payload = Buffer.from(encodeJson(body))
    try {
      const { code, bytes } = await this.#exchange(place, client.caBundle, payload, signal)
      if (code < 200 || code > 299) throw new WebhookCallError(refusedText(code, bytes))
      return (await decodeBody('application/json', bytes)).value
    } catch (error) {
      if (error instanceof WebhookCallError) throw error
      if (error instanceof ApiError && error.code === 400) throw new WebhookCallError(error.message)
      const why = deadline.aborted
        ? 'context deadline exceeded'
        : error instanceof Error
          ? error.message
          : String(error)
      throw new WebhookCallError(`Post ${JSON.stringify(shownUrl(place))}: ${why}`)
    }
  }

  [Symbol.dispose](): void {
    this.#agents.clear()
  }

  async #exchange(place: Place, caBundle: string | undefined, payload: Buffer, signal: AbortSignal) {
    const agent = this.#agentFor(place, caBundle)
    for (;;) {
      let sent: ClientRequest | undefined
      try {
        const answer = await new Promise<IncomingMessage>((resolve, reject) => {
          sent = httpsRequest(place.url, {
            agent,
            method: 'POST',
            headers: {
              'content-type': 'application/json',
              accept: 'application/json',
              'content-length': payload.length,
            },
            signal,
          })
          sent.once('response', resolve)
          sent.once('error', reject)
          sent.end(payload)
        })
        return { code: answer.statusCode ?? 0, bytes: await readAll(answer) }
      } catch (error) {
        // The other end may close a connection that was kept just when it is used again.
        const stale = sent?.reusedSocket === true && (error as NodeJS.ErrnoException).code === 'ECONNRESET'
        if (!stale || signal.aborted) throw error
      }
    }
  }

  #agentFor({ url, service }: Place, caBundle: string | undefined): Agent {
    const ca = caBundle ? Buffer.from(caBundle, 'base64') : undefined
    const key = `${url.host} ${service ? `${service.namespace}/${service.name}:${service.port}` : ''} ${
      ca ? createHash('sha256').update(ca).digest('base64url') : ''
    }`
    let agent = this.#agents.get(key)
    if (!agent) this.#agents.set(key, (agent = this.#makeAgent(service, url.hostname, ca)))
    return agent
  }

  #makeAgent(service: ServiceRef | undefined, servername: string, ca: Buffer | undefined): Agent {
    const agent = new Agent({ keepAlive: true, timeout: IDLE_MS, ...trusting(ca) })
    if (!service) return agent
    const dial = this.#dialService
    // Asynchronous connections are part of Node's agent, and missing from its types.
    const connectToService = (_options: unknown, done: (error: Error | null, socket?: unknown) => void): void => {
      dial(service).then(
        socket => {
          const secured = connectTls({ socket, servername, ...trusting(ca) })
          done(null, secured)
        },
        (error: unknown) => done(error instanceof Error ? error : new Error(String(error))),
      )
    }
    Object.assign(agent, { createConnection: connectToService })
    return agent
  }
}
