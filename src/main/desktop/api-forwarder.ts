// Carries the window's API requests to the control plane, as the app's own user, with the cluster's CA pinned.
import { Agent, fetch as undiciFetch } from 'undici'
import { ApiError } from '../../shared/machinery/status.ts'
import type { KubeconfigIdentity } from '../kubeconfig-file.ts'

export interface ApiForwarder extends AsyncDisposable {
  /** @param path path and query as the API server gets them */
  forward(path: string, request: Request): Promise<Response>
}

/** What a page may say about its request; everything else is ours to say. */
const REQUEST_HEADERS = ['accept', 'content-type', 'accept-encoding', 'if-none-match']
/** Undone by fetch already, or meaningless beyond one connection. */
const DROPPED = new Set([
  'content-encoding',
  'content-length',
  'transfer-encoding',
  'connection',
  'keep-alive',
  'set-cookie',
])

const refusal = (code: number, reason: string, message: string): Response =>
  Response.json(new ApiError(code, reason, message).status, { status: code })

/** @param identity asked for each request; undefined while no control plane runs */
export function createApiForwarder(identity: () => KubeconfigIdentity | undefined): ApiForwarder {
  let current: { readonly identity: KubeconfigIdentity; readonly agent: Agent } | undefined

  /** One agent per identity: another data folder has another CA. */
  function agentFor(next: KubeconfigIdentity): Agent {
    if (current?.identity === next) return current.agent
    void current?.agent.destroy()
    const { ca, cert, key } = next
    current = {
      identity: next,
      agent: new Agent({
        connect: { ca, cert, key, rejectUnauthorized: true, minVersion: 'TLSv1.2' },
        // Watches and followed logs may be silent for long.
        bodyTimeout: 0,
        headersTimeout: 120_000,
      }),
    }
    return current.agent
  }

  return {
    async forward(path, request) {
      const to = identity()
      if (!to) return refusal(503, 'ServiceUnavailable', 'the control plane is not running')
      const headers: Record<string, string> = {}
      for (const name of REQUEST_HEADERS) {
        const value = request.headers.get(name)
        if (value !== null) headers[name] = value
      }
      const body = request.method === 'GET' || request.method === 'HEAD' ? undefined : await request.arrayBuffer()
      try {
        const answer = await undiciFetch(to.server + path, {
          method: request.method,
          headers,
          redirect: 'manual',
          dispatcher: agentFor(to),
          signal: request.signal,
          ...(body && body.byteLength > 0 ? { body } : {}),
        })
        const kept = [...answer.headers].filter(([name]) => !DROPPED.has(name))
        return new Response(answer.body as ReadableStream<Uint8Array> | null, {
          status: answer.status,
          statusText: answer.statusText,
          headers: kept,
        })
      } catch (error) {
        if (request.signal.aborted) throw error
        const cause = error instanceof Error && error.cause instanceof Error ? error.cause.message : String(error)
        return refusal(502, 'ServiceUnavailable', `the control plane does not answer: ${cause}`)
      }
    },
    async [Symbol.asyncDispose]() {
      await current?.agent.destroy()
    },
  }
}
