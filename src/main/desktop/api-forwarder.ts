// Carries a window's API requests to its cluster, as whoever the cluster knows us, with the cluster's CA pinned.
import { Agent, buildConnector, fetch as undiciFetch } from 'undici'
import { type Clock, systemClock } from '../../shared/machinery/clock.ts'
import { ApiError } from '../../shared/machinery/status.ts'
import type { AccessSource, ClusterAccess } from './clusters/access.ts'
import { throughProxy } from './clusters/proxy.ts'

export interface ApiForwarder extends AsyncDisposable {
  /** @param path path and query as the API server gets them */
  forward(path: string, request: Request): Promise<Response>
  /** Ends all watches, as after sleep: who reads one goes on from where it was, over a connection that is there. */
  endWatches(): void
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

/** Without a byte in a watch: more than two of the bookmarks are missing that API servers send every minute. */
const SILENT_MS = 150_000

const isWatch = (path: string): boolean => {
  const watch = new URL(path, 'http://cluster').searchParams.get('watch')
  return watch !== null && watch !== '0' && watch !== 'false'
}

/**
 * A connection that is gone without a word, as with a VPN, would leave a watch silent for good: where nothing comes for
 * long it ends, without a fault, as servers end watches.
 *
 * @param endings of all that are under way
 */
function endingWhereSilent(
  body: ReadableStream<Uint8Array>,
  clock: Clock,
  endings: Set<() => void>,
): ReadableStream<Uint8Array> {
  const reader = body.getReader()
  let end: () => void = () => undefined
  let stopWaiting: () => void = () => undefined
  const forget = () => {
    stopWaiting()
    return endings.delete(end)
  }
  return new ReadableStream({
    start(controller) {
      end = () => {
        if (!forget()) return
        controller.close()
        // The connection is closed with it; that it may be broken already is nobody's concern any more.
        reader.cancel().catch(() => undefined)
      }
      endings.add(end)
    },
    async pull(controller) {
      stopWaiting = clock.after(SILENT_MS, end)
      try {
        const { done, value } = await reader.read()
        stopWaiting()
        if (done) end()
        else if (endings.has(end)) controller.enqueue(value)
      } catch (error) {
        if (forget()) controller.error(error)
      }
    },
    cancel(reason) {
      forget()
      return reader.cancel(reason)
    },
  })
}

const refusal = (code: number, reason: string, message: string): Response =>
  Response.json(new ApiError(code, reason, message).status, { status: code })

/** Failures of the connection are the cause of what fetch throws. */
function whyUnreachable(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  return error.cause instanceof Error ? `the control plane does not answer: ${error.cause.message}` : error.message
}

/** How connections to the cluster are made: straight, or within a tunnel that its proxy opens. */
function connectorFor({ tls, proxy }: ClusterAccess): buildConnector.BuildOptions | buildConnector.connector {
  const options = { ...tls, minVersion: 'TLSv1.2' as const }
  if (!proxy) return options
  const connect = buildConnector(options)
  return (to, done) => {
    throughProxy(proxy, to.hostname, Number(to.port || (to.protocol === 'https:' ? 443 : 80))).then(
      socket => (to.protocol === 'https:' ? connect({ ...to, httpSocket: socket }, done) : done(null, socket)),
      (error: Error) => done(error, null),
    )
  }
}

export function createApiForwarder(source: AccessSource, clock: Clock = systemClock): ApiForwarder {
  const endings = new Set<() => void>()
  let current: { readonly tls: ClusterAccess['tls']; readonly agent: Agent } | undefined
  const closing = new Set<Agent>()

  /** Requests on the way end with what they began with. */
  function retire(agent: Agent): void {
    closing.add(agent)
    void agent.close().finally(() => closing.delete(agent))
  }

  /** One agent per identity: another data folder has another CA. */
  function agentFor(access: ClusterAccess): Agent {
    const { tls } = access
    if (current?.tls === tls) return current.agent
    if (current) retire(current.agent)
    current = {
      tls,
      agent: new Agent({
        connect: connectorFor(access),
        // Watches and followed logs may be silent for long.
        bodyTimeout: 0,
        headersTimeout: 120_000,
      }),
    }
    return current.agent
  }

  return {
    async forward(path, request) {
      const headers: Record<string, string> = {}
      for (const name of REQUEST_HEADERS) {
        const value = request.headers.get(name)
        if (value !== null) headers[name] = value
      }
      const body = request.method === 'GET' || request.method === 'HEAD' ? undefined : await request.arrayBuffer()
      const send = (to: ClusterAccess) =>
        undiciFetch(to.server + path, {
          method: request.method,
          headers: { ...headers, ...to.headers },
          redirect: 'manual',
          dispatcher: agentFor(to),
          signal: request.signal,
          ...(body && body.byteLength > 0 ? { body } : {}),
        })
      const stopped = () => refusal(503, 'ServiceUnavailable', 'the control plane is not running')
      try {
        const access = await source.get()
        if (!access) return stopped()
        let answer = await send(access)
        if (answer.status === 401 && source.refused(access)) {
          await answer.body?.cancel()
          const renewed = await source.get()
          if (!renewed) return stopped()
          answer = await send(renewed)
        }
        const kept = [...answer.headers].filter(([name]) => !DROPPED.has(name))
        const content = answer.body as ReadableStream<Uint8Array> | null
        const isOpen = content !== null && answer.ok && isWatch(path)
        return new Response(isOpen ? endingWhereSilent(content, clock, endings) : content, {
          status: answer.status,
          statusText: answer.statusText,
          headers: kept,
        })
      } catch (error) {
        if (request.signal.aborted) throw error
        return refusal(502, 'ServiceUnavailable', whyUnreachable(error))
      }
    },
    endWatches() {
      for (const end of [...endings]) end()
    },
    async [Symbol.asyncDispose]() {
      await Promise.all([current?.agent, ...closing].map(agent => agent?.destroy()))
    },
  }
}
