// The kubelet's HTTP API. Connections come through the node's link from the API server, which has authenticated and
// authorised whoever asks, or to the kubelet's own port, which asks for each request.
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { Server as TlsServer } from 'node:https'
import type { Duplex } from 'node:stream'
import { type ApiContext, HttpError } from './contract.ts'
import { RuntimeError } from '../kubelet/runtime/contract.ts'
import { arrivalsFrom } from './arrivals.ts'
import { serveExec } from './exec.ts'
import { serveLogs } from './logs.ts'
import { serveNodeLogs } from './node-logs.ts'
import { parsePath } from './request-path.ts'
import { servePortForward } from './port-forward.ts'
import { cadvisorMetrics } from './metrics/cadvisor.ts'
import { kubeletMetrics } from './metrics/kubelet.ts'
import { probeMetrics } from './metrics/probes.ts'
import { resourceMetrics } from './metrics/resource.ts'
import { statsSummary } from './summary/summary.ts'

export interface KubeletApiOptions extends ApiContext {
  readonly server: Server | TlsServer
  /** Who is let in. Default: whoever reaches the server. @throws HttpError */
  readonly admit?: (message: IncomingMessage) => Promise<void>
}

const CLOSE = { Connection: 'close' }

/** Ended by dispose, with every session that is open. */
export function createKubeletApi(options: KubeletApiOptions): AsyncDisposable {
  const { server, admit = () => Promise.resolve(), log } = options
  const sockets = new Set<Duplex>()
  const track = (socket: Duplex) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket)).on('error', () => socket.destroy())
  }
  // Sessions and followed logs last as long as they last.
  server.requestTimeout = 0
  server.headersTimeout = 10_000
  server.timeout = 0
  server.on('connection', track)
  server.on('request', (message, response) => {
    const answer = async () => {
      await admit(message)
      await serve(options, message, response)
    }
    answer().catch((error: unknown) => {
      const { code, text } = describe(error)
      if (code === 500) log.warn({ error: String(error), url: message.url }, 'kubelet request failed')
      if (response.headersSent) response.destroy()
      // Nobody who was not let in goes on sending.
      else response.writeHead(code, { 'Content-Type': 'text/plain', ...(code === 401 && CLOSE) }).end(`${text}\n`)
    })
  })
  server.on('upgrade', (message: IncomingMessage, socket: Duplex, head: Buffer) => {
    track(socket)
    const answer = async () => {
      await admit(message)
      await upgrade(options, message, socket, head)
    }
    answer().catch((error: unknown) => {
      const { code, text } = describe(error)
      const body = `${text}\n`
      socket.end(
        `HTTP/1.1 ${code} Error\r\nContent-Type: text/plain\r\nConnection: close\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
      )
    })
  })
  return {
    [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      return Promise.resolve()
    },
  }
}

function describe(error: unknown): { code: number; text: string } {
  if (error instanceof HttpError) return { code: error.code, text: error.message }
  const gone = error instanceof RuntimeError && error.kind === 'not-found'
  return { code: gone ? 404 : 500, text: (error as Error).message }
}

async function serve(context: ApiContext, message: IncomingMessage, response: ServerResponse): Promise<void> {
  const { root, rest, query } = parsePath(message)
  const json = (body: object) =>
    response.writeHead(200, { 'Content-Type': 'application/json' }).end(JSON.stringify(body))
  const metrics = (text: string) => response.writeHead(200, { 'Content-Type': 'text/plain; version=0.0.4' }).end(text)
  const path = [root, ...rest].join('/')
  // It sends packets and sets rules: no reader's right.
  if (path === 'flotilla/arrivals' && message.method === 'POST') return void json(await arrivalsFrom(context, query))
  if (message.method !== 'GET') throw new HttpError(405, 'method not allowed')
  switch (path) {
    case 'healthz':
    case 'healthz/ping':
    case 'healthz/syncloop':
    case 'healthz/log':
      response.writeHead(200, { 'Content-Type': 'text/plain' }).end('ok')
      return
    case 'pods':
      json({ kind: 'PodList', apiVersion: 'v1', metadata: {}, items: context.kubelet.pods })
      return
    case 'stats/summary':
      json(await statsSummary(context, query.get('only_cpu_and_memory') === 'true'))
      return
    case 'configz':
      json({ kubeletconfig: context.configuration })
      return
    case 'metrics':
      metrics(await kubeletMetrics(context))
      return
    case 'flotilla/connections':
      json(await context.network.connections())
      return
    case 'flotilla/metrics':
      metrics(await context.network.metrics())
      return
    case 'metrics/resource':
      metrics(await resourceMetrics(context))
      return
    case 'metrics/cadvisor':
      metrics(await cadvisorMetrics(context))
      return
    case 'metrics/probes':
      metrics(probeMetrics(context))
      return
  }
  if (root === 'containerLogs' && rest.length === 3) return serveLogs(context, rest, query, response)
  if (root === 'logs' && rest.length > 0) return serveNodeLogs(context.logFolder, rest, response)
  if (root === 'exec' || root === 'attach' || root === 'portForward')
    throw new HttpError(400, 'Upgrade request required')
  throw new HttpError(404, '404 page not found')
}

async function upgrade(context: ApiContext, message: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
  const { root, rest, query } = parsePath(message)
  const request = { message, socket, head, query }
  if ((root === 'exec' || root === 'attach') && rest.length === 3) return serveExec(context, root, rest, request)
  if (root === 'portForward' && rest.length === 2) return servePortForward(context, rest, request)
  throw new HttpError(404, '404 page not found')
}
