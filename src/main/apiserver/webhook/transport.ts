// Calls webhooks: one JSON object over TLS to a URL or to a Service, one JSON object back.
import { createHash } from 'node:crypto'
import { posix } from 'node:path'
import { LRUCache } from 'lru-cache'
import type { WebhookClientConfig } from '../../../shared/api/admissionregistration/v1.ts'
import { ApiError } from '../../../shared/machinery/status.ts'
import { decodeBody } from '../codec/decode-body.ts'
import { Connections } from './connections.ts'
import { type Message, WebhookCallError } from './exchange.ts'
import type { DialService, ServiceRef } from './service-dialer.ts'
import { encodeJsonInPieces } from '../../pieces/large-json.ts'
import { inTurns } from '../../pieces/pacer.ts'

const MAX_SERVERS = 256

/** Where a webhook is called, and as whom it must answer. */
interface Place {
  readonly url: URL
  readonly service: ServiceRef | undefined
}

export interface CallOptions {
  readonly timeoutMs: number
  readonly signal?: AbortSignal
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

/** As upstream's client words an answer that is no success. */
function refusedText(code: number, body: Buffer): string {
  const said = body.toString('utf8', 0, 2048).trim()
  if (code === 404) return 'the server could not find the requested resource'
  if (code >= 500) return `an error on the server (${JSON.stringify(said || 'unknown')}) has prevented the request from succeeding` // prettier-ignore
  return `the server responded with the status code ${code} but did not return more information${said ? ` (${JSON.stringify(said)})` : ''}` // prettier-ignore
}

export class WebhookTransport implements Disposable {
  readonly #dialService: DialService
  readonly #connections = new LRUCache<string, Connections>({
    max: MAX_SERVERS,
    dispose: connections => connections[Symbol.dispose](),
  })

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
    const message: Message = {
      path: place.url.pathname + place.url.search,
      headers: { 'content-type': 'application/json', accept: 'application/json' },
      payload: Buffer.from(await inTurns(encodeJsonInPieces(body))),
    }
    try {
      const { code, bytes } = await this.#connectionsTo(place, client.caBundle).post(message, signal)
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
    this.#connections.clear()
  }

  #connectionsTo({ url, service }: Place, caBundle: string | undefined): Connections {
    const ca = caBundle ? Buffer.from(caBundle, 'base64') : undefined
    const key = `${url.host} ${service ? `${service.namespace}/${service.name}:${service.port}` : ''} ${
      ca ? createHash('sha256').update(ca).digest('base64url') : ''
    }`
    const there = this.#connections.get(key)
    if (there) return there
    const made = new Connections({
      authority: url.host,
      host: url.hostname.replace(/^\[|\]$/g, ''),
      port: Number(url.port || 443),
      ca,
      dial: service && (() => this.#dialService(service)),
    })
    this.#connections.set(key, made)
    return made
  }
}
