// HTTP requests of probes and hooks: one connection each, certificates not checked, answers cut short.
import { type RequestOptions, request as requestHttp } from 'node:http'
import { request as requestHttps } from 'node:https'
import type { HTTPGetAction } from '../../../shared/api/core/v1.ts'
import { withoutUpgrade } from '../../../shared/machinery/unasked-upgrade.ts'

export interface HttpAnswer {
  readonly status: number
  readonly body: string
}

const MAX_BODY_BYTES = 10 * 1024
const MAX_REDIRECTS = 10

export interface HttpTarget {
  readonly scheme: string
  readonly host: string
  readonly port: number
  readonly path: string
  readonly headers: Readonly<Record<string, readonly string[]>>
}

/** Those of the action, each as often as it is given; an empty Accept is none. */
function headersOf({ httpHeaders = [] }: HTTPGetAction, userAgent: string): Record<string, string[]> {
  const headers = new Map<string, string[]>()
  for (const { name, value } of httpHeaders) {
    const key = name.toLowerCase()
    headers.set(key, [...(headers.get(key) ?? []), value])
  }
  if (!headers.has('user-agent')) headers.set('user-agent', [userAgent])
  if (!headers.has('accept')) headers.set('accept', ['*/*'])
  else if (headers.get('accept')?.[0] === '') headers.delete('accept')
  return Object.fromEntries(headers)
}

export function httpTarget(action: HTTPGetAction, podIP: string, port: number, userAgent: string): HttpTarget {
  const headers = headersOf(action, userAgent)
  // Blanks and letters beyond ASCII are written as no request can have them.
  const path = (action.path ?? '/').replace(/[^\x21-\x7e]/gu, encodeURIComponent)
  return {
    scheme: (action.scheme ?? 'HTTP').toLowerCase(),
    host: action.host || podIP,
    port,
    path: path.startsWith('/') ? path : `/${path}`,
    headers,
  }
}

/** Whether a server that was asked over TLS does not speak it. */
export const isPlainHttp = (error: unknown): boolean =>
  /SSL routines:.*(?:wrong version number|packet length too long)/.test((error as Error).message)

/**
 * Follows redirects that stay on the same host; one that leads elsewhere is the answer.
 * @throws Error when there is no answer in time
 */
export async function httpGet(target: HttpTarget, timeoutMs: number): Promise<HttpAnswer> {
  const signal = AbortSignal.timeout(timeoutMs)
  let current = target
  for (let redirects = 0; ; redirects++) {
    const { location, ...answer } = await getOnce(current, signal)
    if (answer.status < 300 || answer.status >= 400 || location === undefined) return answer
    const base = `${current.scheme}://${current.host.includes(':') ? `[${current.host}]` : current.host}:${current.port}`
    const next = new URL(location, base + current.path)
    // Elsewhere is not ours to probe.
    if (next.hostname !== new URL(base).hostname) return answer
    if (redirects + 1 >= MAX_REDIRECTS) throw new Error(`stopped after ${MAX_REDIRECTS} redirects`)
    const scheme = next.protocol.slice(0, -1)
    current = {
      ...current,
      scheme,
      port: Number(next.port || (scheme === 'https' ? 443 : 80)),
      path: next.pathname + next.search,
    }
  }
}

function getOnce(target: HttpTarget, signal: AbortSignal): Promise<HttpAnswer & { location: string | undefined }> {
  const { scheme, host, port, path, headers } = target
  const options: RequestOptions & { rejectUnauthorized: boolean } = {
    host, port, path, headers: headers as Record<string, string[]>, signal, agent: false, rejectUnauthorized: false,
  } // prettier-ignore
  return new Promise((resolve, reject) => {
    const request = scheme === 'https' ? requestHttps(options) : requestHttp(options)
    withoutUpgrade(request).on('error', reject)
    request.on('response', response => {
      const chunks: Buffer[] = []
      let size = 0
      const finish = () => {
        const body = Buffer.concat(chunks).subarray(0, MAX_BODY_BYTES).toString()
        resolve({ status: response.statusCode ?? 0, body, location: response.headers.location })
        request.destroy()
      }
      response.on('data', (chunk: Buffer) => {
        chunks.push(chunk)
        size += chunk.length
        if (size >= MAX_BODY_BYTES) finish()
      })
      response.on('end', finish).on('error', reject)
    })
    request.end()
  })
}
