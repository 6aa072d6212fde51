// A Transport over `fetch`: the agent gives undici's with its client certificate, the window gives its own.
import type { AnyObject } from '../machinery/object.ts'
import type { Status } from '../api/meta/v1.ts'
import { type Clock, delay, systemClock } from '../machinery/clock.ts'
import { ApiError } from '../machinery/status.ts'
import { type ByteReader, decodeLines } from './decode-lines.ts'
import type { Transport, TransportRequest, WatchFrame } from './transport.ts'
import { encodeJson, parseJson } from '../machinery/json-text.ts'

/** What this file needs of a fetch response; every implementation of fetch has it. */
export interface FetchResponse {
  readonly ok: boolean
  readonly status: number
  readonly headers: { get(name: string): string | null }
  readonly body: { getReader(): ByteReader } | null
  text(): Promise<string>
}

export type Fetch = (
  url: string,
  init: { method: string; headers: Record<string, string>; body?: string; signal?: AbortSignal },
) => Promise<FetchResponse>

export interface FetchTransportOptions {
  readonly fetch: Fetch
  /** Scheme, authority and an optional path prefix, without a trailing slash. '' = same origin. */
  readonly baseUrl: string
  /** Sent with every request, such as Authorization or a CSRF header; a function is asked each time. */
  readonly headers?: Readonly<Record<string, string>> | (() => Readonly<Record<string, string>>)
  readonly clock?: Clock
}

const MAX_RETRIES = 10
const REASONS: Readonly<Record<number, string>> = {
  400: 'BadRequest',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'NotFound',
  405: 'MethodNotAllowed',
  406: 'NotAcceptable',
  409: 'Conflict',
  410: 'Expired',
  413: 'RequestEntityTooLarge',
  415: 'UnsupportedMediaType',
  422: 'Invalid',
  429: 'TooManyRequests',
  500: 'InternalError',
  503: 'ServiceUnavailable',
  504: 'Timeout',
}

/** @returns a transport that retries what the server asks to retry (429 and 5xx with Retry-After), as client-go does. */
export function fetchTransport(options: FetchTransportOptions): Transport {
  const clock = options.clock ?? systemClock

  async function send(request: TransportRequest, watch: boolean): Promise<FetchResponse> {
    const url = options.baseUrl + request.path + queryText(request.query, watch)
    const given = typeof options.headers === 'function' ? options.headers() : options.headers
    const headers: Record<string, string> = { Accept: 'application/json', ...given }
    if (request.body !== undefined) headers['Content-Type'] = request.contentType ?? 'application/json'
    const init = {
      method: request.method,
      headers,
      ...(request.body === undefined ? {} : { body: encodeJson(request.body) }),
      ...(request.signal ? { signal: request.signal } : {}),
    }
    for (let attempt = 0; ; attempt++) {
      const response = await options.fetch(url, init)
      if (response.ok) return response
      const text = await response.text()
      const waitSeconds = Number(response.headers.get('Retry-After') ?? Number.NaN)
      const mayRetry = (response.status === 429 || response.status >= 500) && Number.isFinite(waitSeconds)
      if (!mayRetry || attempt >= MAX_RETRIES) throw toApiError(response.status, text)
      await delay(clock, Math.max(0, waitSeconds * 1000), request.signal)
    }
  }

  return {
    async request(request) {
      const text = await (await send(request, false)).text()
      return text === '' ? undefined : parseBody(text)
    },
    async *watch(request): AsyncGenerator<WatchFrame> {
      const reader = (await send(request, true)).body?.getReader()
      if (!reader) return
      try {
        for await (const line of decodeLines(reader)) yield parseJson(line) as WatchFrame
      } finally {
        await reader.cancel().catch(() => undefined) // already closed or aborted: nothing left to release
      }
    },
  }
}

function queryText(query: TransportRequest['query'], watch: boolean): string {
  const params = new URLSearchParams()
  for (const [name, value] of Object.entries(query ?? {})) if (value !== undefined) params.set(name, value)
  if (watch) params.set('watch', '1')
  const text = params.toString()
  return text ? `?${text}` : ''
}

/** Paths such as `/healthz` answer plain text. */
function parseBody(text: string): unknown {
  try {
    return parseJson(text)
  } catch {
    return text
  }
}

function toApiError(code: number, text: string): ApiError {
  const body = parseBody(text) as (Status & Partial<AnyObject>) | string | undefined
  if (typeof body === 'object' && body?.kind === 'Status') return ApiError.from(body)
  return new ApiError(code, REASONS[code] ?? '', text.slice(0, 1024) || `the server answered with status ${code}`)
}
